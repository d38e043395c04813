"""Writes docs/protocol.md: the table of rows, and for each the tests that have just shown it, in which variants.

`--check` writes nothing and says what differs. What is said of tests comes from running them: without a test
that passed for each row there is no page.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.spec.rows.row import ALL, ALL_ADS, ALL_DELTA, ALL_OWN, ALL_SOTW, Row, Section
from tests.spec.rows.table import LEFT_OUT, ROWS, SECTIONS
from tests.spec.variants import ORDER

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "protocol.md"

_NAMED = re.compile(r"test_a(\d+)_(\d+)_")

_SHORT = {
    ALL: "all four",
    ALL_SOTW: "state of the world",
    ALL_DELTA: "delta",
    ALL_ADS: "ADS, both variants",
    ALL_OWN: "own streams, both variants",
}
"""How variants are called that go together."""

_HEAD = """\
# The protocol

What the xDS protocol asks of a server, row by row, what legation does, and the tests that show it. This page is written
from the table and the run of those tests (`make protocol`), and a test holds it against them.

*Must*: a client breaks without it. *Should*: it is served worse. *May*: an extension that some clients use. A row is
tested in all four variants of gRPC where nothing else is said: state of the world (SotW) and delta, on one aggregated
stream (ADS) and on a stream for each type. `A1.1` and the like are our own numbers of the rows, by which tests and
comments name them, and anchors on this page (`#a1.1`).
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A test that passed."""

    name: str
    number: str
    """The row that it is named after."""
    variants: frozenset[str]


@dataclass(slots=True)
class Recorder:
    """A pytest plugin: what ran, and what failed."""

    passed: dict[str, set[str]] = field(default_factory=dict)
    """Names of tests, and the variants that all their cases have spoken in together."""
    failed: list[str] = field(default_factory=list)
    _called: set[str] = field(default_factory=set)
    """The cases whose own code came to its end; one that is skipped has none, and is torn down all the same."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a test; its variants are known when it is torn down."""
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self._called.add(report.nodeid)
        elif report.when == "teardown" and report.nodeid in self._called:
            name = report.nodeid.rpartition("::")[2].partition("[")[0]
            variants = dict(report.user_properties).get("variants", ())
            self.passed.setdefault(name, set()).update(variants if isinstance(variants, list) else ())


def run() -> list[Ran]:
    """Run the tests of the rows.

    Raises:
        RuntimeError: One of them failed.
    """
    recorder = Recorder()
    options = ["-q", "-n0", "-pno:randomly", "-pno:cacheprovider", f"--rootdir={ROOT}"]
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        pytest.main([*options, str(ROOT / "tests" / "spec")], plugins=[recorder])
    if recorder.failed or not recorder.passed:
        raise RuntimeError(f"not all tests of the rows pass: {recorder.failed}\n{told.getvalue()}")
    rows = {name: match for name in recorder.passed if (match := _NAMED.match(name))}
    return [
        Ran(name, f"A{match[1]}.{match[2]}", frozenset(recorder.passed[name])) for name, match in sorted(rows.items())
    ]


def faults(ran: Collection[Ran]) -> list[str]:
    """Return what the table claims and no test has shown, and tests of rows that the table lacks."""
    known = {row.number for row in ROWS}
    found = [f"{each.name}: there is no row {each.number}" for each in ran if each.number not in known]
    for row in ROWS:
        tests = _of(row, ran)
        lacking = set(row.variants).difference(*(each.variants for each in tests))
        if not tests:
            found.append(f"{row.number}: no test has shown it")
        elif lacking:
            found.append(f"{row.number}: no test speaks in {', '.join(sorted(lacking))}")
    return found


def page(ran: Collection[Ran]) -> str:
    """Return the page."""
    sections = ("\n".join(_section(section, ran)) for section in SECTIONS)
    left_out = "\n".join(("## Left out", "", *(f"{number}: {why}" for number, why in LEFT_OUT.items()), ""))
    return "\n".join((_HEAD, *sections, left_out))


def _section(section: Section, ran: Collection[Ran]) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    yield "| | The protocol asks | legation | Source |"
    yield "| --- | --- | --- | --- |"
    for row in section.rows:
        anchor = f'<a id="{row.number.lower()}"></a>{row.number}'
        yield f"| {anchor} {row.strength} | {row.asks} | {row.answer} | {row.source} |"
    yield ""
    yield "Tests:"
    yield ""
    for row in section.rows:
        tests = ", ".join(f"`{each.name}`" for each in _of(row, ran))
        yield f"- {row.number}{_where(row)}: {tests}"
    yield ""


def _of(row: Row, ran: Collection[Ran]) -> list[Ran]:
    return [each for each in ran if each.number == row.number]


def _where(row: Row) -> str:
    """Return in brackets over what the row was tested, but for the usual four variants."""
    if row.variants == ALL:
        return ""
    return (
        f" ({row.tested})"
        if row.tested
        else f" ({_SHORT.get(row.variants) or ', '.join(sorted(row.variants, key=ORDER.index))})"
    )


def main(arguments: Collection[str]) -> int:
    """Write the page if nothing is wrong, or check it. Returns the exit status."""
    ran = run()
    written = PAGE.read_text() if PAGE.exists() else ""
    new = page(ran)
    wrong = faults(ran)
    if "--check" in arguments:
        lines = difflib.unified_diff(written.splitlines(), new.splitlines(), "committed", "from the tests", lineterm="")
        wrong += [*lines]
    elif not wrong:
        PAGE.write_text(new)
    for each in wrong:
        print(each)
    if wrong and written != new and "--check" in arguments:
        print("`make protocol` writes the page anew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
