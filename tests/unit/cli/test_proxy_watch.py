"""Lines that tell what changes at Envoys."""

from __future__ import annotations

from typing import Any

import pytest

from legation.cli.proxy_watch import changes, watch
from legation.cli.where import Unreadable


def envoy(node: str = "edge", group: str = "shop", **status: Any) -> dict[str, Any]:
    told = {"type": "Cluster", "sent": "", "accepted": "", "refused": [], **status}
    return {"node": node, "address": "ipv4:10.0.0.1:1", "group": group, "types": [told] if status else []}


def lines(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    by_key = [{(each["node"], each["address"]): each for each in those} for those in (before, after)]
    return [line.removeprefix("edge at ipv4:10.0.0.1:1: ") for line in changes(*by_key)]


def test_who_comes_moves_and_goes_is_told() -> None:
    assert lines([], [envoy()]) == ["connected, of shop"]
    assert lines([], [{**envoy(), "waits": True}]) == ["connected, of shop, and is told nothing yet"]
    assert lines([envoy()], [envoy(group="far")]) == ["now of far"]
    assert lines([envoy()], []) == ["gone"]
    assert lines([envoy()], [envoy()]) == []


def test_what_is_sent_accepted_and_refused_is_told() -> None:
    sent = envoy(sent="abcdefghij")
    assert lines([envoy()], [sent]) == ["Cluster sent abcdefgh"]
    assert lines([sent], [envoy(sent="abcdefghij", accepted="abcdefghij")]) == ["Cluster accepted abcdefgh"]
    refused = {
        "name": "web",
        "version": "abcdefghij",
        "object": "Cluster shop/web",
        "reason": "too blue",
        "together": 1,
    }
    refusing = envoy(sent="abcdefghij", refused=[refused])
    assert lines([sent], [refusing]) == ["Cluster refused web abcdefgh of Cluster shop/web: too blue"]
    assert lines([refusing], [refusing]) == []
    assert lines([refusing], [sent]) == ["Cluster no longer refuses web abcdefgh"]


def test_that_nobody_answers_is_told_once_and_that_somebody_does_again(capsys: pytest.CaptureFixture[str]) -> None:
    page = {"proxies": [envoy()]}
    no_answer = Unreadable("no answer")
    answers: list[dict[str, Any] | Unreadable] = [page, no_answer, no_answer, page]

    def ask() -> dict[str, Any]:
        if not answers:
            raise KeyboardInterrupt
        answer = answers.pop(0)
        if isinstance(answer, Unreadable):
            raise answer
        return answer

    slept: list[float] = []
    watch(ask, sleep=slept.append)
    told = [line.partition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    assert told == ["edge at ipv4:10.0.0.1:1: connected, of shop", "no answer", "the server answers again"]
    assert slept == [1.0] * 4


def test_who_never_answers_is_an_error() -> None:
    def ask() -> Any:
        raise Unreadable("no answer")

    with pytest.raises(Unreadable):
        watch(ask)
