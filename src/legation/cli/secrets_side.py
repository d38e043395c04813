"""Whether Envoys are given Secrets, and what is doubtful about it.

The one invariant: where nobody has asked, no private key goes in the clear, nor to an Envoy that has not proven who it
is; and where somebody has, none goes over a network in the clear but by a port that is there for Envoys from before
TLS, which is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from legation.model.problems import Level, Problem
from legation.settings import Settings
from legation.settings.kinds import is_loopback

_CODE = "unguarded-secrets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The ports of Envoys, as far as it matters here."""

    tls: bool
    """Whether they have TLS."""
    plain: bool = False
    """Whether one of them has none, beside one that has."""
    local: bool = False
    """Whether this machine alone reaches them."""
    proven: bool = False
    """Whether an Envoy that does not prove who it is is refused."""
    addressed: bool = True
    """Whether one must come from an address of its Pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was decided."""

    on: bool
    """Whether Secrets are read."""
    asked: bool = False
    """Whether somebody has said so; else to be forbidden to read them is no fault."""
    problems: tuple[Problem, ...] = ()


def door(found: Settings) -> Door:
    """Return how Envoys come to a server with these settings."""
    binds = [found.xds_bind, *(() if found.rest_port is None else (found.rest_bind,))]
    proof = (found.tls.client_ca, found.identity.identity_rules, found.identity.token_audience)
    return Door(
        tls=found.tls.is_on,
        plain=found.tls.xds_plain_port is not None,
        local=all(map(is_loopback, binds)),
        proven=found.identity.identity_check == "enforce" and any(each is not None for each in proof),
        addressed=found.cluster.peer_check == "pod",
    )


def given(door: Door, *, asked: bool | None) -> Given:
    """Return whether Envoys are given Secrets.

    Args:
        door: How Envoys come.
        asked: What the setting says; None: nothing.
    """
    if asked is None:
        return Given(on=door.tls and door.proven and not door.plain)
    if not asked:
        return Given(on=False, asked=True)
    if not door.tls and not door.local:
        message = "--secrets is asked for and stays off: private keys would go over the network in the clear"
        problem = Problem(code=_CODE, message=message, mend="give the port of Envoys TLS by --tls or --tls-secret")
        return Given(on=False, asked=True, problems=(problem,))
    return Given(on=True, asked=True, problems=tuple(_doubts(door)))


def _doubts(door: Door) -> list[Problem]:
    found = []
    if door.plain:
        message = "with --secrets and --xds-plain-port, private keys go in the clear to Envoys that come to that port"
        found.append(_doubt(message, "close that port as soon as no Envoy needs it, or leave out --secrets"))
    if not door.proven and not door.addressed:
        message = (
            "with --secrets and --peer-check none, whoever reaches the port of Envoys and claims to be a Pod gets the"
            " Secrets of its Envoy"
        )
        found.append(_doubt(message, "set --peer-check pod or --token-audience, or leave out --secrets"))
    return found


def _doubt(message: str, mend: str) -> Problem:
    return Problem(code=_CODE, level=Level.WARNING, message=message, mend=mend)
