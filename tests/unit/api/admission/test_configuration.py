"""The ValidatingWebhookConfiguration: the one field that is ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from legation.api.admission import configuration

BUNDLE = b"-----BEGIN CERTIFICATE-----\n"
WANTED = base64.b64encode(BUNDLE).decode()


def mended(*webhooks: dict[str, Any]) -> dict[str, Any] | None:
    raw = json.dumps({"metadata": {"name": "a"}, "webhooks": list(webhooks)}).encode()
    return configuration.read(msgspec.Raw(raw)).mended(BUNDLE)


def hook(name: str, **client: str) -> dict[str, Any]:
    return {"name": name, "clientConfig": {"service": {"name": "a", "namespace": "b"}, **client}, "rules": []}


def test_where_all_trust_the_bundle_there_is_nothing_to_do() -> None:
    assert mended(hook("a", caBundle=WANTED), hook("b", caBundle=WANTED)) is None
    assert mended() is None


@pytest.mark.parametrize("other", [{}, {"caBundle": ""}, {"caBundle": "AA=="}])
def test_what_is_applied_is_that_field_alone_of_every_webhook(other: dict[str, str]) -> None:
    assert mended(hook("a", caBundle=WANTED), hook("b", **other)) == {
        "webhooks": [
            {"name": "a", "clientConfig": {"caBundle": WANTED}},
            {"name": "b", "clientConfig": {"caBundle": WANTED}},
        ]
    }
