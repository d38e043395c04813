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


def mended(*webhooks: dict[str, Any], bundle: bytes | None = BUNDLE, secret: str = "") -> dict[str, Any] | None:
    raw = json.dumps({"metadata": {"name": "a"}, "webhooks": list(webhooks)}).encode()
    return configuration.read(msgspec.Raw(raw)).mended(bundle, secret=secret)


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


def at(path: str | None, name: str = "a", **client: str) -> dict[str, Any]:
    found = hook(name, **client)
    if path is not None:
        found["clientConfig"]["service"]["path"] = path
    return found


@pytest.mark.parametrize("path", [None, "", "/", "/validate", "/validate/other"])
def test_the_path_is_put_right_with_or_without_the_bundle(path: str | None) -> None:
    wanted = {"service": {"path": "/validate/ab"}}
    assert mended(at(path), bundle=None, secret="ab") == {"webhooks": [{"name": "a", "clientConfig": wanted}]}
    assert mended(at(path), secret="ab") == {
        "webhooks": [{"name": "a", "clientConfig": {"caBundle": WANTED, **wanted}}]
    }
    assert mended(at("/validate/ab", caBundle=WANTED), secret="ab") is None
    assert mended(at("/validate/ab"), bundle=None, secret="ab") is None


def test_a_path_that_is_right_stays_ours_when_the_bundle_is_mended() -> None:
    assert mended(at("/validate/ab"), secret="ab") == {
        "webhooks": [{"name": "a", "clientConfig": {"caBundle": WANTED, "service": {"path": "/validate/ab"}}}]
    }


def test_a_path_of_somebody_in_between_stays_and_so_does_an_address_without_a_service() -> None:
    by_url = {"name": "b", "clientConfig": {"url": "https://a"}}
    assert mended(at("/proxy/validate"), by_url, bundle=None, secret="ab") is None
