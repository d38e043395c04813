"""The file of a policy: YAML -> a policy, or all that is wrong with it, each with its place and how to mend it.

A file in which anything is wrong is no policy at all. No text holds what stands in the file as a value: it could be
a token that somebody wrote there by mistake.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from legation.api.management.policy import ANY, KnownToken, Policy, PolicyRule, Right
from legation.model.api_kinds import ApiKind
from legation.model.objects import FieldPath, Place
from legation.model.problems import Problem
from legation.texts.kubectl_yaml import Loaded, YamlFault, load

CODE = "management-policy"
"""Of all these problems."""
_TOKEN_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._@-]{0,98}[A-Za-z0-9])?")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_PATTERN = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9*])?")
_WHO = ("token:", "serviceaccount:", "user:", "group:", "dns:")
_WHO_MEND = "write token:NAME, serviceaccount:NAMESPACE/NAME, user:NAME, group:NAME, dns:NAME or spiffe://..."
_TOKEN_FIELDS, _RULE_FIELDS = ("name", "sha256", "until"), ("who", "may", "kinds", "namespaces", "names")
_ROW = 'such as {who: ["token:ci"], may: [read, write], kinds: [Upstream], namespaces: [shop]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a file says."""

    policy: Policy | None
    """None: something is wrong."""
    problems: tuple[Problem, ...] = ()


def read_policy(text: str, *, file: str, kinds: Iterable[ApiKind], has_rules: bool = True) -> Read:
    """Read a policy.

    Args:
        text: What stands in the file.
        file: Its name, for people.
        kinds: Those that are served.
        has_rules: Whether it may have rules: in a cluster the API server has them.
    """
    try:
        loaded = load(text)
    except YamlFault as fault:
        # Its own words may quote what stands there.
        place = Place(file, fault.line, fault.column)
        return Read(policy=None, problems=(Problem(code=CODE, message="this is no YAML", place=place),))
    reader = _Reader(kinds, has_rules=has_rules)
    policy = reader.policy(loaded.value)
    if reader.problems:
        return Read(policy=None, problems=tuple(_placed(each, loaded, file) for each in reader.problems))
    return Read(policy=policy)


def _placed(problem: Problem, loaded: Loaded, file: str) -> Problem:
    return replace(problem, place=Place(file, *loaded.position(problem.path)))


