"""Nothing secret in any output: what each test puts out is searched for the keys and tokens that were made.

A test that shows one fails when it is over, with the place and not the key. In every worker of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.secrecy import keys, outputs
from tests.secrecy.needles import Needles


class Secrecy:
    """The scan of one process."""

    def __init__(self) -> None:
        self.needles = Needles()
        self._heard: dict[str, str] = {}
        """What was put out, and where first: much is said again and again."""
        self._undo: list[keys.Undo] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "shows_keys(reason): the test is about what must not be shown, and shows it")
        self._undo = [keys.watch(self.needles), outputs.listen(self.hear, self.needles)]

    def pytest_unconfigure(self) -> None:
        while self._undo:
            self._undo.pop()()

    def hear(self, where: str, text: str) -> None:
        """Keep what is put out until the test is over: a key may be noted later than it is shown."""
        if text:
            self._heard.setdefault(text, where)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report: pytest.TestReport = yield
        if call.when == "teardown" and (found := self._look(item, report)):
            report.outcome = "failed"
            report.longrepr = f"{report.longreprtext}\n{found}".strip()
        return report

    def _look(self, item: pytest.Item, report: pytest.TestReport) -> str:
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if isinstance(folder, Path):
            keys.note_files(self.needles, folder)
            outputs.of_files(folder, self.hear)
        for name, text in report.sections:
            self.hear(name, text)
        heard, self._heard = self._heard, {}
        if item.get_closest_marker("shows_keys") is not None:
            return ""
        lines = [f"{where} shows {what}" for text, where in heard.items() if (what := self.needles.found_in(text))]
        return "\n".join(("Something secret was put out:", *sorted(set(lines)))) if lines else ""
