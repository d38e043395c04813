"""What sidecars are told of a server by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.api.injection.annotations import read_wishes
from legation.cli.sidecar_side import doubts, sidecar_defaults
from legation.errors import SettingsError
from legation.settings import Identity, Injector, Tls

WHERE = Injector(injector_xds=("legation", 18000))
OWN = Tls(tls_secret="legation-tls", tls_config_map="trusted")
NOBODY = Identity()


def test_what_holds_for_a_pod_that_says_nothing() -> None:
    asked = Injector(injector_xds=("fd00::1", 18000), injector_defaults=(("wait", "none"), ("image", "a")))
    found = sidecar_defaults(asked, tls=Tls(), identity=NOBODY)
    assert found == {"xds": "[fd00::1]:18000", "image": "a", "wait": "none", "tls": "disabled"}


def test_they_speak_as_the_port_does_and_show_what_it_wants_to_see() -> None:
    clear = read_wishes({}, defaults=sidecar_defaults(WHERE, tls=Tls(), identity=NOBODY)).wishes
    assert clear is not None
    assert (clear.tls, clear.auth) == (False, "none")
    for tls in (OWN, Tls(tls=Path("certificates"), tls_config_map="trusted")):
        seen = read_wishes({}, defaults=sidecar_defaults(WHERE, tls=tls, identity=NOBODY)).wishes
        assert seen is not None
        assert (seen.tls, seen.ca_config_map, seen.auth) == (True, "trusted", "none")
    tokens = Identity(token_audience="edge")
    proven = read_wishes({}, defaults=sidecar_defaults(WHERE, tls=OWN, identity=tokens)).wishes
    assert proven is not None
    assert (proven.auth, proven.token_audience) == ("token", "edge")


def test_who_asks_for_something_else_is_heard() -> None:
    asked = Injector(injector_xds=("legation", 18000), injector_defaults=(("tls", "disabled"),))
    found = read_wishes({}, defaults=sidecar_defaults(asked, tls=OWN, identity=Identity(token_audience="edge"))).wishes
    assert found is not None
    assert (found.tls, found.auth) == (False, "none")


@pytest.mark.parametrize("pair", [("memory_limit", "1Gi"), ("memory-limit", "much"), ("bootstrap", "a: 1: 2")])
def test_a_default_that_cannot_be_read_is_told_by_its_setting(pair: tuple[str, str]) -> None:
    asked = Injector(injector_xds=("legation", 18000), injector_defaults=(pair,))
    with pytest.raises(SettingsError, match=rf"--injector-defaults: .*{pair[0]}"):
        sidecar_defaults(asked, tls=Tls(), identity=NOBODY)


@pytest.mark.parametrize(
    ("tls", "identity", "words"),
    [
        (OWN, NOBODY, ""),
        (Tls(tls=Path("a"), client_ca=Path("b")), NOBODY, "nobody takes one"),
        (Tls(tls=Path("a"), client_ca=Path("b")), Identity(token_audience="a"), "come to the port where --client-ca"),
        (
            Tls(tls=Path("a"), client_ca=Path("b"), xds_token_port=18004),
            Identity(token_audience="a"),
            "come to the port where --client-ca",
        ),
    ],
)
def test_sidecars_that_nobody_would_serve_are_doubtful(tls: Tls, identity: Identity, words: str) -> None:
    found = list(doubts(WHERE, tls=tls, identity=identity, xds_port=18000))
    assert [words in each.message for each in found] == ([True] if words else [])
    assert not list(doubts(Injector(), tls=tls, identity=identity, xds_port=18000))


def test_sidecars_that_come_to_the_port_for_tokens_are_not() -> None:
    tls = Tls(tls=Path("a"), client_ca=Path("b"), xds_token_port=18004)
    where = Injector(injector_xds=("legation", 18004))
    assert not list(doubts(where, tls=tls, identity=Identity(token_audience="a"), xds_port=18000))
