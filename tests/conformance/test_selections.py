"""What every Selection does, whatever it makes of Pods. A new one joins by an object in MEMBERS that has it."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from itertools import product

import pytest

from legation import translate
from legation.envoy import codec
from legation.model.cluster import ReadyPod
from legation.model.objects import ManifestObject
from legation.model.problems import Level
from legation.translate import pipeline
from legation.translate.base import Selection
from tests.unit.translate.pipes import at, cluster, listener, of, virtual_service

Pods = tuple[ReadyPod, ...]


def of_addresses_and_pods() -> ManifestObject:
    """An object with the assignment of an EDS cluster."""
    endpoints = [of(labels={"app": "worker"}), at("10.0.0.1"), of(labels={"app": "spare", "tier": "b"})]
    return virtual_service(listener(cluster=cluster(service_discovery="eds", endpoints=endpoints)))


def of_names_and_pods() -> ManifestObject:
    """An object with a cluster as a whole."""
    endpoints = [at("worker.example.com"), of(labels={"app": "worker"})]
    return virtual_service(listener(cluster=cluster(service_discovery="strictdns", endpoints=endpoints)))


MEMBERS = (of_addresses_and_pods, of_names_and_pods)
SOME: tuple[Pods, ...] = (
    (),
    (ReadyPod(name="a", address="10.1.0.1"),),
    (ReadyPod(name="a", address="10.1.0.1"), ReadyPod(name="b", address="fd00::1")),
    # Two Pods in the network of one host.
    (ReadyPod(name="c", address="10.1.0.3"), ReadyPod(name="d", address="10.1.0.3")),
)


def selection_of(manifest: ManifestObject) -> Selection:
    (found,) = pipeline.translate(manifest).selections
    return found


@pytest.fixture(params=MEMBERS, ids=lambda each: each.__name__)
def member(request: pytest.FixtureRequest) -> Callable[[], ManifestObject]:
    made: Callable[[], ManifestObject] = request.param
    return made


@pytest.fixture
def selection(member: Callable[[], ManifestObject]) -> Selection:
    return selection_of(member())


def choices(selection: Selection) -> Iterator[tuple[Pods, ...]]:
    """Yield the Pods that there may be, for each of the selectors."""
    return product(SOME, repeat=len(selection.selectors))


def test_every_selection_is_here() -> None:
    modules = [import_module(f"{translate.__name__}.{each.name}") for each in pkgutil.iter_modules(translate.__path__)]
    there = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__ and each is not Selection
        if all(hasattr(each, name) for name in ("selectors", "draft", "problems"))
    }
    assert {type(selection_of(each())) for each in MEMBERS} == there


def test_it_is_a_value(member: Callable[[], ManifestObject]) -> None:
    """What was made is looked up by the selection that it was made for."""
    one, other = selection_of(member()), selection_of(member())
    assert one is not other
    assert {one: "made"}[other] == "made"
    assert hash(one) == hash(other)
    assert one != next(selection_of(each()) for each in MEMBERS if each is not member)


def test_another_version_of_the_object_that_says_the_same_of_it_has_the_same_one(
    member: Callable[[], ManifestObject],
) -> None:
    manifest = member()
    body = {**manifest.body, "metadata": {**manifest.body["metadata"], "generation": 7}}
    assert selection_of(replace(manifest, body=body)) == selection_of(manifest)


def test_what_it_says_is_its_own(member: Callable[[], ManifestObject]) -> None:
    """Who gets it, and where, is part of what it is."""
    manifest = member()
    elsewhere = replace(manifest, key=manifest.key._replace(namespace="elsewhere"))
    assert selection_of(elsewhere) != selection_of(manifest)
    body = deepcopy(dict(manifest.body))
    body["spec"]["selector"] = {"app": "others"}
    assert selection_of(replace(manifest, body=body)) != selection_of(manifest)


def test_its_selectors_are_always_the_same_and_have_labels(selection: Selection) -> None:
    selectors = selection.selectors
    assert selectors
    for pods in choices(selection):
        selection.draft(pods)
        list(selection.problems(pods))
        assert selection.selectors == selectors
    assert all(each.namespace == "media" and each.labels for each in selectors)


def test_the_same_pods_make_the_same_resource_however_often(member: Callable[[], ManifestObject]) -> None:
    one, other = selection_of(member()), selection_of(member())
    first = {pods: deepcopy(one.draft(pods)) for pods in choices(one)}
    for pods, draft in reversed(first.items()):
        assert one.draft(pods) == other.draft(pods) == draft


def test_other_pods_make_another_resource_of_the_same_name(selection: Selection) -> None:
    drafts = {pods: selection.draft(pods) for pods in choices(selection)}
    encoded = {pods: codec.encode(each.json, origin=None) for pods, each in drafts.items()}
    assert not [each.findings for each in encoded.values() if each.findings]
    resources = {pods: each.resource for pods, each in encoded.items() if each.resource is not None}
    assert len(resources) == len(drafts)
    assert len({(each.type, each.name) for each in resources.values()}) == 1
    assert len({(each.scope, each.path) for each in drafts.values()}) == 1
    nobody, somebody = (tuple([some] * len(selection.selectors)) for some in SOME[:2])
    assert resources[nobody].version != resources[somebody].version


def test_labels_of_a_pod_are_not_in_it(selection: Selection) -> None:
    """Labels that are not selected come and go, and must not cost Envoy anything."""
    plain = tuple([SOME[2]] * len(selection.selectors))
    labelled = tuple(tuple(replace(each, labels=frozenset({("x", "y")})) for each in pods) for pods in plain)
    assert selection.draft(labelled) == selection.draft(plain)


def test_what_is_wrong_with_pods_is_never_an_error(member: Callable[[], ManifestObject]) -> None:
    """An object does not break because a Pod goes."""
    manifest = member()
    selection = selection_of(manifest)
    for pods in choices(selection):
        problems = list(selection.problems(pods))
        assert all(each.level is Level.WARNING and each.object == manifest.key for each in problems)
        assert sum(each.code == "no-ready-pods" for each in problems) == pods.count(())
        assert problems == list(selection.problems(pods))
