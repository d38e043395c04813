"""Envoys as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from legation.cli.proxy_table import load_table, span, table

if TYPE_CHECKING:
    from rich.table import Table


def shown(made: Table) -> list[str]:
    """Return the lines, the words one space apart."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(made)
    return [" ".join(line.split()) for line in capture.get().splitlines() if line.strip(" ─")][1:]


def proxy(**more: Any) -> dict[str, Any]:
    return {"node": "edge", "group": "shop", "address": "ipv4:127.0.0.1:1", "types": [], "loads": [], **more}


def status(**more: Any) -> dict[str, Any]:
    told = {"type": "Cluster", "sent": "c0ffee", "accepted": "c0ffee", "since": None}
    return {**told, "pending_for": None, "refused": [], **more}


def refusal(number: int) -> dict[str, Any]:
    return {"name": f"web-{number}", "version": "c0ffee", "object": None, "reason": "no", "together": 1}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "120 min"),
        (7_200, "2 h"),
        (172_800, "2 d"),
    ],
)
def test_a_time_is_told_in_the_largest_unit_that_says_enough(seconds: float | None, words: str) -> None:
    assert span(seconds) == words


def test_an_envoy_stands_in_the_first_of_its_lines_alone() -> None:
    first, second = shown(table([proxy(types=[status(since=3.0), status(type="Listener", sent="", accepted="")])]))
    assert first == "edge shop Cluster c0ffee c0ffee 3 s"
    assert second == "Listener"


def test_one_that_was_sent_nothing_has_a_line_too() -> None:
    assert shown(table([proxy()])) == ["edge shop"]


def test_versions_are_cut_and_it_is_told_for_how_long_there_is_no_answer() -> None:
    (line,) = shown(table([proxy(types=[status(sent="b" * 24, accepted="a" * 24, pending_for=2.4)])]))
    assert line == "edge shop Cluster bbbbbbbb aaaaaaaa (waiting 2 s)"


def test_of_many_refusals_the_first_are_told_and_the_others_counted() -> None:
    lines = shown(table([proxy(types=[status(refused=[refusal(number) for number in range(7)])])]))
    assert [line.split()[-3:] for line in lines[1:5]] == [[f"web-{each}", "c0ffee:", "no"] for each in range(1, 5)]
    assert lines[-1] == "and 2 more"


def test_a_refusal_names_its_object_and_why_it_is_not_offered_again() -> None:
    one = {**refusal(1), "object": "Cluster shop/web", "parked": "it names none"}
    (line,) = shown(table([proxy(types=[status(refused=[one])])]))
    assert line.endswith("web-1 c0ffee of Cluster shop/web: no (parked: it names none)")


def test_the_words_of_an_envoy_do_not_steer_the_terminal() -> None:
    (line,) = shown(table([proxy(types=[status(refused=[{**refusal(1), "reason": "\x1b[2J[bold]no"}])])]))
    assert line.endswith("\N{REPLACEMENT CHARACTER}[2J[bold]no")


def test_the_busiest_cluster_comes_first() -> None:
    rates = {"errors_per_second": 1.0, "dropped_per_second": 0.04, "in_progress": 3}
    loads = [
        {"cluster": "idle", "requests_per_second": 0.0, **rates},
        {"cluster": "web", "requests_per_second": 12.34, **rates},
    ]
    assert shown(load_table([proxy(loads=loads)])) == ["edge shop web 12.3 1.0 0.0 3", "idle 0.0 1.0 0.0 3"]
