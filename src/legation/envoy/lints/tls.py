"""TLS at both ends: who shows which certificate, and whose is believed."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from legation.envoy.data_sources import inline, place
from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.certificates import broken
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.types import TLS

_OWN = (
    "tls_certificates",
    "tls_certificate_sds_secret_configs",
    "tls_certificate_certificate_provider",
    "tls_certificate_certificate_provider_instance",
    "tls_certificate_provider_instance",
    "custom_tls_certificate_selector",
)
"""Where a certificate of one's own comes from."""
_SANS = ("match_typed_subject_alt_names", "match_subject_alt_names")
_OTHERS = frozenset(
    {
        "trusted_ca",
        "ca_certificate_provider_instance",
        "watched_directory",
        "custom_validator_config",
    }
)
"""With one of these it is not certain that nobody is trusted."""
_OF_TLS_1_3 = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
_OF_OPENSSL = frozenset(
    {
        "!DES",
        "!DH",
        "!DSS",
        "!EXP",
        "!EXPORT",
        "!LOW",
        "!MD5",
        "!RC4",
        "!SRP",
        "!aNULL",
        "!eNULL",
        "AES128-SHA256",
        "AES256-SHA256",
        "CAMELLIA128-SHA",
        "CAMELLIA256-SHA",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-RSA-AES256-SHA384",
        "ECDHE-RSA-DES-CBC3-SHA",
        "ECDHE-RSA-RC4-SHA",
        "RC4-MD5",
        "RC4-SHA",
    }
)
"""Suites, and ways to exclude some, as they stand in the configuration of other servers; tried, and refused."""
_UNKNOWN_CURVES = frozenset(
    {
        "Curve25519",
        "MLKEM768",
        "P-224",
        "P256",
        "P384",
        "P521",
        "X25519Kyber768Draft00",
        "X448",
        "brainpoolP256r1",
        "curve25519",
        "ffdhe2048",
        "p-256",
        "p256",
        "secp256k1",
        "secp256r1",
    }
)
"""Names of curves that were tried, and refused. There may be more."""
_TICKET_KEY_BYTES = 80
_SHA_256_BYTES = 32


def _downstream(context: Any) -> Iterator[Finding]:
    common = context.common_tls_context
    has = {field.name for field, _ in common.ListFields()}
    if not has.intersection(_OWN):
        yield refused(
            "no-certificate",
            ("common_tls_context",) if context.HasField("common_tls_context") else (),
            "whoever serves TLS shows a certificate, and there is none",
            "add tls_certificates or tls_certificate_sds_secret_configs to common_tls_context",
        )
    # Envoy passes over those that are empty, as long as one is left.
    if common.tls_certificates and not any(map(_is_given, common.tls_certificates)):
        yield refused(
            "no-certificate",
            ("common_tls_context", "tls_certificates", 0),
            "there is no certificate in it",
            "add certificate_chain and private_key, or take it out",
        )
    if {"tls_certificates", "tls_certificate_sds_secret_configs"} <= has:
        yield refused(
            "either-or",
            ("common_tls_context", "tls_certificate_sds_secret_configs"),
            "certificates come from secrets or stand in tls_certificates, not both",
            "take one of them out",
        )
    if context.ocsp_staple_policy == context.MUST_STAPLE:
        for index, each in enumerate(common.tls_certificates):
            if not each.HasField("ocsp_staple"):
                yield refused(
                    "missing-field",
                    ("common_tls_context", "tls_certificates", index),
                    "ocsp_staple_policy MUST_STAPLE wants an OCSP response with each certificate",
                    "add ocsp_staple, or take another policy",
                )
    if context.require_client_certificate.value and common.WhichOneof("validation_context_type") is None:
        yield doubtful(
            "trusts-everybody",
            ("require_client_certificate",),
            "clients have to show a certificate, and nothing says whose are believed: any will do",
            "add a validation_context with trusted_ca to common_tls_context",
        )


def _is_given(certificate: Any) -> bool:
    return any(map(certificate.HasField, ("certificate_chain", "private_key", "private_key_provider", "pkcs12")))


def _ticket_keys(keys: Any) -> Iterator[Finding]:
    for index, each in enumerate(keys.keys):
        key = inline(each)
        if key is not None and len(key) != _TICKET_KEY_BYTES:
            yield refused(
                "bad-value",
                ("keys", index),
                f"a session ticket key has exactly {_TICKET_KEY_BYTES} bytes",
                f"make one with: openssl rand {_TICKET_KEY_BYTES}",
            )


def _upstream(context: Any) -> Iterator[Finding]:
    common = context.common_tls_context
    if len(common.tls_certificates) + len(common.tls_certificate_sds_secret_configs) > 1:
        field = "tls_certificates" if len(common.tls_certificates) > 1 else "tls_certificate_sds_secret_configs"
        yield refused(
            "too-many-certificates",
            ("common_tls_context", field),
            "towards a cluster one certificate is shown at most",
            "leave one",
        )
    if "\0" in context.sni:
        yield refused("bad-value", ("sni",), "a server name holds no NUL", "take it out")
    if context.auto_sni_san_validation and not _trusts_somebody(common):
        yield refused(
            "no-trusted-ca",
            ("auto_sni_san_validation",),
            "the names in the server's certificate are looked at, and nothing says whose certificates are believed",
            "add a validation_context with trusted_ca to common_tls_context",
        )


