"""What keeps an object from going, for how long, and until when that is told."""

from __future__ import annotations

from dataclasses import replace

from legation.errors import KubeError, KubeForbidden
from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.model.objects import ObjectKey
from legation.status.departures import Departures, is_denied

PIPES = ApiKind(group="example.com", version="v1", kind="Pipe", plural="pipes", finalizer="example.com/delete")
FORBIDDEN = KubeForbidden(403, "Forbidden", "you may not")
INVALID = KubeError(422, "Invalid", "spec.port: too large")


def leaving(name: str = "a", *, namespace: str = "shop", generation: int = 2) -> ObjectState:
    return ObjectState(
        key=ObjectKey("example.com", "Pipe", namespace, name),
        uid=f"uid-of-{name}",
        generation=generation,
        served=generation,
        deleting=True,
        withdrawn=True,
        finalizers=(PIPES.finalizer,),
    )


def test_a_right_is_missing_in_one_namespace_and_told_until_nobody_waits_for_it() -> None:
    it = Departures()
    assert it.forbidden(leaving(), PIPES, FORBIDDEN, now=0.0)
    assert it.blocks(leaving("b"), PIPES, now=1.0)
    assert not it.blocks(leaving(namespace="edge"), PIPES, now=1.0)
    (problem,) = it.problems()
    assert problem.code == "finalizer-forbidden"
    assert "no Envoy has them any more: you may not" in problem.message
    assert '["example.com"], resources: ["pipes"], verbs: ["get", "patch"]' in problem.mend
    assert not it.forbidden(leaving(), PIPES, FORBIDDEN, now=60.0)
    it.end(leaving().key)
    assert list(it.problems()) == [problem]
    it.end(leaving("b").key)
    assert list(it.problems()) == []
    assert not it.blocks(leaving(), PIPES, now=1.0)


def test_it_is_tried_again_less_and_less_often() -> None:
    it, now, waits = Departures(), 0.0, []
    for _ in range(6):
        assert it.forbidden(leaving(), PIPES, FORBIDDEN, now=now) is (now == 0.0)
        begun = now
        while it.blocks(leaving(), PIPES, now=now):
            now += 10.0
        waits.append(now - begun)
    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]


def test_an_object_that_is_not_taken_blocks_no_other_and_is_tried_again_when_it_is_edited() -> None:
    it = Departures()
    assert it.refused(leaving(), PIPES, INVALID, now=0.0)
    assert it.blocks(leaving(), PIPES, now=59.0)
    assert not it.blocks(leaving("b"), PIPES, now=1.0)
    assert not it.blocks(leaving(generation=3), PIPES, now=1.0)
    assert not it.blocks(replace(leaving(), uid="another"), PIPES, now=1.0)
    (problem,) = it.problems()
    assert (problem.code, problem.object) == ("finalizer-refused", leaving().key)
    assert "spec.port: too large" in problem.message
    it.end(leaving().key)
    assert list(it.problems()) == []


def test_what_a_webhook_or_a_policy_forbids_is_no_missing_right() -> None:
    """In the words of the API server, which says 403 to both."""
    told = {
        'admission webhook "a.example.com" denied the request: no': True,
        "pipes.example.com \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no": True,
        'pipes.example.com "a" is forbidden: User "legation" cannot patch resource "pipes"': False,
    }
    assert {words: is_denied(KubeForbidden(403, "Forbidden", words)) for words in told} == told
