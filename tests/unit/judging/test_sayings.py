from __future__ import annotations

from legation.judging.sayings import Saying, read_log


def test_each_refusal_is_read_with_its_name() -> None:
    said = read_log([
        rb"W cds: cluster \'t-1-\' config rejected: malformed IP address: a.b. Set type to \'STRICT_DNS\'",
        rb"W lds: listener \'t-2-\' config rejected: first line\nsecond\ttab",
        rb"W Filesystem config update rejected: Error adding/updating cluster(s) t-1-: malformed",
        rb"W Filesystem config update rejected: Error adding/updating listener(s) t-2-: first",
    ])  # fmt: skip

    assert said == Saying(
        refused={
            "t-1-": "malformed IP address: a.b. Set type to 'STRICT_DNS'",
            "t-2-": "first line\nsecond\ttab",
        },
        responses=2,
    )


def test_a_response_that_is_refused_as_a_whole_is_told_apart() -> None:
    words = rb"goo.gle/debugstr \nname: \"t-1-\"\n: Proto constraint validation failed (ClusterValidationError.X: y)"

    said = read_log([b"W Filesystem config update rejected: " + words])

    assert said.responses == 1
    assert said.refused == {}
    assert said.all_refused == (
        'goo.gle/debugstr \nname: "t-1-"\n: Proto constraint validation failed (ClusterValidationError.X: y)',
    )


def test_letters_of_other_scripts_are_read() -> None:
    said = read_log([rb"W lds: listener \'t\' config rejected: \303\244\\x \xc3\xa4"])

    assert said.refused == {"t": "ä\\x ä"}


def test_other_lines_say_nothing() -> None:
    assert read_log([b"", b"W something else", rb"E rejected"]) == Saying()
