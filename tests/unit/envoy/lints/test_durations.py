from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from legation.envoy.lints.durations import nanoseconds


def test_no_digit_of_a_duration_is_lost() -> None:
    assert nanoseconds(Duration(seconds=315_576_000_000, nanos=1)) == 315_576_000_000_000_000_001
    assert nanoseconds(Duration()) == 0
