"""The admission webhook, joined of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.cli import server_parts
from legation.cli.cluster import writes
from legation.cli.webhook_side import is_read, names
from legation.errors import SettingsError
from legation.settings import Cluster, Injector, Settings, Webhook


def test_the_api_server_calls_it_by_the_name_of_its_service() -> None:
    assert names("hook", "home")[0] == "hook.home.svc"


@pytest.mark.parametrize(
    ("cluster", "namespace", "labels", "read"),
    [
        (Cluster(), "shop", {}, True),
        (Cluster(namespaces=("shop",)), "shop", {}, True),
        (Cluster(namespaces=("shop",)), "other", {}, False),
        (Cluster(selector="team=edge"), "shop", {"team": "edge"}, True),
        (Cluster(selector="team=edge"), "shop", {}, False),
    ],
)
def test_what_is_read_is_what_the_source_reads(
    cluster: Cluster, namespace: str, labels: dict[str, str], *, read: bool
) -> None:
    assert is_read(cluster)(namespace, labels) is read


def test_a_selector_that_is_none_is_told_by_its_setting() -> None:
    with pytest.raises(SettingsError, match=r"^--selector: unable to parse"):
        is_read(Cluster(selector="a b"))


def test_without_a_cluster_there_is_nothing_to_ask_about() -> None:
    with pytest.raises(SettingsError, match=r"--webhook-port: .* needs --kubernetes"):
        server_parts.cluster(Settings(webhook=Webhook(webhook_port=0)))
    assert server_parts.cluster(Settings()) is None


def test_sidecars_are_added_at_the_port_of_the_webhook() -> None:
    asked = Injector(injector_xds=("legation", 18000))
    with pytest.raises(SettingsError, match=r"--injector-xds: .* needs --webhook-port"):
        server_parts.cluster(Settings(injector=asked))


@pytest.mark.parametrize(
    ("found", "leads"),
    [
        (Webhook(webhook_port=1), True),
        (Webhook(webhook_port=1, webhook_certificates=Path("a")), False),
        (Webhook(webhook_port=1, webhook_certificates=Path("a"), webhook_configuration="b"), True),
    ],
)
def test_somebody_has_to_lead_where_a_certificate_or_a_path_is_written(found: Webhook, *, leads: bool) -> None:
    assert writes(found) is leads
