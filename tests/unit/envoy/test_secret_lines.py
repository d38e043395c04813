"""Which lines are not shown to anybody."""

from __future__ import annotations

import pytest

from legation.envoy.secret_lines import secret_lines


def hidden(text: str) -> list[int]:
    return sorted(secret_lines(text.splitlines()))


@pytest.mark.parametrize("key", ["users", "contextExtensions", '"json_key"', "password"])
def test_a_key_that_names_a_secret_hides_its_line(key: str) -> None:
    assert hidden(f"a: 1\n{key}: hunter2\nb: 2") == [2]


def test_what_stands_below_such_a_key_is_hidden_and_what_is_beside_it_is_not() -> None:
    """In blocks, in JSON of many lines, and in lists that are not further in than their key."""
    assert hidden("a:\n  private_key:\n    inline_string: x\n\n    b: y\n  c: z") == [2, 3, 5]
    assert hidden('{\n"privateKey": {\n"inline_string": "x"\n},\n"c": 1\n}') == [2, 3, 4]
    assert hidden("keys:\n- inline_bytes: x\n- y\nc: 1") == [1, 2, 3]
    assert hidden("- password: |\n    x\n    y\n  c: 1") == [1, 2, 3]
    assert hidden("a: {certificate_chain: {}, private_key: {inline_string: x}}\nb: 1") == [1]


def test_a_secret_object_is_hidden_as_a_whole() -> None:
    """And nothing of the documents around it."""
    text = "kind: Cluster\na: 1\n---\nkind: Secret\ndata: {a: b}\n---\nkind: Cluster"
    assert hidden(text) == [3, 4, 5]
    assert hidden('{"kind": "List",\n "items": [\n{"kind": "Secret"}]}') == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----",
        'value: "Bearer abcdefgh"',
        "url: https://me:hunter2@example.org",
        "key: authorization\nvalue: hunter2",
        "header_name: x-api-key\nvalue: hunter2",
    ],
)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(text: str) -> None:
    """The key beside it may be any."""
    lines = text.count("\n") + 1
    assert hidden(f"a: 1\nb: 2\nc: 3\n{text}\n")[-lines:] == list(range(4, 4 + lines))


@pytest.mark.parametrize(
    "line",
    [
        "token_bucket: {max_tokens: 1}",
        "tls_certificate_sds_secret_configs: [{name: a}]",
        "allow_credentials: true",
        "secretName: tls",
        "kind: SecretProviderClass",
        "connect_timeout: 5s",
        "basic: true",
    ],
)
def test_what_only_sounds_like_one_is_shown(line: str) -> None:
    """A line that is not shown helps nobody."""
    assert hidden(line) == []
