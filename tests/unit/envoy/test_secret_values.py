"""Objects as their owners wrote them, without their secrets."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.secret_values import hidden, marks

HUSH = "hush hush"


SECRETS = pytest.mark.parametrize(
    "value",
    [
        {"private_key": {"inline_string": HUSH}},
        {"privateKey": {"inlineString": HUSH}},
        {"generic_secret": {"secret": {"inline_bytes": HUSH}}},
        {"session_ticket_keys": {"keys": [{"inline_bytes": HUSH}]}},
        {"basic": {"users": {"inline_string": HUSH}}},
        {"headers": [{"key": "authorization", "value": HUSH}]},
        {"match": {"headers": [{"name": "x-api-key", "string_match": {"exact": HUSH}}]}},
        {"data": {"envoy.yaml": f"a: 1\npassword: {HUSH}\nb: 2\n"}},
        {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": HUSH}}},
        {"uri": f"https://me:{HUSH.replace(' ', '')}@host/"},
        {"path": f"/check?token={HUSH.replace(' ', '')}"},
        {"inline_string": f'local api_key = "{HUSH}"\nreturn 1'},
    ],
)


@SECRETS
def test_what_may_be_a_secret_is_not_shown(value: Any) -> None:
    shown = str(hidden({"spec": value}))
    assert HUSH not in shown
    assert HUSH.replace(" ", "") not in shown


def test_all_else_stays_as_it_is() -> None:
    body = {
        "apiVersion": "bootes.io/v1",
        "metadata": {"name": "token-service", "namespace": "shop"},
        "spec": {
            "config": {
                "name": "token-service",
                "connect_timeout": "1s",
                "numbers": [1, 2.5, True, None],
                "tls_certificate_sds_secret_configs": [{"name": "pair"}],
                "headers": [{"key": "x-colour", "value": "blue"}],
                "path": "/check?colour=blue",
            }
        },
    }
    assert hidden(body) == body


def test_of_a_text_of_many_lines_only_those_are_hidden_that_may_hold_one() -> None:
    assert hidden("a: 1\npassword: x\nb: 2") == "a: 1\n[redacted]\nb: 2"


def test_of_a_secret_of_kubernetes_nothing_is_shown_but_the_names() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVzaA=="}, "stringData": {"b": "hush"}, "type": "x"}
    mark = "[redacted]"
    assert hidden(secret) == {**secret, "data": {"a": mark}, "stringData": {"b": mark}}
    # As much as that is shown of what others call so.
    assert hidden({"kind": "ConfigMap", "data": {"a": "hush"}}) == {"kind": "ConfigMap", "data": {"a": "hush"}}
    assert hidden({"kind": "Secret", "data": None}) == {"kind": "Secret", "data": None}


# Whether something was hidden


@SECRETS
def test_where_something_was_hidden_is_found(value: Any) -> None:
    shown = hidden({"spec": value})
    # This annotation is left out as a whole: nobody writes it back.
    assert bool(list(marks(shown))) is ("metadata" not in value)
    assert not list(marks({"spec": value}))


def test_each_mark_is_found_by_its_path() -> None:
    shown = hidden({"spec": {"a": [{"password": "x"}, {"text": "a: 1\npassword: x\n"}], "token": "y", "b": "z"}})
    assert list(marks(shown)) == [("spec", "a", 0, "password"), ("spec", "a", 1, "text"), ("spec", "token")]


@pytest.mark.parametrize("text", ["", "redacted", "see [redacted] below", "a\nwas: [redacted]"])
def test_who_only_speaks_of_the_mark_loses_nothing(text: str) -> None:
    assert not list(marks({"spec": {"text": text}}))
