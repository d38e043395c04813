"""The webhook configurations: whom the API server trusts when it asks the webhooks. Pure.

It knows the one field that is ours in them, `caBundle`. It refuses to know what else stands there: that is the chart's.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import msgspec

from legation.model.api_kinds import ApiKind


def _kind(name: str) -> ApiKind:
    return ApiKind(
        group="admissionregistration.k8s.io",
        version="v1",
        kind=name,
        plural=f"{name.lower()}s",
        namespaced=False,
        has_status=False,
    )


VALIDATING = _kind("ValidatingWebhookConfiguration")
MUTATING = _kind("MutatingWebhookConfiguration")
SETTINGS = {VALIDATING: "--webhook-configuration", MUTATING: "--injector-configuration"}
"""The setting that names the one of each kind."""


class _ClientConfig(msgspec.Struct, rename="camel"):
    ca_bundle: str = ""


class _Webhook(msgspec.Struct, rename="camel"):
    name: str
    client_config: _ClientConfig


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Configuration(msgspec.Struct):
    metadata: _Metadata
    webhooks: list[_Webhook] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Whom the API server trusts."""

    version: str
    """Of the configuration."""
    bundles: tuple[tuple[str, str], ...]
    """The name of each webhook, and its bundle in Base64."""

    def mended(self, bundle: bytes) -> dict[str, Any] | None:
        """Return what is to be applied so that it trusts this bundle; None where it does."""
        wanted = base64.b64encode(bundle).decode()
        if all(found == wanted for _, found in self.bundles):
            return None
        return {"webhooks": [{"name": name, "clientConfig": {"caBundle": wanted}} for name, _ in self.bundles]}


def read(raw: msgspec.Raw) -> Trusted:
    """Return what a configuration says of it."""
    found = msgspec.json.decode(raw, type=_Configuration)
    bundles = tuple((each.name, each.client_config.ca_bundle) for each in found.webhooks or ())
    return Trusted(version=found.metadata.resource_version, bundles=bundles)
