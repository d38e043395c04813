"""Who owns which field: what the pages of Kubernetes say of server-side apply, case by case.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from legation.errors import OwnedField, VersionConflict
from legation.model.stored import Outcome, StoredObject
from legation.sources.stored.applying import Hand, Result, applied, at_revision
from legation.sources.stored.given import read_all
from tests.unit.sources.stored.stored_things import MOMENT, thing


class Step(NamedTuple):
    """Somebody applies something."""

    manager: str
    spec: Any
    then: Any
    """What the spec is then; a list of conflicts ("path manager") if nothing comes of it."""
    force: bool = False
    metadata: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it


def apply(
    live: StoredObject | None, body: dict[str, Any], *, manager: str = "me", force: bool = False, moment: str = MOMENT
) -> Result | list[OwnedField]:
    (given,) = read_all([body])
    return applied(live, given, hand=Hand(manager=manager, force=force, moment=moment), uid="uid-1")


def stored(result: Result | list[OwnedField], revision: int = 1) -> StoredObject:
    assert isinstance(result, Result)
    return at_revision(result.stored, revision) if result.outcome is not Outcome.UNCHANGED else result.stored


CASES: dict[str, Sequence[Step]] = {
    "what a manager leaves out goes": (
        Step("a", {"x": 1, "y": 2}, {"x": 1, "y": 2}),
        Step("a", {"x": 1}, {"x": 1}),
    ),
    "what somebody else owns too stays, with whoever is left": (
        Step("a", {"x": 1, "y": 2}, {"x": 1, "y": 2}),
        Step("b", {"y": 2}, {"x": 1, "y": 2}),
        Step("a", {"x": 1}, {"x": 1, "y": 2}),
        Step("b", {"z": 1}, {"x": 1, "z": 1}),
    ),
    "another value for somebody's field is a conflict": (
        Step("a", {"replicas": 3}, {"replicas": 3}),
        Step("b", {"replicas": 5}, ["spec.replicas a"]),
        Step("a", {"replicas": 4}, {"replicas": 4}),
    ),
    "force takes the field, and who lost it does not take it with it": (
        Step("a", {"x": 1, "replicas": 3}, {"x": 1, "replicas": 3}),
        Step("b", {"replicas": 5}, {"x": 1, "replicas": 5}, force=True),
        Step("a", {"x": 2}, {"x": 2, "replicas": 5}),
        Step("a", {"x": 2, "replicas": 3}, ["spec.replicas b"]),
        Step("b", {"replicas": 6}, {"x": 2, "replicas": 6}),
    ),
    "what was taken by force goes when who took it gives it up": (
        Step("a", {"x": 1, "m": {"y": 1}}, {"x": 1, "m": {"y": 1}}),
        Step("b", {"m": {"y": 2}}, {"x": 1, "m": {"y": 2}}, force=True),
        Step("b", {}, {"x": 1, "m": {}}),
        Step("a", {"x": 1}, {"x": 1}),
    ),
    "to transfer a field: both say it, then one leaves it out": (
        Step("user", {"x": 1, "replicas": 3}, {"x": 1, "replicas": 3}),
        Step("scaler", {"replicas": 3}, {"x": 1, "replicas": 3}),
        Step("user", {"x": 1}, {"x": 1, "replicas": 3}),
        Step("scaler", {"replicas": 7}, {"x": 1, "replicas": 7}),
    ),
    "a shared field is nobody's to change alone": (
        Step("a", {"x": 1}, {"x": 1}),
        Step("b", {"x": 1}, {"x": 1}),
        Step("a", {"x": 2}, ["spec.x b"]),
        Step("b", {"x": 2}, ["spec.x a"]),
    ),
    "every owner of every field is named": (
        Step("a", {"x": 1, "m": {"y": 1}}, {"x": 1, "m": {"y": 1}}),
        Step("b", {"x": 1}, {"x": 1, "m": {"y": 1}}),
        Step("c", {"x": 2, "m": {"y": 2, "z": 3}}, ["spec.x a", "spec.x b", "spec.m.y a"]),
    ),
    "lists are owned as a whole": (
        Step("a", {"list": [1, 2]}, {"list": [1, 2]}),
        Step("b", {"list": [1, 2, 3]}, ["spec.list a"]),
        Step("b", {"list": [1, 2]}, {"list": [1, 2]}),
        Step("a", {}, {"list": [1, 2]}),
        Step("b", {"list": [{"x": 1}]}, {"list": [{"x": 1}]}),
        Step("b", {"list": [{"y": 1}]}, {"list": [{"y": 1}]}),
    ),
    "maps are owned name by name": (
        Step("a", {"m": {"x": 1}}, {"m": {"x": 1}}),
        Step("b", {"m": {"y": 2}}, {"m": {"x": 1, "y": 2}}),
        Step("a", {"m": {}}, {"m": {"y": 2}}),
        Step("a", {}, {"m": {"y": 2}}),
        Step("b", {}, {}),
    ),
    "a map that nobody owns anything of goes, one that is owned empty stays": (
        Step("a", {"m": {"n": {"x": 1}}, "e": {}}, {"m": {"n": {"x": 1}}, "e": {}}),
        Step("a", {"e": {}}, {"e": {}}),
    ),
    "a value in place of a map is a conflict for all who own something of the map": (
        Step("a", {"m": {"x": 1}}, {"m": {"x": 1}}),
        Step("b", {"m": 5}, ["spec.m a"]),
        Step("b", {"m": 5}, {"m": 5}, force=True),
        Step("a", {}, {"m": 5}),
        Step("a", {"m": {"x": 1}}, ["spec.m b"]),
    ),
    "a manager may change the kind of its own value": (
        Step("a", {"m": {"x": 1}}, {"m": {"x": 1}}),
        Step("a", {"m": [1]}, {"m": [1]}),
        Step("a", {"m": {"y": 1}}, {"m": {"y": 1}}),
        Step("a", {"m": {}}, {"m": {}}),
        Step("a", {"m": None}, {"m": None}),
    ),
    "1, 1.0 and true are not the same value": (
        Step("a", {"x": 1}, {"x": 1}),
        Step("b", {"x": True}, ["spec.x a"]),
        Step("b", {"x": 1.0}, ["spec.x a"]),
    ),
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
def test_ownership(steps: Sequence[Step]) -> None:
    live: StoredObject | None = None
    for number, step in enumerate(steps, 1):
        result = apply(live, thing("a", step.spec), manager=step.manager, force=step.force)
        if isinstance(result, list):
            assert [f"{each.path} {each.manager}" for each in result] == step.then
        else:
            live = stored(result, number)
            assert live.body["spec"] == step.then


def test_a_new_object_gets_what_only_the_store_sets() -> None:
    result = apply(None, thing("a", {"x": 1}, labels={"l": "1"}))
    assert isinstance(result, Result)
    assert result.outcome is Outcome.CREATED
    assert at_revision(result.stored, 7).body == {
        "apiVersion": "bootes.io/v1",
        "kind": "Thing",
        "metadata": {
            "name": "a",
            "namespace": "default",
            "labels": {"l": "1"},
            "uid": "uid-1",
            "generation": 1,
            "creationTimestamp": MOMENT,
            "resourceVersion": "7",
        },
        "spec": {"x": 1},
    }


def test_what_changes_nothing_is_the_very_same_object() -> None:
    live = stored(apply(None, thing("a", {"x": {"y": [1]}}, labels={"l": "1"})))
    result = apply(live, thing("a", {"x": {"y": [1]}}, labels={"l": "1"}), moment="later")
    assert isinstance(result, Result)
    assert (result.outcome, result.stored) == (Outcome.UNCHANGED, live)
    assert result.stored is live


def test_to_own_it_too_is_a_change_of_the_object_but_not_of_what_it_says() -> None:
    live = stored(apply(None, thing("a", {"x": 1})))
    result = apply(live, thing("a", {"x": 1}), manager="other", moment="later")
    assert isinstance(result, Result)
    assert result.outcome is Outcome.CHANGED
    assert result.stored.generation == 1
    assert [(each.manager, each.time) for each in result.stored.owners] == [("me", MOMENT), ("other", "later")]


def test_the_generation_counts_what_is_no_metadata() -> None:
    live = stored(apply(None, thing("a", {"x": 1})))
    live = stored(apply(live, thing("a", {"x": 1}, labels={"l": "1"})))
    assert (live.generation, live.labels) == (1, {"l": "1"})
    live = stored(apply(live, thing("a", {"x": 2}, labels={"l": "1"})))
    assert live.generation == 2
    live = stored(apply(live, thing("a", {"x": 2})))
    assert (live.generation, live.labels) == (2, {})
    live = stored(apply(live, thing("a")))
    assert (live.generation, live.body["spec"]) == (3, {})


def test_labels_and_annotations_are_owned_one_by_one() -> None:
    live = stored(apply(None, thing("a", labels={"x": "1", "y": "1"}, annotations={"note": "n"}), manager="a"))
    live = stored(apply(live, thing("a", labels={"z": "1"}), manager="b"))
    live = stored(apply(live, thing("a", labels={"x": "1"}), manager="a"))
    assert live.labels == {"x": "1", "z": "1"}
    assert "annotations" not in live.body["metadata"]
    assert apply(live, thing("a", labels={"x": "2"}), manager="b") == [
        OwnedField(index=0, path="metadata.labels.x", manager="a")
    ]


def test_who_gives_up_everything_is_no_owner_any_more() -> None:
    live = stored(apply(None, thing("a", {"x": 1})))
    body = {"apiVersion": "bootes.io/v1", "kind": "Thing", "metadata": {"name": "a"}}
    live = stored(apply(live, body))
    assert live.owners == ()
    assert "spec" not in live.body
    assert live.body["metadata"]["uid"] == "uid-1"


def test_managed_fields_are_shown_as_kubernetes_shows_them() -> None:
    live = stored(apply(None, thing("a", {"x": 1, "m": {"y": [1]}, "e": {}}, labels={"l": "1"}), manager="kubectl"))
    assert live.managed_fields() == [
        {
            "manager": "kubectl",
            "operation": "Apply",
            "apiVersion": "bootes.io/v1",
            "time": MOMENT,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {"f:l": {}}},
                "f:spec": {"f:x": {}, "f:m": {"f:y": {}}, "f:e": {}},
            },
        }
    ]


@pytest.mark.parametrize(
    ("said", "of", "found"),
    [
        ({"resourceVersion": "4"}, "resourceVersion", "5"),
        ({"uid": "other"}, "uid", "uid-1"),
    ],
)
def test_an_object_that_is_not_the_one_that_was_said_is_left_alone(said: dict[str, str], of: str, found: str) -> None:
    live = stored(apply(None, thing("a", {"x": 1})), 5)
    with pytest.raises(VersionConflict) as caught:
        apply(live, thing("a", {"x": 2}, **said), force=True)
    assert (caught.value.of, caught.value.wanted, caught.value.found) == (of, *said.values(), found)
    with pytest.raises(VersionConflict) as caught:
        apply(None, thing("a", {"x": 2}, **said))
    assert caught.value.found == ""


def test_an_object_that_is_the_one_that_was_said_is_changed() -> None:
    live = stored(apply(None, thing("a", {"x": 1})), 5)
    assert stored(apply(live, thing("a", {"x": 2}, resourceVersion="5", uid="uid-1"))).body["spec"] == {"x": 2}


def test_what_was_stored_before_is_never_changed() -> None:
    live = stored(apply(None, thing("a", {"m": {"x": 1, "y": 2}}), manager="a"))
    before = repr(live.body), repr(live.owners)
    apply(live, thing("a", {"m": {"x": 2}}), manager="b", force=True)
    apply(live, thing("a", {"m": {}}), manager="a")
    assert (repr(live.body), repr(live.owners)) == before
