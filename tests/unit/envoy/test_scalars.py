"""Single values: what each kind of field takes, and what becomes of it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.findings import Misfit
from legation.envoy.scalars import converter, duration


def convert(message: str, field: str, value: Any) -> Any:
    descriptor = types.find(message)
    assert descriptor is not None
    return converter(descriptor.fields_by_name[field])(value)


@pytest.mark.parametrize(
    ("text", "seconds", "nanos"),
    [
        ("1s", 1, 0),
        ("0.25s", 0, 250_000_000),
        ("-1.5s", -1, -500_000_000),
        ("-0.000000001s", 0, -1),
        ("315576000000s", 315_576_000_000, 0),
    ],
)
def test_a_duration_is_seconds_and_nanoseconds(text: str, seconds: int, nanos: int) -> None:
    assert duration(text) == (seconds, nanos)


@pytest.mark.parametrize(
    "text",
    ["", "1", "s", "1 s", "1m", "500ms", ".5s", "1.s", "+1s", "1e1s", "1.1234567890s", "315576000001s", "\u0661s"],
)
def test_what_envoy_does_not_take_for_a_duration_is_none(text: str) -> None:
    with pytest.raises(Misfit, match="not a duration"):
        duration(text)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (4.0, 4),
        ("7", 7),
        ("-5", -5),
        ("1e3", 1000),
        ("6.0", 6),
        ("+5", 5),
        ("5.", 5),
        ("010", 10),
        ("0x10", 16),
        ("-0X1f", -31),
        (-(1 << 31), -(1 << 31)),
    ],
)
def test_a_whole_number_may_be_written_in_several_ways(value: Any, number: int) -> None:
    assert convert("google.protobuf.Int32Value", "value", value) == number


@pytest.mark.parametrize(
    "value",
    [1 << 31, 1.5, math.nan, math.inf, "1e999", "x", "", " 5", "1_0", "0b1", "0o7", "1e-1", True, None, [], "9" * 500],
)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(Misfit):
        convert("google.protobuf.Int32Value", "value", value)


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5.0), ("2.5", 2.5), (".5", 0.5), ("1.", 1.0), ("+1", 1.0), (" 1", 1.0), ("0x10", 16.0), (1e300, 1e300)],
)
def test_a_number_may_be_written_in_several_ways(value: Any, number: float) -> None:
    assert convert("google.protobuf.DoubleValue", "value", value) == number


@pytest.mark.parametrize("text", ["NaN", "nan", "-nan", "Infinity", "-Infinity", "inf", " +INF "])
def test_what_is_not_finite_may_crash_envoy_and_is_refused(text: str) -> None:
    with pytest.raises(Misfit, match="not finite"):
        convert("google.protobuf.DoubleValue", "value", text)


@pytest.mark.parametrize(
    ("text", "truth"), [("True", True), ("yes", True), ("T", True), ("1", True), ("no", False), ("0", False)]
)
def test_a_boolean_may_be_written_in_several_ways(text: str, *, truth: bool) -> None:
    assert convert("google.protobuf.BoolValue", "value", text) is truth


@pytest.mark.parametrize("value", [0, 1, "on", "off", "", "true ", None, [True]])
def test_what_is_no_boolean_is_refused(value: Any) -> None:
    with pytest.raises(Misfit):
        convert("google.protobuf.BoolValue", "value", value)


@pytest.mark.parametrize("value", [math.nan, math.inf, "1e400", "x", False, None, {}, 10**320, "0x"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(Misfit):
        convert("google.protobuf.DoubleValue", "value", value)


def test_a_number_too_large_for_32_bits_is_refused() -> None:
    with pytest.raises(Misfit, match="out of range"):
        convert("google.protobuf.FloatValue", "value", 1e39)


@pytest.mark.parametrize("text", ["+/8=", "+/8", "-_8=", "-_8"])
def test_bytes_are_base64_in_either_alphabet_with_or_without_padding(text: str) -> None:
    assert convert("google.protobuf.BytesValue", "value", text) == b"\xfb\xff"


@pytest.mark.parametrize("value", ["not base64!", "a", 5, None, "ü"])
def test_what_is_no_base64_is_refused(value: Any) -> None:
    with pytest.raises(Misfit):
        convert("google.protobuf.BytesValue", "value", value)
