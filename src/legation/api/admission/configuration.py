"""The webhook configurations: whom the API server trusts when it asks the webhooks, and at which path. Pure.

It knows the two fields that are ours in them, `caBundle` and the path of the webhook that validates. It refuses to know
what else stands there: that is the chart's.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
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


PLAIN = "/validate"
"""Where everybody may ask. A configuration that names another path asks somebody else in between: it stays."""


class _Service(msgspec.Struct):
    path: str | None = None


class _ClientConfig(msgspec.Struct, rename="camel"):
    ca_bundle: str = ""
    service: _Service | None = None


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
    paths: tuple[str | None, ...] = field(default=(), repr=False)
    """Where each asks; None: not at a path that is for us to choose."""

    def mended(self, bundle: bytes | None, *, secret: str = "") -> dict[str, Any] | None:
        """Return what is to be applied so that it is as it is to be; None where it is.

        Args:
            bundle: Whom it is to trust; None: somebody else sees to that.
            secret: What it is to ask with; empty: nothing in particular.
        """
        authority = None if bundle is None else base64.b64encode(bundle).decode()
        path = f"{PLAIN}/{secret}" if secret else None
        if all(authority in {None, found} for _, found in self.bundles) and all(
            None in {path, found} or found == path for found in self.paths
        ):
            return None
        webhooks = []
        for (name, _), found in zip(self.bundles, self.paths, strict=True):
            client: dict[str, Any] = {} if authority is None else {"caBundle": authority}
            if path is not None and found is not None:
                client["service"] = {"path": path}
            webhooks.append({"name": name, "clientConfig": client} if client else {"name": name})
        return {"webhooks": webhooks}


def read(raw: msgspec.Raw) -> Trusted:
    """Return what a configuration says of it."""
    found = msgspec.json.decode(raw, type=_Configuration)
    bundles = tuple((each.name, each.client_config.ca_bundle) for each in found.webhooks or ())
    paths = tuple(_path(each.client_config.service) for each in found.webhooks or ())
    return Trusted(version=found.metadata.resource_version, bundles=bundles, paths=paths)


def _path(service: _Service | None) -> str | None:
    if service is None:
        return None
    path = service.path or ""
    return path if path in {"", "/", PLAIN} or path.startswith(f"{PLAIN}/") else None