def _trusts_somebody(common: Any) -> bool:
    """Say whether something says whose certificates are believed, or might."""
    kind = common.WhichOneof("validation_context_type")
    if kind != "validation_context":
        return kind is not None
    has = {field.name for field, _ in common.validation_context.ListFields()}
    return bool(has & {*_OTHERS, "system_root_certs"})


def _common(common: Any) -> Iterator[Finding]:
    # The other kinds of a context are completed by a secret.
    if common.WhichOneof("validation_context_type") == "validation_context":
        for each in _trust(common.validation_context):
            yield replace(each, path=("validation_context", *each.path))
    for index, name in enumerate(common.alpn_protocols):
        if len(name.encode()) > 255:
            yield refused("bad-value", ("alpn_protocols", index), "a protocol has 255 bytes at most", "make it shorter")


def _secret(secret: Any) -> Iterator[Finding]:
    if secret.WhichOneof("type") == "validation_context":
        trusted = secret.validation_context.trusted_ca
        pem = inline(trusted)
        if pem is not None:
            yield from broken(pem, ("validation_context", *place("trusted_ca", trusted)))
        for each in _hashes(secret.validation_context):
            yield replace(each, path=("validation_context", *each.path))


def _trust(context: Any) -> Iterator[Finding]:
    """Tell what is wrong with a context that nothing completes."""
    has = {field.name for field, _ in context.ListFields()}
    trusted = inline(context.trusted_ca)
    if trusted is not None:
        yield from broken(trusted, place("trusted_ca", context.trusted_ca))
    if not has & _OTHERS:
        for field in (*_SANS, "allow_expired_certificate", "crl"):
            if field in has:
                yield refused(
                    "no-trusted-ca",
                    (field,),
                    "this says more of certificates that are believed, and no trusted_ca says whose are",
                    "add trusted_ca",
                )
    if "verify_certificate_hash" in has or "verify_certificate_spki" in has:
        yield from _hashes(context)


def _hashes(context: Any) -> Iterator[Finding]:
    for index, each in enumerate(context.verify_certificate_hash):
        if not _is_sha_256(each.replace(":", ""), binascii.unhexlify):
            yield refused(
                "bad-value",
                ("verify_certificate_hash", index),
                "this is no SHA-256 in hexadecimal form",
                "take what `openssl x509 -noout -fingerprint -sha256` prints",
            )
    for index, each in enumerate(context.verify_certificate_spki):
        if not _is_sha_256(each, binascii.a2b_base64):
            yield refused(
                "bad-value",
                ("verify_certificate_spki", index),
                "this is no SHA-256 in base64",
                "take the SHA-256 of the public key (SPKI), in base64",
            )


def _is_sha_256(text: str, decode: Any) -> bool:
    try:
        return len(decode(text)) == _SHA_256_BYTES
    except ValueError:
        return False


def _parameters(parameters: Any) -> Iterator[Finding]:
    suites = set(parameters.cipher_suites)
    if suites and suites <= _OF_TLS_1_3:
        yield refused(
            "bad-value",
            ("cipher_suites",),
            "these are suites of TLS 1.3, which cannot be chosen; the list is about TLS 1.2",
            "take the list out, or name suites such as ECDHE-ECDSA-AES128-GCM-SHA256",
        )
    for index, name in enumerate(parameters.cipher_suites):
        if name.startswith("DHE-"):
            yield refused(
                "bad-value",
                ("cipher_suites", index),
                "Envoy's library has no cipher suite with DHE",
                "take one with ECDHE, such as ECDHE-RSA-AES128-GCM-SHA256",
            )
        elif not _OF_OPENSSL.isdisjoint(name.removeprefix("[").removesuffix("]").replace("|", ":").split(":")):
            yield doubtful(
                "bad-value",
                ("cipher_suites", index),
                "OpenSSL knows this, and Envoy's library does not: only an Envoy that was built with OpenSSL takes it",
                "name suites that BoringSSL has, such as ECDHE-RSA-AES128-GCM-SHA256, and exclude none",
            )
    for index, name in enumerate(parameters.ecdh_curves):
        if name in _UNKNOWN_CURVES:
            yield refused(
                "bad-value",
                ("ecdh_curves", index),
                "Envoy's library knows no curve of this name",
                "take X25519, P-256, P-384, P-521 or X25519MLKEM768",
            )
    lowest, highest = parameters.tls_minimum_protocol_version, parameters.tls_maximum_protocol_version
    if highest and lowest > highest:
        yield doubtful(
            "wrong-order",
            ("tls_minimum_protocol_version",),
            "no version of TLS is left: the lowest is above the highest",
            "raise tls_maximum_protocol_version",
        )


LINTS: Lints = {
    f"{TLS}.CommonTlsContext": _common,
    f"{TLS}.DownstreamTlsContext": _downstream,
    f"{TLS}.Secret": _secret,
    f"{TLS}.TlsParameters": _parameters,
    f"{TLS}.TlsSessionTicketKeys": _ticket_keys,
    f"{TLS}.UpstreamTlsContext": _upstream,
}