class _Reader:
    """Reads values, and collects what is wrong with them."""

    def __init__(self, kinds: Iterable[ApiKind], *, has_rules: bool) -> None:
        self.problems: list[Problem] = []
        self._kinds = tuple(kinds)
        self._has_rules = has_rules

    def policy(self, value: Any) -> Policy:
        if not isinstance(value, Mapping) or not value:
            self._fault("there is no policy here", (), "have a map with tokens, rules, or both")
            return Policy()
        self._refuse_others(value, ("tokens", "rules"), ())
        if "rules" in value and not self._has_rules:
            words = "the rules of the cluster say who may do what, not those of a file"
            self._fault(words, ("rules",), "leave them out, and bind a Role to the User token:NAME")
        tokens = tuple(self._tokens(value.get("tokens", []), ("tokens",)))
        rules = tuple(self._rules(value.get("rules", []), ("rules",)))
        return Policy(tokens=tokens, rules=rules)

    def _tokens(self, value: Any, path: FieldPath) -> Iterator[KnownToken]:
        seen: set[str] = set()
        for number, each in self._maps(value, path, _TOKEN_FIELDS, "such as {name: ci, sha256: ...}"):
            at = (*path, number)
            name, digest = each.get("name"), each.get("sha256")
            if not isinstance(name, str) or not _TOKEN_NAME.fullmatch(name):
                self._fault("this is no name", (*at, "name"), "use letters, digits, dots, dashes")
            elif not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                mend = "write the 64 hexadecimal digits of `sha256sum FILE`; the file has no newline at its end"
                self._fault("this is no SHA-256", (*at, "sha256"), mend)
            elif digest.lower() in seen:
                self._fault("another has the same token", (*at, "sha256"), "give each its own")
            else:
                seen.add(digest.lower())
                yield KnownToken(name=name, digest=digest.lower(), ends=self._until(each.get("until"), (*at, "until")))

    def _until(self, value: Any, path: FieldPath) -> float | None:
        if value is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self._fault("this is no time", path, "write 2030-01-31, or 2030-01-31T12:00:00Z")
            return 0.0
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()

    def _rules(self, value: Any, path: FieldPath) -> Iterator[PolicyRule]:
        for number, each in self._maps(value, path, _RULE_FIELDS, _ROW):
            at = (*path, number)
            yield PolicyRule(
                who=tuple(who for who in self._texts(each, "who", at) if self._is_who(who, (*at, "who"))),
                rights=frozenset(self._rights(each, at)),
                kinds=tuple(pair for kind in self._texts(each, "kinds", at) for pair in self._kind(kind, at)),
                namespaces=self._patterns(each, "namespaces", at),
                names=self._patterns(each, "names", at) if "names" in each else (ANY,),
            )

    def _is_who(self, who: str, path: FieldPath) -> bool:
        prefix = next((each for each in _WHO if who.startswith(each)), "")
        rest = who.removeprefix(prefix)
        good = bool(prefix and rest) or (who.startswith("spiffe://") and len(who) > len("spiffe://"))
        if prefix == "serviceaccount:" and rest.count("/") != 1:
            good = False
        if not good or "?" in who or "[" in who:
            self._fault("this names nobody", path, _WHO_MEND)
            return False
        return True

    def _rights(self, value: Mapping[str, Any], path: FieldPath) -> Iterator[Right]:
        for each in self._texts(value, "may", path):
            if each in set(Right):
                yield Right(each)
            else:
                self._fault("this is nothing that one may", (*path, "may"), f"known here: {', '.join(Right)}")

    def _kind(self, kind: str, path: FieldPath) -> Iterator[tuple[str, str]]:
        if kind == ANY:
            yield ANY, ANY
            return
        name, dot, group = kind.partition(".")
        found = [each for each in self._kinds if each.kind == name and (not dot or each.group == group)]
        if not found:
            names = {each.kind for each in self._kinds}
            near = difflib.get_close_matches(name, names, n=1)
            mend = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(sorted(names))}"
            self._fault("this is no kind that is served here", (*path, "kinds"), mend)
        yield from ((each.group, each.kind) for each in found)

    def _patterns(self, value: Mapping[str, Any], name: str, path: FieldPath) -> tuple[str, ...]:
        found = self._texts(value, name, path)
        for each in found:
            if not _PATTERN.fullmatch(each):
                self._fault("this can be no name", (*path, name), 'a star stands for any text: "team-*"')
        return found

    def _texts(self, value: Mapping[str, Any], name: str, path: FieldPath) -> tuple[str, ...]:
        found = value.get(name)
        if not isinstance(found, list) or not found or not all(isinstance(each, str) and each for each in found):
            self._fault(f"{name} is a list of texts", (*path, name) if name in value else path, _ROW)
            return ()
        return tuple(found)

    def _maps(
        self, value: Any, path: FieldPath, known: Collection[str], example: str
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        if not isinstance(value, list):
            self._fault("this is a list", path, example)
            return
        for number, each in enumerate(value):
            if isinstance(each, Mapping):
                self._refuse_others(each, known, (*path, number))
                yield number, each
            else:
                self._fault("this is a map", (*path, number), example)

    def _refuse_others(self, value: Mapping[str, Any], known: Collection[str], path: FieldPath) -> None:
        for name in value:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                mend = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(known)}"
                self._fault("there is a field that is not known here", path, mend)

    def _fault(self, message: str, path: FieldPath, mend: str) -> None:
        self.problems.append(Problem(code=CODE, message=message, path=path, mend=mend))
