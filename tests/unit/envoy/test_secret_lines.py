"""Which lines are not shown to anybody."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import envoy
import pytest
from udpa.annotations import sensitive_pb2

from legation.envoy.secret_lines import SENSITIVE, secret_lines
from legation.envoy.sensitive import ALSO_SENSITIVE, SECRET_KEY


def hidden(text: str) -> list[int]:
    return sorted(secret_lines(text.splitlines()))


def sensitive_fields() -> Iterator[str]:
    for module in pkgutil.walk_packages(envoy.__path__, "envoy."):
        if module.name.endswith("_pb2") and ".v3" in module.name:
            for message in importlib.import_module(module.name).DESCRIPTOR.message_types_by_name.values():
                yield from of_message(message)


def of_message(message: Any) -> Iterator[str]:
    for field in message.fields:
        if field.GetOptions().Extensions[sensitive_pb2.sensitive] and field.name != "typed_config":
            yield field.name
    for inner in message.nested_types:
        yield from of_message(inner)


def test_every_field_that_the_protos_mark_is_known() -> None:
    """By its name: the keys of a text are all that there is."""
    names = {*sensitive_fields(), *(each.rpartition(".")[2] for each in ALSO_SENSITIVE)}
    assert len(names) > 15
    assert {name for name in names if not SECRET_KEY.search(name)} <= SENSITIVE
    for name in names:
        assert hidden(f"a: 1\n{name}: hunter2\nb: 2") == [2], name


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
