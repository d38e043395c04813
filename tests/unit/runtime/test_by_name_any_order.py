"""What is served by name does not depend on what happened before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from legation.model.cluster import Grant
from legation.model.resource_types import CLUSTER, SECRET
from legation.model.snapshot import revise
from tests.small_cluster import GRANT
from tests.unit.runtime.by_name_world import EDS, World, eds, explicit, tls

_NAMESPACES = st.sampled_from(["shop", "bank"])
_ADDRESSES = st.sampled_from([(), ("10.0.0.1",), ("10.0.0.2",)])
_OBJECTS = (
    eds(),
    eds("bank/echo:http", name="far"),
    tls(),
    tls("bank/token:value", name="far-safe"),
    explicit("10.9.9.9"),
    eds("shop/other:http", name="edge", app="edge"),
    eds("bank/echo:http", namespace="bank"),
    eds("bank/other:http", name="more", namespace="bank"),
    explicit("10.9.9.8", app="edge"),
)

Step: TypeAlias = Callable[[World], object]


def _service(name: str, namespace: str, addresses: tuple[str, ...]) -> Step:
    return lambda world: world.kube.service(name, *addresses, namespace=namespace)


def _no_service(name: str, namespace: str) -> Step:
    return lambda world: world.kube.no_service(name, namespace=namespace)


def _secret(key: str, namespace: str) -> Step:
    return lambda world: world.kube.secret("token", {key: b"x"}, namespace=namespace)


def _no_secret(namespace: str) -> Step:
    return lambda world: world.kube.no_secret("token", namespace=namespace)


def _grants(grants: frozenset[Grant]) -> Step:
    return lambda world: setattr(world.kube, "grants", grants)


def _objects(numbers: set[int]) -> Step:
    return lambda world: world.refer(*(_OBJECTS[each] for each in sorted(numbers)))


def _ask(name: str, namespace: str) -> Step:
    return lambda world: world.ask(name, namespace)


def _see(namespace: str) -> Step:
    return lambda world: world.snapshot(namespace)


_NAMES = st.sampled_from(["echo", "other"])
_STEPS = st.one_of(
    st.builds(_service, _NAMES, _NAMESPACES, _ADDRESSES),
    st.builds(_no_service, _NAMES, _NAMESPACES),
    st.builds(_secret, st.sampled_from(["value", "another"]), _NAMESPACES),
    st.builds(_no_secret, _NAMESPACES),
    st.builds(_grants, st.sampled_from([frozenset(), frozenset({GRANT})])),
    st.builds(_objects, st.sets(st.integers(0, len(_OBJECTS) - 1))),
    st.builds(_ask, st.sampled_from(["shop/other:http", "bank/echo:http"]), _NAMESPACES),
    st.builds(_see, _NAMESPACES),
)


@given(st.lists(_STEPS, max_size=15))
def test_whatever_happened_what_is_served_is_what_one_who_comes_now_would_make(steps: list[Step]) -> None:
    """But for Secrets that broke: of those the last good one stays, which a newcomer cannot know."""
    world = World()
    world.look()
    for step in steps:
        step(world)
        world.look()
    fresh = World(kube=world.kube)
    fresh.refer(*world.objects)
    fresh.look()
    for name, namespace in world.asked:
        fresh.ask(name, namespace)
    for namespace, labels in (("shop", {}), ("shop", {"app": "edge"}), ("bank", {})):
        mine, theirs = world.snapshot(namespace, **labels), fresh.snapshot(namespace, **labels)
        lasting = mine[SECRET].resources.keys() - theirs[SECRET].resources.keys()
        assert not lasting or SECRET in theirs.incomplete
        assert revise(mine[SECRET], {}, lasting) is theirs[SECRET]
        assert mine[EDS] is theirs[EDS]
        assert mine[CLUSTER] is theirs[CLUSTER]
        assert mine.incomplete <= theirs.incomplete
    assert told(world) == told(fresh)


def told(world: World) -> list[str]:
    """Return the problems of objects."""
    return sorted(str(each) for each in world.by_name.problems if each.object is not None)
