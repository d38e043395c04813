"""Keeper: which files are to stand there, given what was heard of all objects by now. Pure.

It knows what stays although it is gone or broken: files that stand there are never made worse. Nothing is made of a
ConfigMap before its TrafficSplits were heard of, so weights do not jump at the start. It refuses to know who hears of
objects, and who writes files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from legation.crossover.generated import Generated, generated
from legation.crossover.options import Options
from legation.crossover.splits import UNHEARD, Said, Seen, Splits
from legation.crossover.troubles import Key
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.translate.config_map_files import ConfigMapFile, ConfigMapFiles, Files
from legation.translate.splitting import SplitPlan

UNHEARD_OF = "unheard of"
"""What a ConfigMap is that is waited for; the rest waits for something else."""
_NOT_OF_READING = frozenset({"bad-base64", "bad-file-name", "duplicate-file", "invalid-config"})
"""Codes of problems of a key that are not about its text: where there is a text, it is as good as it gets."""
_SIGN_OF_WEIGHTS = b"eighted"
"""Without it a file holds no weights, in whichever spelling."""


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
    waiting: Mapping[Key, Problem] = field(default_factory=dict)
    """Why files of a ConfigMap are not written yet."""
    lacking: tuple[str, ...] = ()
    """The ConfigMaps that make no files."""
    notices: tuple[str, ...] = ()
    """What has just happened, for the log."""
    groups: tuple[str, ...] = ()
    """The HTTPRouteGroups that have to be heard of."""
    generated: tuple[Generated, ...] = field(default=(), repr=False)
    """What is to be shown in the cluster."""


class Keeper:
    """All that is known, and what follows."""

    def __init__(self, options: Options, *, standing: frozenset[str]) -> None:
        """Know nothing yet.

        Args:
            options: Which objects there are.
            standing: The names of the files that stand there already.
        """
        self._options = options
        self._standing = standing
        self._splits = Splits(options.namespace)
        self._maker = ConfigMapFiles()
        self._known: dict[str, ManifestObject] = {}
        self._plans: dict[str, SplitPlan | None] = {}
        self._good: dict[str, bytes] = {}
        self._names: dict[str, frozenset[str]] = {}
        self._files: Mapping[str, bytes] = MappingProxyType({})

    def take(self, heard: Heard) -> Outcome:
        """Take what was heard by now, and return what follows."""
        problems: list[Problem] = []
        waiting: dict[Key, Problem] = {}
        pairs: list[tuple[ManifestObject, SplitPlan | None]] = []
        unproven: set[ObjectKey] = set()
        for name in self._options.config_maps:
            seen = heard.config_maps.get(name, UNHEARD)
            said = self._splits.say(self._options.splits.get(name, ()), heard.splits, heard.groups)
            manifest = self._newest(name, seen)
            problems += (*self._of_config_map(name, seen), *said.problems)
            if manifest is None:
                waiting |= self._wait(name, seen)
            elif said.unheard and name not in self._plans:
                waiting |= self._wait_for(name, said)
            else:
                if not said.unheard:
                    self._plans[name] = said.plan
                pairs.append((manifest, self._plans[name]))
                unproven |= {manifest.key} if said.unproven else set()
        problems += self._of_splits(heard.splits)
        made = self._maker.update(pairs)
        self._put(made, frozenset(unproven))
        every = tuple(self._options.splits.values())
        return Outcome(
            files=self._files,
            problems=tuple(dict.fromkeys((*problems, *made.problems))),
            waiting=waiting,
            lacking=tuple(self._lacking(made)),
            notices=tuple(self._gone(pairs, made)),
            groups=tuple(dict.fromkeys(group for names in every for group in self._splits.groups(names))),
            generated=tuple(self._generated(pairs, made)),
        )

    # ------------------------------------------------------------------------------------------------ what is known

    def _newest(self, name: str, seen: Seen) -> ManifestObject | None:
        """Return a ConfigMap as it is, or was last."""
        if seen.kept is not None:
            self._known[name] = seen.kept.manifest
        return self._known.get(name)

    def _of_config_map(self, name: str, seen: Seen) -> Iterator[Problem]:
        if seen.unreadable:
            message = f"it cannot be read: {seen.unreadable}; what was known of it stays"
            yield self._problem(name, "unreadable-object", message, level=Level.ERROR)
        elif seen.kept is None and seen.asked:
            if name in self._known:
                yield self._problem(name, "config-map-gone", "it is not there any more; its files stay as they are")
            else:
                message = "there is no such ConfigMap, so nothing is written of it"
                yield self._problem(name, "config-map-missing", message, mend="create it, or correct --configmap")
        elif seen.kept is not None and not _has_data(seen.kept.manifest):
            message = "it has no data, so there is nothing to write; files that stand there stay"
            yield self._problem(name, "config-map-empty", message, mend="put the files into its data")

    def _of_splits(self, splits: Mapping[str, Seen]) -> Iterator[Problem]:
        for name, seen in splits.items():
            if seen.asked and seen.kept is None and not seen.unreadable:
                stays = "the last weights stay" if self._splits.knows(name) else "the weights stay as they are written"
                yield Problem(
                    code="split-missing",
                    level=Level.WARNING,
                    message=f"there is no such TrafficSplit; {stays}",
                    object=self._splits.key(name),
                )

    def _wait(self, name: str, seen: Seen) -> dict[Key, Problem]:
        if seen.asked:
            return {}
        return {(UNHEARD_OF, name): self._problem(name, "not-written", "the API server has not told of it yet")}

    def _wait_for(self, name: str, said: Said) -> dict[Key, Problem]:
        message = f"its files are not written yet: {', '.join(said.unheard)} was not heard of"
        mend = "files that stand there stay; it is tried again"
        return {("waits", name): self._problem(name, "not-written", message, mend=mend)}

    def _problem(self, name: str, code: str, message: str, *, level: Level = Level.WARNING, mend: str = "") -> Problem:
        key = ObjectKey("", "ConfigMap", self._options.namespace, name)
        return Problem(code=code, level=level, message=message, object=key, mend=mend)

    # ------------------------------------------------------------------------------------------------ what is made

    def _put(self, made: Files, unproven: frozenset[ObjectKey]) -> None:
        broken = {
            (problem.object, problem.path[1])
            for problem in made.problems
            if len(problem.path) == 2 and _is_of_text(problem)
        }
        files: dict[str, bytes] = {}
        for name, file in made.files.items():
            content = self._content(file, broken=(file.origin, name) in broken, unproven=file.origin in unproven)
            if content is not None:
                files[name] = content
        if files != self._files:
            self._files = MappingProxyType(files)

    def _content(self, file: ConfigMapFile, *, broken: bool, unproven: bool) -> bytes | None:
        """Return what is to stand in a file; None: what stands there, whatever it is."""
        is_others = file.name in self._standing and file.name not in self._files
        if broken:
            # Who knows what it should be: what was good, what stands there, or else what its owner wrote.
            return self._good.get(file.name) or (None if is_others else file.content)
        if unproven and is_others and _SIGN_OF_WEIGHTS in file.content:
            return None
        self._good[file.name] = file.content
        return file.content

    def _lacking(self, made: Files) -> Iterator[str]:
        origins = {file.origin.name for file in made.files.values()}
        for name in self._options.config_maps:
            known = self._known.get(name)
            if known is None or not _has_data(known) or (name not in origins and name not in self._plans):
                yield name

    def _gone(self, pairs: list[tuple[ManifestObject, SplitPlan | None]], made: Files) -> Iterator[str]:
        for manifest, _ in pairs:
            name, names = manifest.key.name, _keys(manifest)
            for each in sorted(self._names.get(name, names) - names):
                if each not in made.files:
                    yield f"ConfigMap {name} has no key {each} any more; the file stays as it is"
            self._names[name] = names

    def _generated(self, pairs: list[tuple[ManifestObject, SplitPlan | None]], made: Files) -> Iterator[Generated]:
        for manifest, plan in pairs:
            if plan is not None and self._options.publish:
                own = {
                    name: self._files[name]
                    for name, file in made.files.items()
                    if file.origin == manifest.key and name in self._files
                }
                if (wanted := generated(manifest, own)) is not None:
                    yield wanted


def _is_of_text(problem: Problem) -> bool:
    if problem.code == "not-split":
        return problem.level is Level.ERROR
    return problem.path[0] == "data" and problem.code not in _NOT_OF_READING


def _has_data(manifest: ManifestObject) -> bool:
    return bool(_keys(manifest))


def _keys(manifest: ManifestObject) -> frozenset[str]:
    return frozenset({*(manifest.body.get("data") or {}), *(manifest.body.get("binaryData") or {})})
