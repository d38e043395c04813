"""Objects as their owners wrote them, without their secrets."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.secret_values import hidden

HUSH = "hush hush"


@pytest.mark.parametrize(
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
    ],
)
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
            }
        },
    }
    assert hidden(body) == body


def test_of_a_text_of_many_lines_only_those_are_hidden_that_may_hold_one() -> None:
    assert hidden("a: 1\npassword: x\nb: 2") == "a: 1\n[redacted]\nb: 2"
