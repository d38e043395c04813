"""Things that are of another kind than the one that is taken."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.node import Scope
from legation.model.objects import show_path
from legation.model.problems import Level, Problem
from legation.runtime.check import check
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.unit.envoy.configs import ADS, ROUTER, TYPE, cluster, hcm, listener, resource_of
from tests.unit.runtime.assembled import assembly

TLS = f"{TYPE}envoy.extensions.transport_sockets.tls.v3."


def item(json: dict[str, Any], name: str, **labels: str) -> Item:
    scope = Scope(namespace="shop", labels=frozenset(labels.items()))
    of = manifest(name=name, namespace="shop")
    return Item(resource=resource_of(json), scope=scope, manifest=of, json=json, path=("spec", "config"))


def taker(**labels: str) -> Item:
    """Return a cluster that takes a certificate from the Secret `cert`."""
    common = {"tlsCertificateSdsSecretConfigs": [{"name": "cert", "sds_config": ADS}]}
    context = {"@type": f"{TLS}UpstreamTlsContext", "common_tls_context": common}
    return item(cluster(transport_socket={"name": "tls", "typed_config": context}), "web", **labels)


def secret(*kinds: str, **labels: str) -> Item:
    return item({"@type": f"{TLS}Secret", "name": "cert", **{kind: {} for kind in kinds}}, "secret", **labels)


def told(*items: Item) -> list[Problem]:
    return [each for each in check(assembly(items)) if each.code == "wrong-kind"]


def test_a_secret_of_another_kind_is_told_where_it_is_taken() -> None:
    (problem,) = told(taker(), secret("validation_context"))

    assert problem.level is Level.WARNING
    assert problem.message == (
        'the Cluster "web" takes tls_certificate from the Secret "cert", which holds validation_context: '
        "Envoy refuses it"
    )
    assert show_path(problem.path) == (
        "spec.config.transport_socket.typed_config.common_tls_context.tlsCertificateSdsSecretConfigs[0].name"
    )


@pytest.mark.parametrize("others", [(secret("tls_certificate"),), (secret(),), ()])
def test_what_fits_and_what_is_not_known(others: tuple[Item, ...]) -> None:
    assert told(taker(), *others) == []


def test_what_no_workload_gets_both_of() -> None:
    assert told(taker(app="edge"), secret("validation_context", app="web")) == []


@pytest.mark.parametrize(("kind", "fits"), [("cors.v3.Cors", True), ("csrf.v3.CsrfPolicy", False)])
def test_an_extension_config_is_of_a_type_that_is_listed(kind: str, *, fits: bool) -> None:
    filters = f"{TYPE}envoy.extensions.filters.http."
    late = {"name": "late", "config_discovery": {"config_source": ADS, "type_urls": [f"{filters}cors.v3.Cors"]}}
    config = {
        "@type": f"{TYPE}envoy.config.core.v3.TypedExtensionConfig",
        "name": "late",
        "typed_config": {"@type": f"{filters}{kind}"},
    }

    assert bool(told(item(listener(hcm(late, ROUTER)), "edge"), item(config, "late"))) is not fits
