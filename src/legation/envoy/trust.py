"""How an Envoy trusts its control plane and proves who it is itself: the TLS of its cluster, and the files it reads.

It knows names of files, and refuses to read any. The one invariant: whatever can be replaced, be it a CA, a certificate
or a token, is named by a file of a secret (file-based SDS) that watches a folder, so that Envoy follows without a
restart; a folder that a kubelet mounts is followed as one in which files are renamed into place. Nothing that is secret
stands in what is returned.

Envoy does not start as long as one of those SDS files is missing. It does start when what they name is missing, and
goes on when it comes. Sources:
https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret,
https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/credential_injector_filter
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal, TypeAlias

from legation.model.resource_types import TYPE_URL_PREFIX

Auth: TypeAlias = Literal["token", "certificate", "none"]
"""By what an Envoy proves who it is."""

TRUST_FOLDER = "/var/run/secrets/legation.dev"
"""Where all of it is looked for; in a Pod it is a projected volume."""
CONFIG_MAP = "legation-ca"
"""The ConfigMap that holds the public part of it, in each namespace that has sidecars."""
CA_FILE = "ca.crt"
TOKEN_FILE = "token"  # noqa: S105  # the name of a file
CERTIFICATE_FILE = "tls.crt"
KEY_FILE = "tls.key"

# Not from `types`: the help of a command names the folder above, and should not wait for protobuf.
_TYPE = "@type"
_TLS = "envoy.extensions.transport_sockets.tls.v3"

_CA = "legation_ca"
_TOKEN = "legation_token"  # noqa: S105  # the name of a secret
_CERTIFICATE = "legation_certificate"
_SDS_FILES = {_CA: "ca-sds.json", _TOKEN: "token-sds.json", _CERTIFICATE: "certificate-sds.json"}
_SHOWN: dict[Auth, str | None] = {"token": _TOKEN, "certificate": _CERTIFICATE, "none": None}
_INJECTOR = "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector"
_GENERIC = "envoy.extensions.http.injected_credentials.generic.v3.Generic"
_HEADER = "authorization"
_MUTATION = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
_CODEC = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPaths:
    """The files that change; Envoy follows each of them when something is moved into its folder."""

    ca: str
    """PEM of those that may have signed the server's certificate."""
    token: str
    certificate: str
    """PEM of the client's certificate, and of those between it and its CA."""
    key: str

    @classmethod
    def within(cls, folder: str) -> TrustPaths:
        """Return those of one folder, by the names that a Secret of Kubernetes gives them."""
        return cls(
            ca=_joined(folder, CA_FILE),
            token=_joined(folder, TOKEN_FILE),
            certificate=_joined(folder, CERTIFICATE_FILE),
            key=_joined(folder, KEY_FILE),
        )

    def needed(self, auth: Auth) -> tuple[str, ...]:
        """Return those that are read."""
        shown = {"token": (self.token,), "certificate": (self.certificate, self.key), "none": ()}
        return (self.ca, *shown[auth])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What an Envoy trusts and shows when it asks its control plane."""

    server_name: str
    """In the server's certificate: a DNS name, an IP address, or a URI such as a SPIFFE ID."""
    auth: Auth = "token"
    sds_folder: str = TRUST_FOLDER
    """Where the files of `sds_files` stand."""


def sds_files(paths: TrustPaths, *, auth: Auth | None = None) -> dict[str, str]:
    """Return the SDS files that name what changes, by the names they have to have; they never change themselves.

    Args:
        paths: What they name.
        auth: By what the Envoy proves who it is; None: the files of every way.
    """
    secrets: dict[str, dict[str, Any]] = {
        _CA: {"validation_context": {"trusted_ca": {"filename": paths.ca}, **_watched(paths.ca)}},
        _TOKEN: {"generic_secret": {"secret": {"filename": paths.token, **_watched(paths.token)}}},
        _CERTIFICATE: {
            "tls_certificate": {
                "certificate_chain": {"filename": paths.certificate},
                "private_key": {"filename": paths.key},
                **_watched(paths.certificate),
            }
        },
    }
    wanted = set(secrets) if auth is None else {_CA, _SHOWN[auth]}
    return {_SDS_FILES[name]: _sds(name, secret) for name, secret in secrets.items() if name in wanted}


