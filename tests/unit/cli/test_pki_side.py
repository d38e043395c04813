"""What a server in a cluster keeps, joined of its settings."""

from __future__ import annotations

from pathlib import Path

from legation.cli.pki_side import PkiSide, Wanting, names
from legation.kube.connection import Connection
from legation.model.cluster import Pod
from legation.settings import Tls
from legation.tls.ports import Ports


def pod(namespace: str, *, wants: bool) -> Pod:
    return Pod(namespace=namespace, name="a", uid="1", wants_authority=wants)


def test_the_names_of_a_service() -> None:
    assert names("legation", "home")[:4] == (
        "legation",
        "legation.home",
        "legation.home.svc",
        "legation.home.svc.cluster.local",
    )
    assert "127.0.0.1" in names("legation", "home")


def test_the_namespaces_of_pods_that_want_to_know() -> None:
    pods = {"a.shop": pod("shop", wants=True), "a.other": pod("other", wants=False)}
    wanting = Wanting(lambda: pods)
    assert wanting.namespaces() == {"shop"}
    assert wanting.namespaces() is wanting.namespaces()
    pods = {**pods, "a.new": pod("new", wants=True)}
    assert wanting.namespaces() == {"shop", "new"}


async def test_with_a_folder_whose_authority_is_missing_nothing_is_wrong_until_it_leads(tmp_path: Path) -> None:
    side = PkiSide(
        Tls(tls=tmp_path, tls_config_map="legation-ca"),
        connection=Connection(server="http://127.0.0.1:1"),
        namespace="home",
        shown=Ports(),
        pods=dict,
        leads=lambda: False,
    )
    assert side.problems() == ()
