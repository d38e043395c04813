"""What does not fit together, of all that is served."""

from __future__ import annotations

from dataclasses import replace

from legation.model.node import Scope
from tests.small_world import cluster, endpoints, listener, route
from tests.unit.runtime.checked import item, problems


def test_what_fits_together_has_no_problems() -> None:
    """A listener with its route, its cluster and the endpoints of it."""
    assert not problems(
        item(listener("l", routes=["r"])), item(route("r", clusters=["c"])), item(cluster("c")), item(endpoints("c"))
    )


def test_what_is_wrong_in_many_namespaces_for_the_same_reason_is_told_once() -> None:
    one = item(route("r", clusters=["gone"]))
    everywhere = [replace(one, scope=Scope(namespace=namespace)) for namespace in ("far", "shop")]

    assert [each.code for each in problems(*everywhere)] == ["dangling-reference"]
