"""The table of the Envoys that are connected."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from legation.cli.proxies import proxies
from legation.cli.proxy_table import table


def proxy(node: str, port: int, **status: Any) -> dict[str, Any]:
    """Return an Envoy with one type, as the admin port tells it."""
    told = {"type": "Cluster", "sent": "c0ffee", "accepted": "c0ffee", "pending_for": None, "refused": [], **status}
    return {"node": node, "group": "default", "address": f"ipv4:127.0.0.1:{port}", "types": [told]}


def shown(*connected: dict[str, Any]) -> list[list[str]]:
    """Return the words of each line."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table(list(connected)))
    return [line.split() for line in capture.get().splitlines() if line.strip(" ─")]


def test_envoys_that_their_node_ids_tell_apart_need_no_address() -> None:
    """The address changes with each connection, and is noise."""
    heading, first, second = shown(proxy("edge-1", 1001), proxy("edge-2", 1002))
    assert "address" not in heading
    assert first == ["edge-1", "default", "Cluster", "c0ffee", "c0ffee"]
    assert second[0] == "edge-2"


def test_where_two_envoys_say_that_they_are_one_node_each_is_shown_with_its_address() -> None:
    """Two copies of one bootstrap."""
    heading, *lines = shown(proxy("edge", 1002), proxy("edge", 1001), proxy("other", 1003))
    assert heading[:3] == ["Envoy", "address", "group"]
    assert [line[:2] for line in lines] == [
        ["edge", "ipv4:127.0.0.1:1001"],
        ["edge", "ipv4:127.0.0.1:1002"],
        ["other", "ipv4:127.0.0.1:1003"],
    ]


@pytest.mark.parametrize(("together", "words"), [(1, "bad c0ffee: no"), (3, "perhaps bad c0ffee: no")])
def test_who_may_only_be_meant_is_marked(together: int, words: str) -> None:
    """Envoy did not say which resource it refuses."""
    refused = {"name": "bad", "version": "c0ffee", "object": None, "reason": "no", "together": together}
    _, line = shown(proxy("edge", 1001, refused=[refused]))
    assert " ".join(line).endswith(words)


@pytest.mark.parametrize("flags", [[], ["--loads"]])
@pytest.mark.parametrize("connected", [[], [{**proxy("edge", 1001), "loads": []}]])
def test_replicas_that_did_not_answer_are_named(
    monkeypatch: pytest.MonkeyPatch, connected: list[dict[str, Any]], flags: list[str]
) -> None:
    """What they would have shown is missing."""
    replicas = {"asked": 3, "answered": 2, "silent": ["10.0.0.3"]}
    answer = {"proxies": connected, "turned_away": [], "replicas": replicas}
    monkeypatch.setattr("legation.cli.asking.ask", lambda *_: answer)
    lines = CliRunner().invoke(proxies, flags, catch_exceptions=False).output.splitlines()
    assert lines[-1] == "2 of 3 replicas answered; silent: 10.0.0.3"


def test_where_all_replicas_answered_nothing_is_said_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where there is only one."""
    for more in ({}, {"replicas": {"asked": 2, "answered": 2, "silent": []}}):
        answer = {"proxies": [], "turned_away": [], **more}
        monkeypatch.setattr("legation.cli.asking.ask", lambda *_, answer=answer: answer)
        assert CliRunner().invoke(proxies, [], catch_exceptions=False).output == "no Envoy is connected\n"


DENIED = {
    "node": "db-1.shop",
    "address": "ipv4:10.0.0.1:4711",
    "proof": "the token of shop/web",
    "cause": "other-node",
    "status": "PERMISSION_DENIED",
    "reason": "it is another one",
    "served": False,
    "times": 3,
    "ago": 5.0,
}


def asked(monkeypatch: pytest.MonkeyPatch, denied: list[dict[str, Any]], *flags: str) -> str:
    answer = {"proxies": [], "turned_away": [], "denied": denied}
    monkeypatch.setattr("legation.cli.asking.ask", lambda *_: answer)
    return CliRunner().invoke(proxies, flags, catch_exceptions=False).output


def test_who_was_refused_for_its_identity_is_listed_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, [DENIED, {**DENIED, "node": "", "served": True, "times": 1}], "--denied")
    first, second = found.splitlines()
    assert first == (
        "denied 5 s ago (3 times): db-1.shop at ipv4:10.0.0.1:4711, which showed the token of shop/web: other-node:"
        " PERMISSION_DENIED: it is another one"
    )
    assert second.startswith("would be denied: no node at ipv4:10.0.0.1:4711")
    assert asked(monkeypatch, [], "--denied") == "no client was refused for its identity lately\n"


def test_that_there_are_such_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(monkeypatch, [DENIED, {**DENIED, "served": True}])
    assert found.splitlines()[1:] == [
        "denied for their identity lately: 1; see them with --denied",
        "served, and denied if identities were enforced: 1; see them with --denied",
    ]


def test_a_server_of_the_release_before_knows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legation.cli.asking.ask", lambda *_: {"proxies": [], "turned_away": []})
    assert "no client was refused" in CliRunner().invoke(proxies, ["--denied"], catch_exceptions=False).output
