"""Keeper: which files are to stand there, given what was heard of all objects by now. Pure.

It knows what stays although it is gone or broken: files that stand there are never made worse. Where nothing was ever
heard of a TrafficSplit, and nothing is remembered of it, the files that it may change wait for it, so that weights do
not jump at the start. It refuses to know who hears of objects, and who writes files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from legation.crossover.contents import Chosen, Contents
from legation.crossover.generated import Generated, generated
from legation.crossover.lacks import Lack, unheard, waits, without_files
from legation.crossover.options import Options
from legation.crossover.splits import UNHEARD, InForce, Seen, Splits
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.translate.config_map_files import ConfigMapFiles, Files
from legation.translate.splitting import SplitPlan

_LARGE = 100_000
"""Characters of texts that are not read in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was heard of all objects, by name."""

    config_maps: Mapping[str, Seen]
    splits: Mapping[str, Seen]
    groups: Mapping[str, Seen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What follows from what was heard."""

    files: Mapping[str, bytes] = field(repr=False)
    """Content by name: the same object for as long as nothing changes."""
    problems: tuple[Problem, ...] = ()
    lacks: tuple[Lack, ...] = ()
    """The ConfigMaps of which not all files can be written."""
    notices: tuple[str, ...] = ()
    """What has just happened, for the log."""
    groups: tuple[str, ...] = ()
    """The HTTPRouteGroups that have to be heard of."""
    in_force: tuple[ManifestObject, ...] = field(default=(), repr=False)
    """The splits and groups that count, to be remembered."""
    generated: tuple[Generated, ...] = field(default=(), repr=False)
    """What is to be shown in the cluster."""


