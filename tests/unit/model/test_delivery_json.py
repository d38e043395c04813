"""Deliveries as JSON and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.model.delivery import Deliveries, Delivery, Refusal
from legation.model.delivery_json import from_json, to_json
from legation.model.objects import ObjectKey

COUNTS = st.integers(0, 2000)
TEXTS = st.text(max_size=5)
REFUSALS = st.lists(st.builds(Refusal, node=TEXTS, resource=TEXTS, words=TEXTS), max_size=5).map(tuple)
DELIVERIES = st.builds(Delivery, matching=COUNTS, accepted=COUNTS, refused=COUNTS, refusals=REFUSALS)
KEYS = st.builds(ObjectKey, TEXTS, TEXTS, TEXTS, TEXTS)
TOLD = st.builds(
    Deliveries,
    epoch=TEXTS,
    number=COUNTS,
    whole=st.booleans(),
    objects=st.dictionaries(KEYS, st.none() | st.tuples(st.none() | COUNTS, DELIVERIES), max_size=4),
)

ONE = Deliveries(
    epoch="e",
    number=7,
    whole=True,
    objects={
        ObjectKey("g", "K", "n", "gone"): None,
        ObjectKey("g", "K", "n", "it"): (
            3,
            Delivery(matching=2, accepted=1, refused=1, refusals=(Refusal(node="a", resource="b", words="c"),)),
        ),
    },
)


@given(TOLD)
def test_what_is_told_arrives(told: Deliveries) -> None:
    assert from_json(json.loads(json.dumps(to_json(told)))) == told


def test_how_it_looks() -> None:
    assert to_json(ONE) == {
        "epoch": "e",
        "number": 7,
        "whole": True,
        "objects": [
            {"group": "g", "kind": "K", "namespace": "n", "name": "gone", "counts": None},
            {
                "group": "g",
                "kind": "K",
                "namespace": "n",
                "name": "it",
                "counts": {"served": 3, "matching": 2, "accepted": 1, "refused": 1, "refusals": [["a", "b", "c"]]},
            },
        ],
    }


@pytest.mark.parametrize("value", [None, [], {}, "text", 7, {"epoch": "e", "number": 1, "whole": True}])
def test_what_is_something_else_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="these are no deliveries"):
        from_json(value)


@pytest.mark.parametrize("path", ["epoch", "number", "whole", "objects"])
@pytest.mark.parametrize("value", [None, -1, 1.5, {"a": "b"}])
def test_a_field_of_another_type_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match="these are no deliveries"):
        from_json({**to_json(ONE), path: value})


@pytest.mark.parametrize("field", ["served", "matching", "accepted", "refused", "refusals"])
@pytest.mark.parametrize("value", ["1", True, -1, [1], [["a", "b"]], [["a", "b", 3]]])
def test_a_count_that_is_none_is_refused(field: str, value: Any) -> None:
    told = to_json(ONE)
    told["objects"][1]["counts"][field] = value
    with pytest.raises(ValueError, match="these are no deliveries"):
        from_json(told)
