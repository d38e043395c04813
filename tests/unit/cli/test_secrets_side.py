"""Whether Envoys are given Secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.cli.secrets_side import Door, door, given
from legation.model.problems import Level
from legation.settings import Cluster, Identity, Settings, Tls

CLEAR = Door(tls=False)
SAFE = Door(tls=True, proven=True)
REPORTED = Door(tls=True)


@pytest.mark.parametrize(
    ("door", "on"),
    [
        (SAFE, True),
        (CLEAR, False),
        (REPORTED, False),
        (Door(tls=False, local=True), False),
        (Door(tls=False, proven=True), False),
        (Door(tls=True, proven=True, plain=True), False),
    ],
)
def test_unasked_they_are_given_to_those_who_prove_who_they_are_alone(door: Door, *, on: bool) -> None:
    made = given(door, asked=None)
    assert (made.on, made.asked, made.problems) == (on, False, ())


def test_they_may_be_left_out() -> None:
    assert not given(SAFE, asked=False).on


def test_asked_for_in_the_clear_they_stay_off_and_it_is_said_why() -> None:
    made = given(CLEAR, asked=True)
    assert not made.on
    (problem,) = made.problems
    assert (problem.level, problem.code) == (Level.ERROR, "unguarded-secrets")
    assert "in the clear" in problem.message
    assert "--tls" in problem.mend


@pytest.mark.parametrize("door", [SAFE, REPORTED, Door(tls=False, local=True)])
def test_asked_for_where_nobody_listens_they_are_given(door: Door) -> None:
    made = given(door, asked=True)
    assert (made.on, made.problems) == (True, ())


@pytest.mark.parametrize(
    ("door", "words"),
    [
        (Door(tls=True, plain=True), "--xds-plain-port"),
        (Door(tls=True, addressed=False), "--peer-check none"),
    ],
)
def test_what_is_doubtful_is_told(door: Door, words: str) -> None:
    made = given(door, asked=True)
    assert made.on
    (problem,) = made.problems
    assert problem.level is Level.WARNING
    assert words in problem.message


OWN = Tls(tls_secret="legation-tls")
TOKENS = Identity(token_audience="legation")


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        (Settings(), Door(tls=False, local=True)),
        (Settings(xds_bind="0.0.0.0"), Door(tls=False)),
        (Settings(xds_bind="::1", rest_port=1, rest_bind="::"), Door(tls=False)),
        (Settings(tls=OWN, xds_bind="::"), Door(tls=True)),
        (Settings(tls=OWN, identity=TOKENS, xds_bind="::"), SAFE),
        (Settings(tls=Tls(tls=Path("a"), client_ca=Path("b")), xds_bind="::"), SAFE),
        (
            Settings(tls=OWN, identity=Identity(token_audience="a", identity_check="report"), xds_bind="::"),
            Door(tls=True),
        ),
        (Settings(tls=Tls(tls=Path("a"), xds_plain_port=1), xds_bind="::"), Door(tls=True, plain=True)),
        (Settings(cluster=Cluster(peer_check="none"), xds_bind="::"), Door(tls=False, addressed=False)),
    ],
)
def test_how_envoys_come_is_read_from_the_settings(found: Settings, seen: Door) -> None:
    assert door(found) == seen
