"""Objects that a program puts in."""

from __future__ import annotations

import math
from typing import Any

import pytest

from legation.errors import InvalidResource
from legation.model.objects import ObjectKey, Place
from legation.sources.memory import MemorySource
from tests.unit.sources.rig import key, names, running, values


def thing(name: str, value: Any = 1, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": name, **metadata}, "value": value}


async def test_what_is_put_in_before_it_runs_is_in_the_first_state() -> None:
    source = MemorySource()
    source.put(thing("a"))
    async with running(source) as recorder:
        assert names(recorder.states[0]) == {"a"}


async def test_changes_without_an_await_between_them_are_published_together() -> None:
    source = MemorySource()
    async with running(source) as recorder:
        source.put(thing("a"))
        source.put(thing("b"))
        assert source.delete(key("a"))
        await recorder.until(lambda state: names(state) == {"b"})
        assert len(recorder.states) == 2


async def test_an_equal_object_stays_the_same_and_nothing_is_published() -> None:
    source = MemorySource()
    first = source.put(thing("a"))
    async with running(source) as recorder:
        assert source.put(thing("a")) is first
        source.replace_all([thing("a")])
        assert source.put(thing("a", value=True)) is not first
        await recorder.until(lambda state: values(state)["a"] is True)
        assert len(recorder.states) == 2


async def test_replace_all_holds_exactly_what_it_is_given() -> None:
    source = MemorySource()
    kept = source.put(thing("a"))
    source.put(thing("b"))
    source.replace_all(each for each in (thing("a"), thing("c")))
    async with running(source) as recorder:
        assert names(recorder.newest) == {"a", "c"}
        assert recorder.newest.objects[key("a")] is kept


async def test_replace_all_takes_all_or_nothing() -> None:
    source = MemorySource()
    source.put(thing("a"))
    with pytest.raises(InvalidResource, match="Thing default/b: it is given twice"):
        source.replace_all([thing("b"), thing("b")])
    with pytest.raises(InvalidResource):
        source.replace_all([thing("b"), {}])
    async with running(source) as recorder:
        assert names(recorder.newest) == {"a"}


def test_an_object_is_deleted_by_key_or_by_what_it_is_called() -> None:
    source = MemorySource()
    web = {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": "web", "namespace": "shop"}}
    source.put(web)
    assert not source.delete(kind="Cluster", name="web")
    assert not source.delete(kind="Cluster", name="web", namespace="shop", group="other.io")
    assert not source.delete(ObjectKey("bootes.io", "Cluster", "default", "web"))
    assert source.delete(kind="Cluster", name="web", namespace="shop", group="bootes.io")
    source.put(web)
    assert source.delete(kind="Cluster", name="web", namespace="shop")
    source.put(web)
    assert source.delete(ObjectKey("bootes.io", "Cluster", "shop", "web"))
    assert not source.delete(ObjectKey("bootes.io", "Cluster", "shop", "web"))


def test_what_the_program_does_with_its_own_object_later_changes_nothing() -> None:
    body = thing("a", value={"list": (1, 2)})
    manifest = MemorySource().put(body)
    body["value"]["list"] = ()
    assert manifest.body["value"] == {"list": [1, 2]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, 'object: the object has no kind (add "kind:", such as "kind: Cluster")'),
        ([], 'object: this document is a list, not an object (an object begins with "apiVersion:" and "kind:")'),
        (
            {"apiVersion": "v1", "kind": "Thing"},
            'object: the Thing has no metadata.name (add "name:" below "metadata:")',
        ),
        (thing("a", labels={"x": 1}), 'Thing default/a: the value of the label "x" is not text (quote it)'),
        (thing("a", value=math.nan), "object: value is a float, which JSON does not have"),
        (thing("a", value=[b""]), "object: value[0] is a bytes, which JSON does not have"),
        (thing("a", value={1: 2}), "object: value has a key that is not text"),
        (
            thing("a", value=["\ud83d"]),
            "object: value[0] has text that holds half of a character (an unpaired surrogate)",
        ),
        (
            thing("a", value={"\ud83d": 2}),
            "object: value has text that holds half of a character (an unpaired surrogate)",
        ),
        (
            "text",
            'object: this document is a single value, not an object (an object begins with "apiVersion:" and "kind:")',
        ),
        (b"", "object: it is a bytes, which JSON does not have"),
    ],
    ids=range(11),
)
def test_garbage_is_refused_in_one_line(body: Any, words: str) -> None:
    with pytest.raises(InvalidResource) as caught:
        MemorySource().put(body)
    assert str(caught.value) == words


def test_an_object_inside_itself_is_refused() -> None:
    body = thing("a")
    body["value"] = body
    with pytest.raises(InvalidResource, match="nested more than 100 levels deep"):
        MemorySource().put(body)


def test_a_place_is_returned_as_it_is() -> None:
    place = Place("a.yaml", 1)
    assert MemorySource().locate(place, ("spec",)) is place
    assert MemorySource().locate(None, ()) is None