class Keeper:
    """All that is known, and what follows."""

    def __init__(
        self, options: Options, *, standing: frozenset[str], remembered: Iterable[ManifestObject] = ()
    ) -> None:
        """Know nothing yet.

        Args:
            options: Which objects there are.
            standing: The names of the files that stand there already.
            remembered: The splits and groups that counted before the program was started anew.
        """
        self._options = options
        self._splits = Splits(options.namespace, remembered=remembered)
        self._maker = ConfigMapFiles()
        self._contents = Contents(standing)
        self._known: dict[str, ManifestObject] = {}
        recalled = ((name, self._splits.recall(names)) for name, names in options.splits.items())
        self._in_force: dict[str, InForce | None] = {name: each for name, each in recalled if each is not None}
        self._names: dict[str, frozenset[str]] = {}

    def is_heavy(self, heard: Heard) -> bool:
        """Say whether it may take long to take this: a large text is new, and has to be read."""
        return any(
            seen.kept is not None
            and self._known.get(name) is not seen.kept.manifest
            and sum(map(len, (seen.kept.manifest.body.get("data") or {}).values())) > _LARGE
            for name, seen in heard.config_maps.items()
            if name in self._options.splits
        )

    def take(self, heard: Heard) -> Outcome:
        """Take what was heard by now, and return what follows."""
        problems: list[Problem] = []
        pairs: list[tuple[ManifestObject, SplitPlan | None]] = []
        blind: dict[ObjectKey, tuple[str, ...]] = {}
        for name in self._options.config_maps:
            seen = heard.config_maps.get(name, UNHEARD)
            said = self._splits.say(self._options.splits.get(name, ()), heard.splits, heard.groups)
            if not said.unheard:
                self._in_force[name] = said.in_force
            in_force = self._in_force.get(name)
            manifest = self._newest(name, seen)
            problems += (*self._of_config_map(name, seen), *said.problems)
            if manifest is not None:
                pairs.append((manifest, in_force.plan if in_force else None))
                if name not in self._in_force:
                    blind[manifest.key] = said.unheard
        problems += self._of_splits(heard.splits)
        made = self._maker.update(pairs)
        chosen = self._contents.choose(made, blind=blind)
        every = tuple(self._options.splits.values())
        return Outcome(
            files=chosen.files,
            problems=tuple(dict.fromkeys((*problems, *chosen.problems))),
            lacks=tuple(self._lacks(heard, made, chosen, blind)),
            notices=tuple(self._gone(pairs, made)),
            groups=tuple(dict.fromkeys(group for names in every for group in self._splits.groups(names))),
            in_force=self._counting(),
            generated=tuple(self._generated(pairs, made, chosen.files)),
        )

    # ------------------------------------------------------------------------------------------------ what is known

    def _newest(self, name: str, seen: Seen) -> ManifestObject | None:
        """Return a ConfigMap as it is, or as it was when something was in it last: its names stay its own."""
        if seen.kept is not None and (_keys(seen.kept.manifest) or name not in self._known):
            self._known[name] = seen.kept.manifest
        return self._known.get(name)

    def _of_config_map(self, name: str, seen: Seen) -> Iterator[Problem]:
        if seen.unreadable:
            message = f"it cannot be read: {seen.unreadable}; what was known of it stays"
            yield self._problem(name, "unreadable-object", message, level=Level.ERROR)
        elif seen.kept is None and seen.answered:
            if name in self._known:
                yield self._problem(name, "config-map-gone", "it is not there any more; its files stay as they are")
            else:
                message = "there is no such ConfigMap, so nothing is written of it"
                yield self._problem(name, "config-map-missing", message, mend="create it, or correct --configmap")
        elif seen.kept is not None and not _keys(seen.kept.manifest):
            message = "it has no data, so there is nothing to write; files that stand there stay"
            yield self._problem(name, "config-map-empty", message, mend="put the files into its data")

    def _of_splits(self, splits: Mapping[str, Seen]) -> Iterator[Problem]:
        for name, seen in splits.items():
            if seen.answered and seen.kept is None and not seen.unreadable:
                stays = "the last weights stay" if self._splits.knows(name) else "the weights stay as they are written"
                yield Problem(
                    code="split-missing",
                    level=Level.WARNING,
                    message=f"there is no such TrafficSplit; {stays}",
                    object=self._splits.key(name),
                )

    def _problem(self, name: str, code: str, message: str, *, level: Level = Level.WARNING, mend: str = "") -> Problem:
        return Problem(code=code, level=level, message=message, object=self._key(name), mend=mend)

    def _key(self, name: str) -> ObjectKey:
        return ObjectKey("", "ConfigMap", self._options.namespace, name)

    def _counting(self) -> tuple[ManifestObject, ...]:
        every = (note.manifest for each in self._in_force.values() if each is not None for note in each.notes)
        return tuple({each.key: each for each in every}.values())

    # ------------------------------------------------------------------------------------------------ what is made

    def _lacks(
        self, heard: Heard, made: Files, chosen: Chosen, blind: Mapping[ObjectKey, tuple[str, ...]]
    ) -> Iterator[Lack]:
        standing = self._contents.standing
        # Whose they are nobody can say who has not seen the ConfigMaps.
        stands = bool(standing - made.files.keys())
        for name in self._options.config_maps:
            key, known = self._key(name), self._known.get(name)
            if known is None and not heard.config_maps.get(name, UNHEARD).answered:
                yield unheard(key, stands=stands)
            elif known is None or not _keys(known):
                yield without_files(key, stands=stands)
            elif key in chosen.withheld:
                yield waits(key, files=chosen.withheld[key], standing=standing, awaited=blind[key])

    def _gone(self, pairs: list[tuple[ManifestObject, SplitPlan | None]], made: Files) -> Iterator[str]:
        for manifest, _ in pairs:
            name, names = manifest.key.name, _keys(manifest)
            for each in sorted(self._names.get(name, names) - names):
                if each not in made.files:
                    yield f"ConfigMap {name} has no key {each} any more; the file stays as it is"
            self._names[name] = names

    def _generated(
        self, pairs: list[tuple[ManifestObject, SplitPlan | None]], made: Files, files: Mapping[str, bytes]
    ) -> Iterator[Generated]:
        for manifest, plan in pairs:
            if plan is not None and self._options.publish:
                own = {
                    name: files[name]
                    for name, file in made.files.items()
                    if file.origin == manifest.key and name in files
                }
                if (wanted := generated(manifest, own)) is not None:
                    yield wanted


def _keys(manifest: ManifestObject) -> frozenset[str]:
    return frozenset({*(manifest.body.get("data") or {}), *(manifest.body.get("binaryData") or {})})
