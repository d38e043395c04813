"""All files in one step."""

from __future__ import annotations

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.once import OnceSteps
from tests.unit.transports.loopback import resource, snapshot


def render(path: str, resources: tuple[Resource, ...]) -> bytes:
    """Return what is in a file."""
    return path.encode() + b":" + b",".join(each.body for each in resources)


def file_set(*resources: Resource) -> FileSet:
    """Return one file for each resource."""
    files = {f"{each.type.name}/{each.name}": PlannedFile(members=((each.type, each.name),)) for each in resources}
    return FileSet(snapshot=snapshot(*resources), files=files)


def test_all_goes_in_one_step_in_the_order_of_delivery() -> None:
    steps = OnceSteps(render=render)
    steps.retarget(file_set(resource("edge", row=LISTENER), resource("web", row=CLUSTER)), 0.0)
    assert (steps.complete, steps.settled) == (False, False)
    step = steps.next(0.0)
    assert step is not None
    assert list(step.puts.items()) == [("Cluster/web", b"Cluster/web:1"), ("Listener/edge", b"Listener/edge:1")]
    assert step.removes == ()
    steps.failed()
    assert steps.next(0.0) == step
    steps.written(0.0)
    assert (steps.complete, steps.settled) == (True, True)
    assert steps.next(0.0) is None
    assert steps.deadline() is None
