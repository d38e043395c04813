"""What a running server is asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from legation.cli.answers import Live
from legation.cli.where import Unreadable
from legation.errors import TransportError


class Server:
    """Answers every question alike, and notes it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, list[tuple[str, str]]]] = []

    def ask(self, admin: str | None, path: str) -> Any:
        assert admin == "localhost:1"
        parts = urlsplit(path)
        self.asked.append((parts.path, parse_qsl(parts.query)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def live(monkeypatch: pytest.MonkeyPatch, answer: Any) -> tuple[Live, Server]:
    server = Server(answer)
    monkeypatch.setattr("legation.cli.asking.ask", server.ask)
    return Live("localhost:1"), server


def test_names_of_any_form_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, server = live(monkeypatch, {"blame": []})
    asked.blame_resource("Cluster", "a b&c=d/é")
    asked.blame_object("Cluster shop/web")
    assert server.asked == [
        ("/blame", [("type", "Cluster"), ("name", "a b&c=d/é")]),
        ("/blame", [("object", "Cluster shop/web")]),
    ]


def test_many_contents_are_asked_for_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request has a longest line."""
    asked, server = live(monkeypatch, {"resources": [{"type": "Cluster", "name": "c1", "version": "1", "json": {}}]})
    found = asked.contents(("Cluster", f"c{number}") for number in range(700))
    assert [len(query) for _, query in server.asked] == [300, 300, 100]
    assert found == {("Cluster", "c1", "1"): {}}


def test_an_envoy_of_another_replica_is_asked_about_by_what_is_known_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, server = live(monkeypatch, {"resources": []})
    envoy = {"node": "edge", "namespace": "shop", "labels": {"app": "edge"}}
    asked.versions_for(envoy)
    asked.versions_for({**envoy, "replica": "10.0.0.2"})
    own, other = (query for _, query in server.asked)
    assert own == [("node", "edge"), ("config", "0")]
    assert other == [*own, ("namespace", "shop"), ("label", "app=edge")]


@pytest.mark.parametrize("answer", [TransportError("nobody answers"), [], {}, {"objects": {}}])
def test_what_is_no_answer_is_told_as_such(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    asked, _ = live(monkeypatch, answer)
    with pytest.raises(Unreadable, match=r"nobody answers|is it older\?"):
        asked.objects()


def test_it_is_known_which_replicas_were_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = live(monkeypatch, {"blame": [], "replicas": {"asked": 2, "answered": 1, "silent": ["10.0.0.2"]}})
    asked.blame_object("Cluster web")
    assert asked.replicas is not None
    assert asked.replicas["silent"] == ["10.0.0.2"]
