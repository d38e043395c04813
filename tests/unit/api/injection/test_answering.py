"""What the API server is answered about a Pod."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from legation.api.admission.review import ALLOWED, answer, read_review
from legation.api.injection.answering import answering
from tests.unit.api.admission.reviews import review
from tests.unit.api.injection.pods import DEFAULTS, injected, pod
from tests.unit.api.injection.test_patching import applied


def asked(value: dict[str, Any], **request: Any) -> bytes:
    """Return the question about a Pod."""
    named = {**value, "apiVersion": "v1", "kind": "Pod"}
    named["metadata"] = {"name": "", "namespace": "shop", **value["metadata"]}
    return review(named, **request)


def test_a_pod_is_patched_into_what_it_is_to_be() -> None:
    request = read_review(asked(pod()))
    found = json.loads(answer(request, answering(DEFAULTS)(request)))["response"]
    assert (found["allowed"], found["patchType"]) == (True, "JSONPatch")
    given = json.loads(bytes(request.object))
    assert applied(given, json.loads(base64.b64decode(found["patch"]))) == injected(given).pod
    assert "warnings" not in found


def test_one_that_has_its_sidecar_is_not_patched() -> None:
    request = read_review(asked(dict(injected(pod()).pod)))
    assert answering(DEFAULTS)(request) == ALLOWED
    assert "patch" not in json.loads(answer(request, ALLOWED))["response"]


def test_an_annotation_that_cannot_be_read_is_refused_with_its_field() -> None:
    request = read_review(asked(pod(annotations={"wait": "long"})))
    found = json.loads(answer(request, answering(DEFAULTS)(request)))["response"]
    assert not found["allowed"]
    (cause,) = found["status"]["details"]["causes"]
    assert cause["field"] == 'metadata.annotations["legation.dev/wait"]'
    assert "long" not in str(found)


@pytest.mark.parametrize(
    "request_",
    [{"subResource": "ephemeralcontainers"}, {"operation": "UPDATE"}, {"kind": {"group": "a", "kind": "Pod"}}],
)
def test_what_is_no_new_pod_is_let_pass(request_: dict[str, Any]) -> None:
    assert answering(DEFAULTS)(read_review(asked(pod(), **request_))) == ALLOWED


def test_one_that_is_nested_too_deep_is_let_pass() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    assert answering(DEFAULTS)(read_review(asked({**pod(), "deep": deep}))) == ALLOWED
