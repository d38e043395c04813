"""Files that nobody looks into."""

from __future__ import annotations

import sys

from legation.transports.files.plain_steps import PlainSteps


def written(steps: PlainSteps) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Have the next step done."""
    step = steps.next(0.0)
    assert step is not None
    steps.written(0.0)
    return dict(step.puts), step.removes


def test_all_that_changed_goes_at_once_and_nothing_else() -> None:
    steps = PlainSteps()
    assert steps.next(0.0) is None
    steps.retarget({"a": b"1", "b": b"1"}, 0.0)
    assert (steps.complete, steps.settled) == (False, False)
    assert written(steps) == ({"a": b"1", "b": b"1"}, ())
    assert (steps.complete, steps.settled) == (True, True)
    assert steps.next(0.0) is None
    assert steps.deadline() is None
    steps.retarget({"a": b"1", "b": b"2"}, 0.0)
    assert written(steps) == ({"b": b"2"}, ())


def test_what_is_referred_to_comes_first() -> None:
    steps = PlainSteps()
    names = ["lds.yaml", "rds.yaml", "cds.yaml", "eds.json", "sds.yaml", "notes", "edge-RDS.json", "records", "needs"]
    steps.retarget(dict.fromkeys(names, b""), 0.0)
    puts, _ = written(steps)
    assert list(puts) == [
        "sds.yaml", "eds.json", "cds.yaml", "needs", "notes", "records", "edge-RDS.json", "rds.yaml", "lds.yaml",
    ]  # fmt: skip


def test_what_is_not_wanted_any_more_is_forgotten_and_stays() -> None:
    """Else what was in it would be kept for as long as the program runs."""
    steps, content = PlainSteps(), b"1" * 1000
    steps.retarget({"a": content}, 0.0)
    written(steps)
    before = sys.getrefcount(content)
    steps.retarget({"b": b"1"}, 0.0)
    assert sys.getrefcount(content) < before
    assert written(steps) == ({"b": b"1"}, ())
    # When it comes back the writer sees whether it stands there.
    steps.retarget({"a": content}, 0.0)
    assert written(steps) == ({"a": content}, ())


def test_what_failed_is_done_again_with_what_is_newer() -> None:
    steps = PlainSteps()
    steps.retarget({"a": b"1", "b": b"1"}, 0.0)
    steps.next(0.0)
    steps.failed()
    assert not steps.complete
    steps.retarget({"a": b"1", "c": b"1"}, 0.0)
    assert written(steps) == ({"a": b"1", "c": b"1"}, ())


def test_what_was_there_before_a_failure_is_written_again() -> None:
    steps = PlainSteps()
    steps.retarget({"a": b"1"}, 0.0)
    written(steps)
    steps.retarget({"a": b"2"}, 0.0)
    steps.next(0.0)
    steps.failed()
    steps.retarget({"a": b"1"}, 0.0)
    assert written(steps) == ({"a": b"1"}, ())
