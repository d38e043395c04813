"""The table of scalars. Its right column is what Go's sigs.k8s.io/yaml v1.6.0 answered to `v: <left column>`."""

from __future__ import annotations

import json

import pytest

from legation.texts.kubectl_yaml import YamlFault, load

GO_SAYS = {
    # Words.
    "yes": "true",
    "Yes": "true",
    "YES": "true",
    "on": "true",
    "On": "true",
    "y": "true",
    "Y": "true",
    "true": "true",
    "True": "true",
    "TRUE": "true",
    "tRUE": '"tRUE"',
    "no": "false",
    "off": "false",
    "OFF": "false",
    "n": "false",
    "N": "false",
    "false": "false",
    "~": "null",
    "null": "null",
    "Null": "null",
    "NULL": "null",
    "": "null",
    "nULL": '"nULL"',
    '"yes"': '"yes"',
    "'on'": '"on"',
    "=": '"="',
    "<<": '"<<"',
    "Infinity": '"Infinity"',
    "NaN": '"NaN"',
    # Whole numbers.
    "1": "1",
    "+1": "1",
    "-1": "-1",
    "-0": "0",
    "00": "0",
    "01": "1",
    "0777": "511",
    "-0777": "-511",
    "08": "8",
    "0o17": "15",
    "0O17": "15",
    "-0o17": "-15",
    "0o8": '"0o8"',
    "0x1F": "31",
    "0X1f": "31",
    "-0x1F": "-31",
    "+0x1F": "31",
    "0xg": '"0xg"',
    "0b101": "5",
    "0B101": "5",
    "-0b101": "-5",
    "0b2": '"0b2"',
    "1_000": "1000",
    "1_000_": "1000",
    "1__0": "10",
    "_1000": '"_1000"',
    "+_1": "1",
    "0x_1F": "31",
    "0b_1": "1",
    "0_7": "7",
    "9223372036854775807": "9223372036854775807",
    "9223372036854775808": "9223372036854775808",
    "18446744073709551615": "18446744073709551615",
    "-9223372036854775808": "-9223372036854775808",
    "0xFFFFFFFFFFFFFFFF": "18446744073709551615",
    "0x1FFFFFFFFFFFFFFFF": '"0x1FFFFFFFFFFFFFFFF"',
    # Other numbers.
    "1.5": "1.5",
    "1.0": "1",
    "1.": "1",
    "0.": "0",
    ".5": "0.5",
    "+.5": "0.5",
    "-.5": "-0.5",
    "1e3": "1000",
    "1E3": "1000",
    "1e+3": "1000",
    "1e-3": "0.001",
    "1.5e3": "1500",
    "3.0e2": "300",
    "1e21": "1e+21",
    "1e400": '"1e400"',
    "1e-400": "0",
    "1.7976931348623157e308": "1.7976931348623157e+308",
    "1_0.5": "10.5",
    "0.1_5": "0.15",
    "123456789.123456789": "123456789.12345679",
    "123456789012345678901234567890": "1.2345678901234568e+29",
    # Text that looks like a number.
    "+": '"+"',
    ".": '"."',
    ".e": '".e"',
    "1e": '"1e"',
    "e3": '"e3"',
    "+-1": '"+-1"',
    "1.2.3": '"1.2.3"',
    "._1": '"._1"',
    "1:30": '"1:30"',
    "190:20:30": '"190:20:30"',
    "1:30.5": '"1:30.5"',
    "2026-10-18": '"2026-10-18"',
    "2026-10-18T10:00:00Z": '"2026-10-18T10:00:00Z"',
    "2026-10-18 10:00:00": '"2026-10-18 10:00:00"',
    # Tags.
    "!!str yes": '"yes"',
    "!!str 1": '"1"',
    "!!str": '""',
    '!!int "1"': "1",
    "!!int 0x10": "16",
    "!!float 1": "1",
    '!!float "1.5"': "1.5",
    '!!bool "true"': "true",
    "!!bool on": "true",
    '!!null ""': "null",
    "!!binary aGVsbG8=": '"hello"',
    "!!binary gIGC": '"\\ufffd\\ufffd\\ufffd"',
    "!!timestamp 2026-10-18": '"2026-10-18"',
    "!!set {a, b}": '{"a":null,"b":null}',
    "!!omap [a: 1]": '[{"a":1}]',
    "!foo bar": '"bar"',
    "!foo {a: 1}": '{"a":1}',
    "!!python/object:os.system x": '"x"',
}

GO_SAYS_OF_KEYS = {
    "1": "1",
    "1.5": "1.5",
    "1.0": "1",
    "1e3": "1000",
    "true": "true",
    "yes": "true",
    "n": "false",
    "2026-10-18": "2026-10-18",
    "0x10": "16",
    "010": "8",
    '"1"': "1",
    "? a\n": "a",
}

GO_REFUSES = (
    ".inf",
    ".Inf",
    "-.inf",
    "+.INF",
    ".nan",
    ".NaN",
    "!!int 1.5",
    "!!int abc",
    "!!float abc",
    "!!null abc",
    "@x",
    "`x",
    "%x",
    "a: b",
)


@pytest.mark.parametrize("text", GO_SAYS)
def test_a_scalar_is_what_kubectl_makes_of_it(text: str) -> None:
    # repr tells 1 from 1.0 and from true.
    assert repr(load(f"v: {text}\n").value) == repr({"v": json.loads(GO_SAYS[text])})


@pytest.mark.parametrize("text", GO_SAYS_OF_KEYS)
def test_a_key_is_text(text: str) -> None:
    assert load(f"{text}: v\n").value == {GO_SAYS_OF_KEYS[text]: "v"}


@pytest.mark.parametrize("text", GO_REFUSES)
def test_what_kubectl_refuses_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(YamlFault) as caught:
        load(f"first: 1\nv: {text}\n")
    assert caught.value.line in {2, 3}
    assert caught.value.column >= 1


@pytest.mark.parametrize("text", ["!!binary x", "!!bool 1", "!!int true"])
def test_a_tag_before_something_else_is_refused(text: str) -> None:
    with pytest.raises(YamlFault, match="the tag !!"):
        load(f"v: {text}\n")


@pytest.mark.parametrize("text", ["123456789012345678901234567890", "1e400", "0x1F", "08", "9" * 5000])
def test_no_spelling_of_a_number_becomes_an_infinity(text: str) -> None:
    value = load(f"v: {text}\n").value["v"]
    assert json.loads(json.dumps(value)) == value
