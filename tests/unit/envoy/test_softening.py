"""What rules miss beside something unknown is no error; what breaks them is one."""

from __future__ import annotations

import pytest

from legation.envoy.findings import Finding
from legation.envoy.reading import LEFT_OUT
from legation.envoy.softening import softened
from legation.model.objects import FieldPath
from legation.model.problems import Level

JSON = {"a": {"unknown": 1, "there": 0, "below": {"x": 1}}, "b": {}}


@pytest.mark.parametrize(
    ("path", "level"),
    [
        (("a",), Level.WARNING),
        (("a", "missing"), Level.WARNING),
        (("a", "there"), Level.ERROR),
        (("a", "below"), Level.ERROR),
        (("a", "below", "missing"), Level.ERROR),
        (("b", "missing"), Level.ERROR),
        ((), Level.ERROR),
    ],
)
def test_only_what_may_be_said_by_the_unknown_is_softened(path: FieldPath, level: Level) -> None:
    unknown = Finding(level=Level.WARNING, code="unknown-field", path=("a", "unknown"), message="unknown")
    found = Finding(code="constraint", path=path, message="must be set")
    assert [each.level for each in softened([found], JSON, [unknown])] == [level]


@pytest.mark.parametrize(
    "unknown",
    [
        Finding(level=Level.WARNING, code="unknown-field", path=("a", "unknown"), message=f"x{LEFT_OUT}"),
        Finding(level=Level.WARNING, code="duplicate-field", path=("a", "unknown"), message="x"),
    ],
    ids=["left out", "known"],
)
def test_what_is_not_sent_excuses_nothing(unknown: Finding) -> None:
    found = Finding(code="constraint", path=("a", "missing"), message="must be set")
    assert list(softened([found], JSON, [unknown])) == [found]
