"""Manifests in, what each Envoy gets and what is wrong out: one folder a case, and its name is the test's.

`in/*.yaml` are the manifests. `out/<node>.yaml` is what the Envoy of a Pod gets, `out/<namespace>.yaml` what one gets
of which no Pod tells labels; `out/problems.yaml` is every problem as a person reads it. `ready.yaml` are the Pods that
a cluster tells of, by namespace, each as a `ReadyPod`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from legation.envoy import codec
from legation.model.cluster import ReadyPod
from legation.model.node import Workload
from legation.model.problems import Problem
from legation.model.snapshot import Snapshot
from legation.runtime.amending import Amending
from legation.runtime.assemble import Assembly
from legation.runtime.check import check
from legation.runtime.last_good import LastGood
from legation.runtime.selecting import Selecting
from legation.sources.manifests import Reading, read_text

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/in"))


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


def outcome(case: Path) -> dict[str, Any]:
    """Return what becomes of the manifests, by the name of the file that tells it."""
    files = {path.name: read_text(path.read_text(), file=path.name) for path in sorted((case / "in").iterdir())}
    settled = LastGood().settle(
        {manifest.key: manifest for reading in files.values() for manifest in reading},
        broken=frozenset(name for name, reading in files.items() if reading.problems),
    )
    completed = Selecting().complete(settled.readings, ready_pods(case / "ready.yaml"))
    revised = Amending().amend(completed.readings)
    assembly = Assembly(revised.made, incomplete=settled.incomplete)
    unlabelled = {namespace: Workload(namespace=namespace) for namespace in settled.namespaces}
    unread = [problem for reading in files.values() for problem in reading.problems]
    problems = [
        *unread,
        *(
            located(problem, files)
            for problem in (*settled.problems, *completed.problems, *revised.problems, *check(assembly))
        ),
    ]
    return {
        **{
            f"{who}.yaml": dict(by_type(assembly.snapshot_for(workload)))
            for who, workload in {**unlabelled, **settled.workloads}.items()
        },
        "problems.yaml": sorted(f"{problem.level}: {problem}" for problem in problems),
    }


def ready_pods(file: Path) -> Mapping[str, tuple[ReadyPod, ...]] | None:
    if not file.exists():
        return None
    return {
        namespace: tuple(ReadyPod(**{**each, "labels": frozenset(each["labels"].items())}) for each in pods)
        for namespace, pods in yaml.safe_load(file.read_text()).items()
    }


def by_type(snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    for row, collection in snapshot.collections.items():
        if len(collection):
            yield row.name, [codec.to_json(resource) for resource in collection]
    if snapshot.incomplete:
        yield "incomplete", sorted(row.name for row in snapshot.incomplete)


def located(problem: Problem, files: Mapping[str, Reading]) -> Problem:
    """Return the problem with the place of its field, as the engine tells it."""
    place = problem.place and files[problem.place.file].locate(problem.place, problem.path)
    return problem if place is None else replace(problem, place=place)