def trust_files(folder: str = TRUST_FOLDER, *, auth: Auth | None = None) -> dict[str, str]:
    """Return the SDS files where all that they name stands in one folder: a ConfigMap holds them, beside `ca.crt`."""
    return sds_files(TrustPaths.within(folder), auth=auth)


def transport_socket(trust: Trust, *, protocol: str) -> dict[str, Any]:
    """Return the TLS of a cluster through which a control plane is reached.

    Args:
        trust: What is trusted and shown.
        protocol: What is spoken, as ALPN says it.
    """
    kind, name = _server_name(trust.server_name)
    certificate = [_secret(_CERTIFICATE, trust)] if trust.auth == "certificate" else None
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            _TYPE: f"{TYPE_URL_PREFIX}{_TLS}.UpstreamTlsContext",
            # Only names are asked for: an address or a URI is none.
            **({"sni": name} if kind == "DNS" else {}),
            # Each connection is looked at anew, by both sides: none goes on with what a former one had shown.
            "max_session_keys": 0,
            "common_tls_context": {
                # Envoy alone would stop at 1.2 as a client.
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
                "alpn_protocols": [protocol],
                **({"tls_certificate_sds_secret_configs": certificate} if certificate else {}),
                "combined_validation_context": {
                    "default_validation_context": {
                        "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": name}}]
                    },
                    "validation_context_sds_secret_config": _secret(_CA, trust),
                },
            },
        },
    }


def http_filters(trust: Trust) -> list[dict[str, Any]]:
    """Return the filters that put the token into each request of such a cluster; none where no token is shown."""
    if trust.auth != "token":
        return []
    generic = {
        _TYPE: TYPE_URL_PREFIX + _GENERIC,
        "header": _HEADER,
        "credential": _secret(_TOKEN, trust),
    }
    injector = {
        _TYPE: TYPE_URL_PREFIX + _INJECTOR,
        "overwrite": True,
        "credential": {"name": "envoy.http.injected_credentials.generic", "typed_config": generic},
    }
    # Envoy has `header_value_prefix` for this since 1.37: older ones do not start with it.
    bearer = {
        "append": {
            "header": {"key": _HEADER, "value": f"Bearer %REQ({_HEADER})%"},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
    }
    mutation = {_TYPE: TYPE_URL_PREFIX + _MUTATION, "mutations": {"request_mutations": [bearer]}}
    return [
        {"name": "envoy.filters.http.credential_injector", "typed_config": injector},
        {"name": "envoy.filters.http.header_mutation", "typed_config": mutation},
        {"name": "envoy.filters.http.upstream_codec", "typed_config": {_TYPE: TYPE_URL_PREFIX + _CODEC}},
    ]


def _secret(name: str, trust: Trust) -> dict[str, Any]:
    path = _joined(trust.sds_folder, _SDS_FILES[name])
    return {
        "name": name,
        "sds_config": {"resource_api_version": "V3", "path_config_source": {"path": path}},
    }


def _sds(name: str, secret: dict[str, Any]) -> str:
    resource = {_TYPE: f"{TYPE_URL_PREFIX}{_TLS}.Secret", "name": name, **secret}
    return json.dumps({"resources": [resource]}, indent=2) + "\n"


def _watched(path: str) -> dict[str, Any]:
    return {"watched_directory": {"path": path.rpartition("/")[0] or "/"}}


def _joined(folder: str, file: str) -> str:
    return f"{folder.rstrip('/')}/{file}"


def _server_name(name: str) -> tuple[str, str]:
    """Return of which kind a name in a certificate is, and how it stands there."""
    if "://" in name:
        return "URI", name
    try:
        return "IP_ADDRESS", str(ip_address(name))
    except ValueError:
        return "DNS", name
