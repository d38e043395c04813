"""From what sources say to the files that are to stand: the keys of ConfigMaps, with the weights of splits. No I/O.

A file that Envoy would refuse is not published: the last good one of that name stays. A named ConfigMap that goes or
is empty leaves its files: it may be on its way to be made anew, and an Envoy that starts meanwhile needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from legation.model.cluster import NamespacedName
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot, collect
from legation.runtime.checked_files import CheckedFile, check_file
from legation.runtime.intake import Heard
from legation.runtime.last_good import LastGood, Readings
from legation.translate.base import Note
from legation.translate.config_map_files import ConfigMapFile, ConfigMapFiles
from legation.translate.splitting import SplitPlan
from legation.transports.files.file_set import FileSet, PlannedFile

CONFIG_MAP = ("", "ConfigMap")


class ConfigMapSets:
    """The files of some ConfigMaps at one moment."""

    def __init__(
        self, names: Sequence[NamespacedName] = (), *, labels: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        """Begin before anything was heard.

        Args:
            names: The ConfigMaps, in the order in which they count; none: all that are heard of, by seniority.
            labels: Those that ConfigMaps without a name here must have.
        """
        self._names = tuple(names)
        self._labels = labels
        self._last_good = LastGood()
        self._seen: dict[ObjectKey, ManifestObject] = {}
        """Those that count, as they were last seen with anything in them."""
        self._plans: dict[str, tuple[tuple[ManifestObject, ...], SplitPlan]] = {}
        """Namespace -> the objects that say something of weights there, and what they say."""
        self._files = ConfigMapFiles()
        self._newest: dict[str, CheckedFile] = {}
        self._good: dict[str, CheckedFile] = {}
        self.problems: tuple[Problem, ...] = ()
        """All that is wrong."""
        self.whole = False
        """Whether each ConfigMap and each file of it can be had in a good version: an Envoy can start with them."""

    def recall(self, file: ConfigMapFile) -> CheckedFile:
        """Look at a file that stands there from before the program began, and take it for the last good one."""
        checked = check_file(file)
        if not checked.broken:
            self._good[file.name] = checked
        return checked

    def update(self, heard: Heard) -> FileSet:
        """Return the files that are to stand by what is heard now."""
        others = {key: each for key, each in heard.objects.items() if (key.group, key.kind) != CONFIG_MAP}
        settled = self._last_good.settle(others, broken=heard.broken)
        self._plan(settled.readings)
        config_maps = self._choose(heard.objects)
        made = self._files.update([(each, self._plan_of(each)) for each in config_maps])
        before, self._newest = self._newest, {}
        for name, file in made.files.items():
            known = before.get(name)
            self._newest[name] = known if known is not None and known.file is file else check_file(file)
        self._good = {name: good for name, each in self._newest.items() if (good := self._serve(name, each))}
        self.whole = (
            bool(config_maps) and len(config_maps) >= len(self._names) and self._newest.keys() <= self._good.keys()
        )
        file_set, doubles = _file_set(self._good, expected=frozenset(self._newest.keys() - self._good.keys()))
        own = (
            *settled.problems,
            *made.problems,
            *(problem for each in self._newest.values() for problem in each.problems),
            *doubles,
            *self._absent(heard.objects),
        )
        self.problems = (*heard.problems, *(_placed(each, heard.objects) for each in own))
        return file_set

    def _serve(self, name: str, newest: CheckedFile) -> CheckedFile | None:
        return self._good.get(name) if newest.broken else newest

    def _choose(self, objects: Mapping[ObjectKey, ManifestObject]) -> list[ManifestObject]:
        """Return the ConfigMaps that count, each as it is or as it was last seen."""
        if self._names:
            found = {_key(name): objects.get(_key(name)) for name in self._names}
        else:
            every = (each for key, each in objects.items() if (key.group, key.kind) == CONFIG_MAP)
            chosen = (each for each in every if self._labels <= each.labels.items())
            found = {each.key: each for each in sorted(chosen, key=lambda each: each.seniority)}
            if not found:
                # All at once: that is rather a slip than somebody's wish, as with an empty directory.
                found = dict.fromkeys(self._seen)
        self._seen = {
            key: seen for key, each in found.items() if (seen := self._believed(each, self._seen.get(key))) is not None
        }
        return list(self._seen.values())

    def _believed(self, newest: ManifestObject | None, before: ManifestObject | None) -> ManifestObject | None:
        """Return the newest version, unless it is gone or empty: its files may be on their way to be made anew."""
        return before if newest is None or not _holds_any(newest) else newest

    def _absent(self, objects: Mapping[ObjectKey, ManifestObject]) -> Iterator[Problem]:
        for key in dict.fromkeys((*map(_key, self._names), *self._seen)):
            newest, was = objects.get(key), key in self._seen
            if newest is not None and not _holds_any(newest):
                yield Problem(
                    code="config-map-empty",
                    level=Level.WARNING if was else Level.ERROR,
                    object=key,
                    message="it has no data" + ("; its files stay as they are" if was else ""),
                    mend="put the files into its data",
                )
            elif newest is None and was:
                yield Problem(
                    code="config-map-gone",
                    level=Level.WARNING,
                    object=key,
                    message="it is gone; its files stay as they are",
                    mend="create it again; to have the files go, start anew without it",
                )
            elif newest is None:
                yield Problem(
                    code="config-map-missing",
                    object=key,
                    message="there is no such ConfigMap",
                    mend="create it, or correct its name",
                )
        if not self._names and not self._seen:
            yield Problem(
                code="config-map-missing",
                message="no ConfigMap has the labels of --selector",
                mend="label one, or correct the selector",
                subject="selector",
            )

    def _plan(self, readings: Readings) -> None:
        speaking: dict[str, list[ManifestObject]] = {}
        notes: dict[str, list[Note]] = {}
        for key, reading in sorted(readings.items()):
            if reading.notes:
                speaking.setdefault(key.namespace, []).append(reading.manifest)
                notes.setdefault(key.namespace, []).extend(
                    Note(manifest=reading.manifest, value=each) for each in reading.notes
                )
        plans: dict[str, tuple[tuple[ManifestObject, ...], SplitPlan]] = {}
        for namespace, each in speaking.items():
            before = self._plans.get(namespace)
            same = before is not None and before[0] == tuple(each)
            plans[namespace] = before if before and same else (tuple(each), SplitPlan.of(notes[namespace]))
        self._plans = plans

    def _plan_of(self, config_map: ManifestObject) -> SplitPlan | None:
        found = self._plans.get(config_map.key.namespace)
        return None if found is None else found[1]


def _placed(problem: Problem, objects: Mapping[ObjectKey, ManifestObject]) -> Problem:
    """Return the problem with the place where its object begins, if there is one."""
    manifest = objects.get(problem.object) if problem.object is not None else None
    return problem if manifest is None or problem.place is not None else replace(problem, place=manifest.place)


def _holds_any(config_map: ManifestObject) -> bool:
    return bool(config_map.body.get("data") or config_map.body.get("binaryData"))


def _key(name: NamespacedName) -> ObjectKey:
    return ObjectKey(*CONFIG_MAP, name.namespace, name.name)


def _file_set(
    files: Mapping[str, CheckedFile], *, expected: frozenset[str] = frozenset()
) -> tuple[FileSet, list[Problem]]:
    """Return the set of these files. What several hold stands in the order of the first alone."""
    resources: dict[ResourceType, dict[str, Resource]] = {}
    planned: dict[str, PlannedFile] = {}
    problems: list[Problem] = []
    owners: dict[Name, CheckedFile] = {}
    for name, each in files.items():
        members = each.resources or ()
        names = tuple((resource.type, resource.name) for resource in members)
        double = next((one for one in names if one in owners), None)
        if double is not None:
            problems.append(_double(each, double, owners[double]))
            members = names = ()
        for resource in members:
            owners[resource.type, resource.name] = each
            resources.setdefault(resource.type, {})[resource.name] = resource
        planned[name] = PlannedFile(members=names, content=each.file.content)
    collections = (collect(row, members.values()) for row, members in resources.items())
    return FileSet(snapshot=Snapshot.of(collections), files=planned, expected=expected), problems


def _double(file: CheckedFile, name: Name, owner: CheckedFile) -> Problem:
    row, resource = name
    return Problem(
        code="duplicate-resource",
        level=Level.WARNING,
        object=file.file.origin,
        path=file.file.path,
        message=f'the {row.name} "{resource}" stands in the file {owner.file.name} too; what is in this one is written'
        " in no order",
        mend="take it out of one of them",
    )


def standing_set(files: Iterable[CheckedFile]) -> FileSet:
    """Return the set of files that stand there already."""
    return _file_set({each.file.name: each for each in files})[0]
