"""Manifests in, what each Envoy gets and what is wrong out: one folder a case, and its name is the test's.

`in/*.yaml` are the manifests. `out/<node>.yaml` is what the Envoy of a Pod gets, `out/<namespace>.yaml` what one gets
of which no Pod tells labels; `out/problems.yaml` is every problem as a person reads it. `ready.yaml` are the Pods that
a cluster tells of, by namespace, each as a `ReadyPod`. `any-label.yaml` are the kinds with the rule of any label.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.cli.rendering import serve_once
from legation.envoy import codec
from legation.model.cluster import Cluster, Pod, ReadyPod
from legation.model.node import Node, Peer
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.snapshot import Snapshot
from legation.runtime.admission import Rules
from legation.sources.base import Inputs, SourceState
from legation.sources.manifests import read_text

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/in"))
NOBODY = Peer(address="", transport="golden")
BARE = "*"
"""What an Envoy is called of which no Pod tells labels, in each namespace."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path, update_golden: bool) -> None:  # noqa: FBT001 - pytest hands fixtures in by name
    """What comes out is what is expected."""
    out = case / "out"
    came = {name: yaml.safe_dump(value, sort_keys=False, width=120) for name, value in outcome(case).items()}
    if update_golden:
        write(out, came)

    assert came == {path.name: path.read_text() for path in out.iterdir()}


def write(out: Path, came: Mapping[str, str]) -> None:
    out.mkdir(exist_ok=True)
    for path in out.iterdir():
        if path.name not in came:
            path.unlink()
    for name, text in came.items():
        (out / name).write_text(text)


class Manifests:
    """A source of the manifests of a case, and of its cluster."""

    name = "manifests"
    missing = ()

    def __init__(self, case: Path) -> None:
        self._files = {
            each.name: read_text(each.read_text(), file=each.name) for each in sorted((case / "in").iterdir())
        }
        self.objects: Mapping[ObjectKey, ManifestObject] = {
            manifest.key: manifest for file in self._files.values() for manifest in file
        }
        self.namespaces = {key.namespace for key in self.objects}
        self._ready = case / "ready.yaml"

    async def run(self, inputs: Inputs) -> None:
        files = self._files
        problems = tuple(problem for file in files.values() for problem in file.problems)
        broken = frozenset(name for name, file in files.items() if file.problems)
        inputs.publish(SourceState(objects=self.objects, problems=problems, broken=broken, cluster=self._cluster()))

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        return place and self._files[place.file].locate(place, path)

    def _cluster(self) -> Cluster | None:
        if not self._ready.exists():
            return None
        ready = {
            namespace: tuple(ReadyPod(**{**each, "labels": frozenset(each["labels"].items())}) for each in pods)
            for namespace, pods in yaml.safe_load(self._ready.read_text()).items()
        }
        bare = [Pod(namespace=each, name=BARE, uid="") for each in self.namespaces]
        return Cluster(pods={f"{each.name}.{each.namespace}": each for each in bare}, ready=ready)


def outcome(case: Path) -> dict[str, Any]:
    """Return what becomes of the manifests, by the name of the file that tells it."""
    manifests, any_label = Manifests(case), case / "any-label.yaml"
    kinds = yaml.safe_load(any_label.read_text()) if any_label.exists() else []
    rules = Rules(check_peer=False, any_label=frozenset((each["group"], each["kind"]) for each in kinds))
    served = asyncio.run(serve_once(manifests, rules=rules))

    def got(node_id: str) -> dict[str, Any]:
        snapshot = served.snapshot_of(served.group_of(NOBODY, Node(id=node_id)))
        return {} if snapshot is None else dict(by_type(snapshot))

    pods = {f"{key.name}.{key.namespace}": served.known(key) for key in manifests.objects if key.kind == "Pod"}
    return {
        **{f"{each}.yaml": got(f"{BARE}.{each}") for each in manifests.namespaces},
        **{f"{node_id}.yaml": got(node_id) for node_id, known in pods.items() if known and known.served},
        "problems.yaml": sorted(f"{problem.level}: {problem}" for problem in served.problems),
    }


def by_type(snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    for row, collection in snapshot.collections.items():
        if len(collection):
            yield row.name, [codec.to_json(resource) for resource in collection]
    if snapshot.incomplete:
        yield "incomplete", sorted(row.name for row in snapshot.incomplete)
