"""Which field an Envoy's words mean."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.pointed import pointed, quoted_in
from legation.model.objects import FieldPath

CLUSTER: dict[str, Any] = {
    "name": "web",
    "cluster_type": {"name": "envoy.clusters.imaginary"},
    "loadAssignment": {"cluster_name": "web", "endpoints": [{"address": "no.address.example"}]},
    "ciphers": ["ECDHE-RSA-AES1024", "AES128-SHA"],
    "header": {"value": "from %CLIENT_IP(4)%"},
    "per_filter": {"envoy.filters.http.cors": {}},
    "twice": ["the-same", "the-same"],
    "policies": [{"name": "mine"}],
    "library": {"windowBits": 8},
    "regex": "/(a{1,100}){1,10}",
}


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (
            "Didn't find a registered cluster factory implementation for name: 'envoy.clusters.imaginary'",
            ("cluster_type", "name"),
        ),
        ("malformed IP address: no.address.example.", ("loadAssignment", "endpoints", 0, "address")),
        ("Failed to initialize cipher suites ECDHE-RSA-AES1024. The following", ("ciphers", 0)),
        ("Not supported field in StreamInfo: CLIENT_IP", ("header", "value")),
        ("The filter envoy.filters.http.cors doesn't support it", ("per_filter", "envoy.filters.http.cors")),
        ("no load balancer for cluster: 'web' with names from [mine]", ("policies", 0, "name")),
        ("regex '/(a", ("regex",)),
        (
            "validation failed (AValidationError.Library: bad | caused by BValidationError.WindowBits: x)",
            ("library", "windowBits"),
        ),
    ],
    ids=["quoted", "at the end", "in a list", "a command of a format", "a key", "in brackets", "cut", "a rule"],
)
def test_what_the_words_quote_is_found_where_it_stands_once(words: str, path: FieldPath) -> None:
    assert pointed(CLUSTER, words, but={"web"}) == path


@pytest.mark.parametrize(
    "words",
    [
        "it is 'the-same' as before",
        "script load error",
        "nothing of 'this-kind' is known",
        "(CValidationError.Missing: must be set)",
        "Error adding/updating cluster(s) web: no",
        "neither AES128-SHA nor no.address.example",
    ],
    ids=["twice", "no quote", "nowhere", "a rule for what is not there", "its own name", "two"],
)
def test_what_is_not_clear_is_not_guessed(words: str) -> None:
    assert pointed(CLUSTER, words, but={"web"}) == ()


def test_what_no_object_holds_has_no_field() -> None:
    assert pointed(None, "Unknown 'x.y'") == ()


def body(text: str) -> bytes:
    return b"\x0a" + bytes((len(text),)) + text.encode()


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ("script load error: [string \"function f(h\"]:1: ')' expected near '<eof>'", {"half"}),
        ('script load error: [string "function f(h..."]:7: no', {"half", "whole"}),
        ("unable to add filesystem watch for file /nowhere/: No such file or directory", {"file"}),
        ("unable to add filesystem watch for file /etc/: No such file or directory", {"one", "other"}),
        ("'/etc/b.pem' is no '/etc/' as it should be", {"other"}),
        ("no reason, and 'nobody' is quoted", set()),
    ],
    ids=["a whole string", "a beginning", "a folder", "of several", "the fewest", "nobody"],
)
def test_whose_content_is_quoted_is_meant(message: str, meant: set[str]) -> None:
    bodies = {
        "half": body("function f(h"),
        "whole": body("function f(h) end"),
        "file": body("/nowhere/a.pem"),
        "one": body("/etc/a.pem"),
        "other": body("/etc/b.pem"),
    }
    assert set(quoted_in(message, bodies)) == meant


def test_a_long_string_is_found_too() -> None:
    script = "x" * 200
    assert quoted_in(f"'{script}'", {"one": body("y"), "two": b"\xc8\x01" + script.encode()}) == ("two",)
