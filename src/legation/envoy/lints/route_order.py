"""The order of routes: Envoy takes the first that matches, so what stands behind a broader one is never reached.

A route is said to be unreachable only where that is certain: what it matches by is compared as text, and each further
condition of the earlier route (headers, query parameters, gRPC) has to be one of the later route, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, doubtful

_Condition = tuple[str, bytes]
_Conditions = frozenset[_Condition]

_PREFIX, _PATH, _BELOW, _REGEX = "prefix", "path", "path_separated_prefix", "safe_regex"
_EVERY_PATH = frozenset({".*", "/.*"})
_PATH_FIELDS = frozenset({_PREFIX, _PATH, _BELOW, _REGEX, "case_sensitive"})
_BY_CHANCE = "runtime_fraction"
_NOT_COMPARED = frozenset({"connect_matcher", "path_match_policy"})


@dataclass(slots=True)
class _Earlier:
    """The routes so far that may take what stands behind them, by what they match and the text of it."""

    found: dict[tuple[str, bool, str], dict[_Condition | None, list[tuple[int, _Conditions]]]] = field(
        default_factory=dict
    )
    """Below that under one of the conditions, or None where there are none: thousands may differ by a header alone."""
    lengths: dict[tuple[str, bool], set[int]] = field(default_factory=dict)

    def add(self, index: int, match: _Match) -> None:
        key = (match.kind, match.folded, match.text)
        marked = self.found.setdefault(key, {})
        mark = min(match.conditions, key=lambda each: len(marked.get(each, ())), default=None)
        marked.setdefault(mark, []).append((index, match.conditions))
        self.lengths.setdefault((match.kind, match.folded), set()).add(len(match.text))

    def covering(self, match: _Match) -> int | None:
        """Return the first route that takes all that this one matches."""
        marks = (None, *match.conditions)
        taken = [
            index
            for key in self._broader(match)
            if (marked := self.found.get(key)) is not None
            for mark in marks
            for index, conditions in marked.get(mark, ())
            if conditions <= match.conditions
        ]
        return min(taken, default=None)

    def _broader(self, match: _Match) -> Iterator[tuple[str, bool, str]]:
        # One that does not mind the case covers one that does, and not the other way round.
        for folded in (True,) if match.folded else (False, True):
            text = match.text.lower() if folded else match.text
            yield (match.kind, folded, text)
            if match.kind == _REGEX:
                yield from ((_PREFIX, folded, each) for each in ("", "/"))
            else:
                yield from self._prefixes(match.kind, text, folded=folded)
            yield from ((_REGEX, folded, each) for each in _EVERY_PATH)

    def _prefixes(self, kind: str, text: str, *, folded: bool) -> Iterator[tuple[str, bool, str]]:
        for length in self.lengths.get((_PREFIX, folded), ()):
            if length <= len(text):
                yield (_PREFIX, folded, text[:length])
        for length in self.lengths.get((_BELOW, folded), ()):
            if text[length : length + 1] == "/" or (len(text) == length and kind == _PATH):
                yield (_BELOW, folded, text[:length])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    kind: str
    text: str
    folded: bool
    """It does not mind the case."""
    conditions: _Conditions
    by_chance: bool


def _order(host: Any) -> Iterator[Finding]:
    earlier = _Earlier()
    for index, route in enumerate(host.routes):
        match = _match(route.match)
        if match is None:
            continue
        first = earlier.covering(match)
        if first is not None:
            yield doubtful(
                "unreachable-route",
                ("routes", index, "match"),
                f"no request gets to this route: {at('routes', first)} before it takes all that it matches",
                "put it above that one, or delete it",
            )
        elif not match.by_chance:
            earlier.add(index, match)


def _match(match: Any) -> _Match | None:
    """Return what is known of a route's match, or None where it is of a kind that is not compared."""
    kind = match.WhichOneof("path_specifier")
    if kind is None or kind in _NOT_COMPARED:
        return None
    # A regular expression says itself whether it minds the case.
    folded = kind != _REGEX and match.HasField("case_sensitive") and not match.case_sensitive.value
    text = match.safe_regex.regex if kind == _REGEX else getattr(match, kind)
    conditions: set[tuple[str, bytes]] = set()
    by_chance = False
    for each, value in match.ListFields():
        if each.name == _BY_CHANCE:
            by_chance = True
        elif each.name not in _PATH_FIELDS:
            values = value if each.is_repeated else (value,)
            conditions.update((each.name, one.SerializeToString(deterministic=True)) for one in values)
    return _Match(
        kind=kind,
        text=text.lower() if folded else text,
        folded=folded,
        conditions=frozenset(conditions),
        by_chance=by_chance,
    )


LINTS: Lints = {"envoy.config.route.v3.VirtualHost": _order}
