"""Command lines as Go reads them; the rows were given to Go's own `flag` package."""

from __future__ import annotations

import pytest

from legation.crossover.go_flags import Flag, FlagFault, FlagSet, HelpWanted, Kind

_FLAGS = FlagSet(
    "program",
    (
        Flag(name="watch", kind=Kind.SWITCH, usage="follow"),
        Flag(name="insecure", kind=Kind.SWITCH, usage="trust"),
        Flag(name="namespace", kind=Kind.TEXT, default="shop", usage="where"),
        Flag(name="output-dir", kind=Kind.TEXT, usage="whither"),
        Flag(name="configmap", kind=Kind.TEXTS, usage="which"),
        Flag(name="sync-interval", kind=Kind.DURATION, default="1m0s", usage="how often"),
        Flag(name="port", kind=Kind.NUMBER, default="0", usage="port"),
    ),
)


@pytest.mark.parametrize(
    "arguments", [("-namespace", "a"), ("--namespace", "a"), ("-namespace=a",), ("--namespace=a",)]
)
def test_a_flag_has_one_dash_or_two_and_its_value_behind_it_or_behind_an_equals_sign(
    arguments: tuple[str, ...],
) -> None:
    assert _FLAGS.parse(arguments).text("namespace") == "a"


@pytest.mark.parametrize("value", ["1", "t", "T", "true", "TRUE", "True"])
def test_words_that_switch_on(value: str) -> None:
    assert _FLAGS.parse([f"-watch={value}"]).switch("watch")


@pytest.mark.parametrize("value", ["0", "f", "F", "false", "FALSE", "False"])
def test_words_that_switch_off(value: str) -> None:
    assert not _FLAGS.parse(["-watch", f"--watch={value}"]).switch("watch")


def test_what_is_not_given_has_its_default() -> None:
    parsed = _FLAGS.parse([])
    assert (parsed.text("namespace"), parsed.text("output-dir"), parsed.switch("watch")) == ("shop", "", False)
    assert (parsed.texts("configmap"), parsed.nanoseconds("sync-interval")) == ((), 60_000_000_000)
    assert (parsed.number("port"), parsed.ignored) == (0, ())


def test_a_switch_takes_no_value_from_the_next_word_which_ends_the_flags() -> None:
    parsed = _FLAGS.parse(["-watch", "false", "-insecure", "-namespace=b"])
    assert parsed.switch("watch")
    assert not parsed.switch("insecure")
    assert parsed.text("namespace") == "shop"
    assert parsed.ignored == ("false", "-insecure", "-namespace=b")


@pytest.mark.parametrize(
    ("arguments", "ignored"),
    [
        (["-watch", "--", "-nope"], ("-nope",)),
        (["-watch", "-", "-nope"], ("-", "-nope")),
        (["-watch", "", "-nope"], ("", "-nope")),
        (["-watch", "word"], ("word",)),
    ],
)
def test_what_ends_the_flags(arguments: list[str], ignored: tuple[str, ...]) -> None:
    assert _FLAGS.parse(arguments).ignored == ignored


def test_a_value_may_look_like_a_flag_or_hold_an_equals_sign_or_be_empty() -> None:
    assert _FLAGS.parse(["-namespace", "-watch"]).text("namespace") == "-watch"
    assert _FLAGS.parse(["-namespace=a=b"]).text("namespace") == "a=b"
    assert not _FLAGS.parse(["-namespace="]).text("namespace")
    assert not _FLAGS.parse(["-namespace", ""]).text("namespace")


def test_the_last_one_wins_and_a_flag_for_many_keeps_all_in_order() -> None:
    parsed = _FLAGS.parse(["-namespace=a", "--configmap", "x,y", "-namespace", "b", "-configmap=z", "-configmap=z"])
    assert parsed.text("namespace") == "b"
    assert parsed.texts("configmap") == ("x,y", "z", "z")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-nope"], "flag provided but not defined: -nope"),
        (["--nope=1"], "flag provided but not defined: -nope"),
        (["-namespace"], "flag needs an argument: -namespace"),
        (["---namespace"], "bad flag syntax: ---namespace"),
        (["-=a"], "bad flag syntax: -=a"),
        (["--="], "bad flag syntax: --="),
        (["-watch=yes"], 'invalid boolean value "yes" for -watch: parse error'),
        (["-watch="], 'invalid boolean value "" for -watch: parse error'),
        (["-sync-interval=30"], 'invalid value "30" for flag -sync-interval: parse error'),
        (["-sync-interval", ""], 'invalid value "" for flag -sync-interval: parse error'),
        (["-port", "http"], 'invalid value "http" for flag -port: parse error'),
    ],
)
def test_mistakes_are_told_in_gos_words(arguments: list[str], words: str) -> None:
    with pytest.raises(FlagFault) as caught:
        _FLAGS.parse(arguments)
    assert str(caught.value) == words


@pytest.mark.parametrize("word", ["-h", "--h", "-help", "--help", "-help=1"])
def test_help_may_be_asked_for(word: str) -> None:
    with pytest.raises(HelpWanted):
        _FLAGS.parse(["-watch", word, "-nope"])


def test_help_is_not_asked_for_behind_the_flags() -> None:
    assert _FLAGS.parse(["word", "-h"]).ignored == ("word", "-h")


def test_the_usage_has_all_flags_by_name_as_go_prints_it() -> None:
    lines = _FLAGS.usage().splitlines()
    assert lines[:7] == [
        "Usage of program:",
        "  -configmap value",
        "    \twhich",
        "  -insecure",
        "    \ttrust",
        "  -namespace string",
        '    \twhere (default "shop")',
    ]
    assert lines[-4:] == ["  -sync-interval duration", "    \thow often (default 1m0s)", "  -watch", "    \tfollow"]
    assert "  -port int" in lines
