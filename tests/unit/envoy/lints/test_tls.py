from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, chain, cluster, extension, listener, told
from tests.unit.translate.pairs import certificate, key_text

TLS = "envoy.extensions.transport_sockets.tls.v3."
DOWN = "filter_chains[0].transport_socket.typed_config"
UP = "transport_socket.typed_config"
COMMON = f"{DOWN}.common_tls_context"
PEM, KEY = certificate().decode(), key_text().decode()
PAIR = {"certificate_chain": {"inline_string": PEM}, "private_key": {"inline_string": KEY}}
CA = {"trusted_ca": {"inline_string": PEM}}
SDS = {"name": "cert", "sds_config": {"ads": {}}}
SANS = {"match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "a.example"}}]}
OWN = {"tls_certificates": [PAIR]}


def serving(common: dict[str, Any] | None, **fields: Any) -> list[str]:
    context = fields if common is None else {"common_tls_context": common, **fields}
    return told(listener(chain(transport_socket=extension(f"{TLS}DownstreamTlsContext", **context))))


def calling(common: dict[str, Any] | None = None, **fields: Any) -> list[str]:
    context = fields if common is None else {"common_tls_context": common, **fields}
    return told(cluster(transport_socket=extension(f"{TLS}UpstreamTlsContext", **context)))


@pytest.mark.parametrize(
    ("common", "expected"),
    [
        (OWN, []),
        ({"tls_certificates": [PAIR, PAIR]}, []),
        ({"tls_certificate_sds_secret_configs": [SDS]}, []),
        ({"tls_certificate_provider_instance": {"instance_name": "x"}}, []),
        (None, [f"error no-certificate {DOWN}"]),
        ({}, [f"error no-certificate {COMMON}"]),
        ({"tls_certificates": [{}]}, [f"error no-certificate {COMMON}.tls_certificates[0]"]),
        (
            {"tls_certificates": [{}, {"password": {"filename": "/etc/password"}}]},
            [f"error no-certificate {COMMON}.tls_certificates[0]"],
        ),
        ({"tls_certificates": [{}, PAIR]}, []),
        (
            {**OWN, "tls_certificate_sds_secret_configs": [SDS]},
            [f"error either-or {COMMON}.tls_certificate_sds_secret_configs"],
        ),
    ],
)
def test_whoever_serves_shows_a_certificate(common: dict[str, Any] | None, expected: list[str]) -> None:
    assert serving(common) == expected


def test_clients_that_have_to_show_one_are_looked_at() -> None:
    assert serving({**OWN, "validation_context": CA}, require_client_certificate=True) == []
    assert serving(OWN, require_client_certificate=False) == []
    assert serving(OWN, require_client_certificate=True) == [
        f"warning trusts-everybody {DOWN}.require_client_certificate"
    ]


def test_staples_and_ticket_keys() -> None:
    assert serving(OWN, ocsp_staple_policy="MUST_STAPLE") == [f"error missing-field {COMMON}.tls_certificates[0]"]
    assert serving({"tls_certificate_sds_secret_configs": [SDS]}, ocsp_staple_policy="MUST_STAPLE") == []
    for length, expected in ((80, []), (79, [f"error bad-value {DOWN}.session_ticket_keys.keys[0]"])):
        assert serving(OWN, session_ticket_keys={"keys": [{"inline_string": "x" * length}]}) == expected


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({}, []),
        ({**CA, **SANS, "allow_expired_certificate": True}, []),
        ({"ca_certificate_provider_instance": {"instance_name": "x"}, **SANS}, []),
        ({"verify_certificate_hash": ["aA" * 32, ":".join(["aa"] * 32)]}, []),
        ({"verify_certificate_spki": ["A" * 43 + "="]}, []),
        (SANS, ["error no-trusted-ca match_typed_subject_alt_names"]),
        ({"system_root_certs": {}, **SANS}, ["error no-trusted-ca match_typed_subject_alt_names"]),
        ({"allow_expired_certificate": True}, ["error no-trusted-ca allow_expired_certificate"]),
        ({"crl": {"inline_string": PEM}}, ["error no-trusted-ca crl"]),
        ({"verify_certificate_hash": ["z" * 64]}, ["error bad-value verify_certificate_hash[0]"]),
        ({"verify_certificate_spki": ["A" * 44]}, ["error bad-value verify_certificate_spki[0]"]),
        ({"trusted_ca": {"inline_string": "none"}}, ["error bad-certificate trusted_ca.inline_string"]),
        ({"trusted_ca": {"inline_string": PEM + KEY}}, ["warning misplaced-key trusted_ca.inline_string"]),
        ({"trusted_ca": {"filename": "/etc/ca"}, **SANS}, []),
    ],
)
def test_whose_certificates_are_believed(context: dict[str, Any], expected: list[str]) -> None:
    found = serving({**OWN, "validation_context": context})

    assert found == [
        f"{level} {code} {COMMON}.validation_context.{where}" for level, code, where in map(str.split, expected)
    ]


