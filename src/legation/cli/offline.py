"""The answers of a running server, made here of what was read once: no Envoy is connected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from legation.cli.answers import Names, Record, Version, shown_place
from legation.model.node import Node, Workload
from legation.model.objects import FieldPath, ObjectKey
from legation.model.resource_types import BY_NAME
from legation.ops import trail_json
from legation.runtime.inquiry import Inquiry
from legation.runtime.served import Served
from legation.transports.base import Refusal


class Offline:
    """Fulfils `answers.Answers`."""

    def __init__(self, served: Served) -> None:
        """Take what is served of that which was read."""
        self.trail = served.trail()
        self._inquiry = Inquiry(served.trail, accounts=tuple)

    def resources(self) -> list[Record]:
        """Return every resource; see `answers.Answers`."""
        return list(trail_json.resources_json(self._inquiry.resources(), content=False))

    def contents(self, names: Iterable[Names]) -> Mapping[Version, Any]:
        """Return the content of resources; see `answers.Answers`."""
        wanted = set(names)
        found = self._inquiry.resources(lambda row, name: (row, name) in wanted)
        return {
            (each["type"], each["name"], each["version"]): each["json"]
            for each in trail_json.resources_json(found, content=True)
        }

    def locate(self, found: Record, path: FieldPath) -> str:
        """Return where a field of an object stands; see `answers.Answers`."""
        key = ObjectKey(found["group"], found["kind"], found["namespace"], found["name"])
        manifest = self.trail.objects.get(key)
        place = None if manifest is None else self.trail.place(manifest, path)
        if place is None:
            return shown_place(found)
        return f"{place.file}:{place.line}" if place.line else place.file

    def objects(self) -> list[Record]:
        """Return every object; see `answers.Answers`."""
        return list(trail_json.objects_json(self._inquiry.objects()))

    def blame_resource(self, type_name: str, name: str) -> list[Record]:
        """Return the resources of a name; see `answers.Answers`."""
        return [trail_json.blamed_json(each) for each in self._inquiry.blame_resource(BY_NAME[type_name], name)]

    def blame_object(self, asked: str) -> list[Record]:
        """Return the objects of a kind and name; see `answers.Answers`."""
        return [
            trail_json.object_json(traced) | {"blamed": list(map(trail_json.blamed_json, blamed))}
            for traced, blamed in self._inquiry.blame_object(*trail_json.asked_object(asked))
        ]

    def workload(self, node: str, *, namespace: str | None, labels: Mapping[str, str]) -> Workload | None:
        """Return what an Envoy is here: as an object describes it, else as somebody else knows it."""
        if node in self.trail.workloads or namespace is None:
            try:
                return self.trail.workload_of(Node(id=node, metadata={"labels": dict(labels)}))
            except Refusal:
                return None
        return Workload(namespace=namespace, labels=frozenset(labels.items()))

    def told_apart(self, workload: Workload) -> str:
        """Return the name of a workload's group here."""
        return self.trail.group_of(workload)

    def versions_for(self, workload: Workload) -> dict[Names, Record]:
        """Return what a workload gets, without the content."""
        snapshot = self.trail.snapshot(workload)
        if snapshot is None:
            return {}
        found = self.trail.traced(snapshot, workload.namespace)
        return {(each["type"], each["name"]): each for each in trail_json.resources_json(found, content=False)}
