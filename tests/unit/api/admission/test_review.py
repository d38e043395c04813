"""AdmissionReview in and out."""

from __future__ import annotations

import json

import pytest

from legation.api.admission.review import ALLOWED, Decision, Refusal, answer, read_review
from tests.unit.api.admission.reviews import cluster, request, review


def test_a_review_says_what_is_to_happen_to_which_object() -> None:
    found = read_review(review(cluster(), cluster(connect_timeout="1s"), subResource="status"))
    assert (found.kind.group, found.kind.version, found.kind.kind) == ("bootes.io", "v1", "Cluster")
    assert (found.operation, found.namespace, found.name) == ("UPDATE", "shop", "web")
    assert found.sub_resource == "status"
    assert json.loads(bytes(found.object)) == cluster()
    assert json.loads(bytes(found.old_object)) == cluster(connect_timeout="1s")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}).encode(),
        review(cluster()).replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"),
        review(cluster()).replace(b"AdmissionReview", b"ConversionReview"),
    ],
    ids=["empty", "no-fields", "a-list", "no-text", "deep", "no-request", "version", "kind"],
)
def test_what_is_no_review_of_this_version_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"no AdmissionReview of admission\.k8s\.io/v1"):
        read_review(body)


def test_an_answer_repeats_the_uid_and_says_nothing_more_than_it_has_to() -> None:
    found = json.loads(answer(request(cluster()), ALLOWED))
    assert found == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": True},
    }


def test_a_refusal_is_a_status_as_kubectl_shows_it() -> None:
    refusal = Refusal(message="a: no; b: no", causes=(("a", "no"), ("b", "no")))
    found = json.loads(answer(request(cluster()), Decision(refusal=refusal, warnings=("c",))))["response"]
    assert (found["allowed"], found["warnings"]) == (False, ["c"])
    assert found["status"] == {
        "status": "Failure",
        "message": "a: no; b: no",
        "reason": "Invalid",
        "code": 422,
        "details": {
            "name": "web",
            "group": "bootes.io",
            "kind": "Cluster",
            "causes": [
                {"reason": "FieldValueInvalid", "field": "a", "message": "no"},
                {"reason": "FieldValueInvalid", "field": "b", "message": "no"},
            ],
        },
    }
