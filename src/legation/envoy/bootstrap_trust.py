"""Whether an Envoy knows whom it asks: what of a bootstrap is sent to whoever answers. Pure, but for protobuf.

A connection in the clear is nothing to be told of, for it may not leave the machine. What is told is a promise that is
not kept: TLS that checks nobody, and a token that anybody reads.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/security/ssl#enabling-certificate-verification
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy import types

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CONTEXT = f"{types.TLS}.UpstreamTlsContext"
_INJECTOR = "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector"
_CHECKS = ("trusted_ca", "ca_certificate_provider_instance", "system_root_certs", "custom_validator_config")
_HASHES = ("verify_certificate_spki", "verify_certificate_hash")


def carelessness(cluster: Any) -> str | None:
    """Return in what an Envoy is careless that reaches its control plane through this cluster; None: in nothing."""
    if not cluster.HasField("transport_socket") and not cluster.transport_socket_matches:
        return (
            "what proves who this Envoy is goes out in the clear, to whoever answers" if _has_token(cluster) else None
        )
    context = _unpacked(cluster.transport_socket.typed_config, _CONTEXT)
    if context is None or _checks(context.common_tls_context):
        return None
    return "it has TLS, and believes whoever answers to be the server: no certificate is checked"


def _has_token(cluster: Any) -> bool:
    options = cluster.typed_extension_protocol_options
    http = _unpacked(options[HTTP_OPTIONS], HTTP_OPTIONS) if HTTP_OPTIONS in options else None
    return http is not None and any(each.typed_config.type_url.endswith(f"/{_INJECTOR}") for each in http.http_filters)


def _checks(common: Any) -> bool:
    # Where it comes from elsewhere, it is not for us to say what is in it.
    if common.WhichOneof("validation_context_type") != "validation_context":
        return common.WhichOneof("validation_context_type") is not None
    found = common.validation_context
    return any(found.HasField(name) for name in _CHECKS) or any(getattr(found, name) for name in _HASHES)


def _unpacked(packed: Any, name: str) -> Any:
    """Return the message, or None where it is another one."""
    message: Any = types.message_class(name)()
    try:
        return message if packed.Unpack(message) else None
    except DecodeError:
        return None
