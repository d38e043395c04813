"""When certificates in a resource can be used."""

from __future__ import annotations

from typing import Any

from legation.model.objects import show_path
from legation.model.validity import Validity
from tests.unit.envoy.configs import SECRET, TYPE, cluster, resource_of
from tests.unit.translate.pairs import DAY, NOW, certificate

OLD, NEW = certificate(start=-60, end=-30), certificate(start=-1, end=30)


def text(*certificates: bytes) -> dict[str, Any]:
    return {"inline_string": b"".join(certificates).decode()}


def of(json: dict[str, Any]) -> list[tuple[str, str, float, float]]:
    def row(each: Validity) -> tuple[str, str, float, float]:
        return show_path(each.path), each.what, (each.start - NOW) / DAY, (each.end - NOW) / DAY

    return list(map(row, resource_of(json).validity))


def secret(**kind: Any) -> dict[str, Any]:
    return {"@type": SECRET, "name": "cert", **kind}


def test_the_first_certificate_counts() -> None:
    chain = secret(tls_certificate={"certificate_chain": text(NEW, OLD)})

    assert of(chain) == [("tls_certificate.certificate_chain.inline_string", "the certificate", -1, 30)]


def test_of_authorities_any_will_do() -> None:
    place = "validation_context.trusted_ca.inline_string"

    assert of(secret(validation_context={"trusted_ca": text(OLD)})) == [(place, "trusted_ca", -60, -30)]
    assert of(secret(validation_context={"trusted_ca": text(OLD, NEW)})) == [
        (place, "every certificate in trusted_ca", -60, 30)
    ]


def test_they_are_found_inside_other_resources() -> None:
    context = {
        "@type": f"{TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {"validation_context": {"trusted_ca": text(NEW)}},
    }
    ((path, *_),) = of(cluster(transport_socket={"name": "tls", "typed_config": context}))

    assert path == ("transport_socket.typed_config.common_tls_context.validation_context.trusted_ca.inline_string")


def test_they_are_found_where_a_context_says_more_than_is_known_here() -> None:
    context = {
        "@type": f"{TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {"validation_context": {"trusted_ca": text(NEW)}},
        "newer_than_this": 1,
    }
    found = of(cluster(transport_socket={"name": "tls", "typed_config": context}))

    place = "transport_socket.typed_config.common_tls_context.validation_context.trusted_ca.inline_string"
    assert found == [(place, "trusted_ca", -1, 30)]


def test_what_cannot_be_read_has_no_time() -> None:
    assert of(secret(tls_certificate={"certificate_chain": {"inline_string": "-----BEGIN nothing"}})) == []
    assert of(secret(tls_certificate={"certificate_chain": {"filename": "/etc/chain"}})) == []
    assert of(cluster()) == []
