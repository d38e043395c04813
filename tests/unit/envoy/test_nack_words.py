"""What is shown of an Envoy's words, and what never is."""

from __future__ import annotations

import pytest

from legation.envoy.nack_words import LONGEST, show_words


@pytest.mark.parametrize(
    "message",
    [
        "Error adding/updating cluster(s) b1: malformed IP address: not-an-ip. Consider setting resolver_name",
        "Only a single wildcard domain is permitted in route r-bad",
        "Error adding/updating listener(s) 127.0.0.1:8080: cannot bind '0.0.0.0:8080': Address already in use",
        "Didn't find a registered implementation for 'envoy.filters.http.foo' with type URL: 'a.b'",
    ],
    ids=["cluster", "route", "address", "extension"],
)
def test_words_without_content_are_shown_as_they_came(message: str) -> None:
    assert show_words(message, secret=False) == message


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            'Proto constraint validation failed (ClusterValidationError.Name: too short): \nname:  "s3cret"\n',
            "Proto constraint validation failed (ClusterValidationError.Name: too short)",
        ),
        (
            "Proto constraint validation failed (A.B: x): type: EDS lb_policy: S3CRET",
            "Proto constraint validation failed (A.B: x)",
        ),
        (
            'goo.gle/debugproto  \nname: "s3cret"\nlb {\n}\n: Proto constraint validation failed (A.B: must be > 0s)',
            "Proto constraint validation failed (A.B: must be > 0s)",
        ),
        (
            'Error adding listener a: goo.gle/debugonly \nb: "s3cret"\n: Proto constraint validation failed (A.B: x)',
            "Error adding listener a: Proto constraint validation failed (A.B: x)",
        ),
        ("Unable to unpack as a.B: [type.googleapis.com/a.C] { s3cret }", "Unable to unpack as a.B"),
        ("Unable to parse: goo.gle/debugonly s3cret: 1", "Unable to parse"),
        ('bad value "s3cret" for field', 'bad value "…" for field'),
        ('bad value "s3cr', 'bad value "…"'),
        ("bad weight: 7", "bad"),
        ("bad weights: [7, 8]", "bad weights"),
        (
            """script load error: [string "s3cret('x')..."]:1: unexpected symbol near 's3cret'""",
            'script load error: [string "…"]:1: unexpected symbol near "…"',
        ),
        ("""script load error: [string "f(h) { s3cret"]:1: x""", 'script load error: [string "…"'),
    ],
    ids=[
        "constraint",
        "constraint-enum",
        "dump-first",
        "dump-first-after-names",
        "any",
        "debug-mark",
        "quoted",
        "quoted-open",
        "number",
        "list",
        "lua",
        "lua-brace",
    ],
)
def test_what_may_be_content_is_cut(message: str, shown: str) -> None:
    assert show_words(message, secret=False) == shown


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Failed to load private key from <inline>, Cause: x", "Failed to load private key from <inline>, Cause: x"),
        ("Invalid PEM MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAo", "Invalid PEM"),
        ("unexpected hunter2", "unexpected"),
        ("hunter2 is bad", "its words are withheld, they may hold the secret"),
    ],
    ids=["reason", "base64", "password", "nothing-left"],
)
def test_of_a_secret_only_the_leading_plain_words_are_shown(message: str, shown: str) -> None:
    assert show_words(message, secret=True) == shown


def test_words_without_an_end_are_cut() -> None:
    assert len(show_words("no " * 1000, secret=False)) <= LONGEST


def test_long_words_keep_their_end_where_the_cause_stands() -> None:
    chain = "A.B: embedded message failed validation | caused by " * 20
    shown = show_words(f"Proto constraint validation failed ({chain}C.D: value must be greater than 0s)", secret=False)
    assert shown.startswith("Proto constraint validation failed")
    assert shown.endswith("C.D: value must be greater than 0s)")
    assert len(shown) <= LONGEST


def test_no_words_at_all_are_said_to_be_none() -> None:
    assert show_words("", secret=False) == "no reason given"