def test_a_context_that_a_secret_completes_may_lack_what_that_has() -> None:
    combined = {"default_validation_context": SANS, "validation_context_sds_secret_config": SDS}

    assert serving({**OWN, "combined_validation_context": combined}) == []
    assert told({"@type": f"{TYPE}{TLS}Secret", "name": "ca", "validation_context": SANS}) == []


def test_hashes_in_a_secret() -> None:
    wrong = {"verify_certificate_hash": ["z" * 64]}
    secret = {"@type": f"{TYPE}{TLS}Secret", "name": "ca", "validation_context": wrong}

    assert told(secret) == ["error bad-value validation_context.verify_certificate_hash[0]"]


def test_a_secret_that_cannot_be_read() -> None:
    secret = {"@type": f"{TYPE}{TLS}Secret", "name": "ca", "validation_context": {"trusted_ca": {"inline_string": "x"}}}

    assert told(secret) == ["error bad-certificate validation_context.trusted_ca.inline_string"]


@pytest.mark.parametrize(
    ("common", "fields", "expected"),
    [
        (None, {}, []),
        (OWN, {"sni": "a.example"}, []),
        (
            {"tls_certificates": [PAIR, PAIR]},
            {},
            [f"error too-many-certificates {UP}.common_tls_context.tls_certificates"],
        ),
        (
            {**OWN, "tls_certificate_sds_secret_configs": [SDS]},
            {},
            [f"error too-many-certificates {UP}.common_tls_context.tls_certificate_sds_secret_configs"],
        ),
        (None, {"sni": "a\0b"}, [f"error bad-value {UP}.sni"]),
        (None, {"auto_sni_san_validation": True}, [f"error no-trusted-ca {UP}.auto_sni_san_validation"]),
        (
            {"validation_context": {}},
            {"auto_sni_san_validation": True},
            [f"error no-trusted-ca {UP}.auto_sni_san_validation"],
        ),
        ({"validation_context": CA}, {"auto_sni_san_validation": True}, []),
        ({"validation_context_sds_secret_config": SDS}, {"auto_sni_san_validation": True}, []),
    ],
)
def test_whoever_calls(common: dict[str, Any] | None, fields: dict[str, Any], expected: list[str]) -> None:
    assert calling(common, **fields) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"cipher_suites": ["ECDHE-ECDSA-AES128-GCM-SHA256"]}, []),
        ({"cipher_suites": ["TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"]}, []),
        ({"cipher_suites": ["TLS_AES_128_GCM_SHA256"]}, [f"error bad-value {COMMON}.tls_params.cipher_suites"]),
        ({"cipher_suites": ["[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]", "HIGH", "!3DES"]}, []),
        ({"cipher_suites": ["HIGH:!aNULL"]}, [f"warning bad-value {COMMON}.tls_params.cipher_suites[0]"]),
        (
            {"cipher_suites": ["HIGH", "[ECDHE-RSA-AES128-SHA|RC4-SHA]"]},
            [f"warning bad-value {COMMON}.tls_params.cipher_suites[1]"],
        ),
        (
            {"cipher_suites": ["ECDHE-ECDSA-AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"]},
            [f"error bad-value {COMMON}.tls_params.cipher_suites[1]"],
        ),
        ({"ecdh_curves": ["X25519", "P-256", "secp384r1", "of-tomorrow"]}, []),
        ({"ecdh_curves": ["P-256", "secp256r1"]}, [f"error bad-value {COMMON}.tls_params.ecdh_curves[1]"]),
        ({"tls_minimum_protocol_version": "TLSv1_3"}, []),
        (
            {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_2"},
            [f"warning wrong-order {COMMON}.tls_params.tls_minimum_protocol_version"],
        ),
    ],
)
def test_parameters(parameters: dict[str, Any], expected: list[str]) -> None:
    assert serving({**OWN, "tls_params": parameters}) == expected


def test_protocols_are_short() -> None:
    assert serving({**OWN, "alpn_protocols": ["h2", "x" * 256]}) == [f"error bad-value {COMMON}.alpn_protocols[1]"]


def test_each_side_has_a_socket_of_its_own() -> None:
    up, down = (extension(f"{TLS}{side}TlsContext", common_tls_context=OWN) for side in ("Upstream", "Downstream"))

    assert told(listener(chain(transport_socket=up))) == [
        "error wrong-side filter_chains[0].transport_socket.typed_config"
    ]
    assert told(cluster(transport_socket=down)) == ["error wrong-side transport_socket.typed_config"]
    assert told(cluster(transport_socket_matches=[{"name": "a", "match": {}, "transport_socket": down}])) == [
        "error wrong-side transport_socket_matches[0].transport_socket.typed_config"
    ]
