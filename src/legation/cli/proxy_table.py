"""Envoys as tables: what each was sent, accepted and refused, and the load that each reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from legation.cli import printing
from legation.cli.printing import short_version

if TYPE_CHECKING:
    from rich.table import Table

_REFUSED_SHOWN = 5
"""Refused resources of one type at one Envoy."""


def load_table(connected: list[dict[str, Any]]) -> Table:
    """Return what the Envoys told of their load, the busiest cluster of each first."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table("Envoy", "group", "cluster", box=box.SIMPLE)
    for column in ("requests/s", "errors/s", "dropped/s", "in progress"):
        made.add_column(column, justify="right")
    for proxy in sorted(connected, key=lambda each: (each["node"], each["address"])):
        who = (proxy["node"], proxy["group"])
        for load in sorted(proxy["loads"], key=lambda each: (-each["requests_per_second"], each["cluster"])):
            rates = (load[f"{each}_per_second"] for each in ("requests", "errors", "dropped"))
            row = (*who, load["cluster"], *(f"{each:.1f}" for each in rates), str(load["in_progress"]))
            made.add_row(*(Text(printing.printable(each)) for each in row))
            who = ("", "")
    return made


def table(connected: list[dict[str, Any]]) -> Table:
    """Return what the admin port tells of the Envoys, with their addresses where node ids do not tell them apart."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    ambiguous = len({each["node"] for each in connected}) < len(connected)
    where = ("address",) if ambiguous else ()
    columns = ("Envoy", *where, "group", "type", "sent", "accepted", "since", "refused and why")
    made = Table(*columns, box=box.SIMPLE)
    for proxy in sorted(connected, key=lambda each: (each["node"], each["address"])):
        who = (proxy["node"], *((proxy["address"],) if ambiguous else ()), proxy["group"])
        for status in proxy["types"] or [{"type": "", "sent": "", "accepted": "", "refused": []}]:
            sent, accepted, ago = short_version(status["sent"]), _accepted(status), span(status.get("since"))
            row = (*who, status["type"], sent, accepted, ago, _refused(status))
            made.add_row(*(Text("\n".join(printing.printable(line) for line in each.split("\n"))) for each in row))
            who = ("",) * len(who)
    return made


def span(seconds: float | None) -> str:
    """Return a time as people say it: `12 s`, `5 min`, `3 h`, `2 d`; empty where nobody knows."""
    if seconds is None:
        return ""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _accepted(status: dict[str, Any]) -> str:
    waiting = status.get("pending_for")
    return short_version(status["accepted"]) + (f" (waiting {waiting:.0f} s)" if waiting is not None else "")


def _refused(status: dict[str, Any]) -> str:
    lines = [
        ("perhaps " if each["together"] > 1 else "")
        + f"{each['name']} {short_version(each['version'])}"
        + (f" of {each['object']}" if each["object"] else "")
        + f": {each['reason']}"
        + (f" (parked: {each['parked']})" if each.get("parked") else "")
        for each in status["refused"]
    ]
    more = len(lines) - _REFUSED_SHOWN
    return "\n".join([*lines[:_REFUSED_SHOWN], *([f"and {more} more"] if more > 0 else [])])
