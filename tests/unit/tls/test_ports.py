"""One certificate at all ports, and for each port who is trusted there."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from legation.tls.material import Unusable
from legation.tls.ports import Ports, Whom
from tests.unit.tls.signing import HOUR, Authority

ENVOYS, OTHERS = Path("envoys.crt"), Path("others.crt")


@pytest.fixture
def ports() -> Ports:
    made = Ports()
    for each in (Whom.NOBODY, Whom.OWN, ENVOYS, OTHERS):
        made.trusting(each)
    return made


def authorities(ports: Ports, whom: Whom | Path) -> bytes | None:
    material = ports.trusting(whom).material
    assert material is not None
    return material.authorities


def certificate(ports: Ports, whom: Whom | Path) -> bytes:
    material = ports.trusting(whom).material
    assert material is not None
    return material.certificate


class Moment:
    """The time of day."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def test_each_port_shows_the_certificate_and_trusts_its_own(ports: Ports) -> None:
    own, envoys, others = Authority(), Authority(), Authority()
    ports.trust(ENVOYS, envoys.pem)
    ports.show(own.material(own))
    ports.trust(OTHERS, others.pem)
    assert authorities(ports, Whom.NOBODY) is None
    assert authorities(ports, Whom.OWN) == own.pem
    assert authorities(ports, ENVOYS) == envoys.pem
    assert authorities(ports, OTHERS) == others.pem


def test_a_port_whose_authorities_nobody_has_told_does_not_open(ports: Ports) -> None:
    own = Authority()
    ports.show(own.material(own))
    assert ports.trusting(Whom.NOBODY).ready
    assert not ports.trusting(ENVOYS).ready


def test_authorities_that_cannot_be_used_leave_those_before_and_no_other_port_minds(ports: Ports) -> None:
    own, envoys = Authority(), Authority()
    ports.show(own.material(own))
    ports.trust(ENVOYS, envoys.pem)
    for bad in (b"", b"\n", envoys.pem[:100]):
        with pytest.raises(Unusable):
            ports.trust(ENVOYS, bad)
        with pytest.raises(Unusable):
            ports.trust(OTHERS, bad)
    newer = own.server()
    ports.show(own.material(own, pair=newer))
    assert authorities(ports, ENVOYS) == envoys.pem
    assert not ports.trusting(OTHERS).ready
    assert not ports.holds(OTHERS)
    for whom in (Whom.NOBODY, ENVOYS):
        assert certificate(ports, whom) == newer.certificate


def test_without_authorities_beside_the_certificate_those_before_are_trusted(ports: Ports) -> None:
    own = Authority()
    ports.show(own.material(own))
    newer = own.server()
    with pytest.raises(Unusable, match="authorities"):
        ports.show(own.material(pair=newer))
    assert authorities(ports, Whom.OWN) == own.pem
    for whom in (Whom.NOBODY, Whom.OWN):
        assert certificate(ports, whom) == newer.certificate


def test_a_pair_that_cannot_be_used_leaves_all_ports_as_they_are(ports: Ports) -> None:
    own = Authority()
    good = own.material(own)
    ports.show(good)
    before = {whom: ports.trusting(whom).material for whom in (Whom.NOBODY, Whom.OWN)}
    with pytest.raises(Unusable, match="belongs to another"):
        ports.show(dataclasses.replace(good, key=own.server().key))
    assert {whom: ports.trusting(whom).material for whom in before} == before
    assert ports.material is good


def test_when_what_ends_is_told(ports: Ports) -> None:
    own, envoys = Authority(), Authority(seconds=50)
    assert (ports.life, ports.authorities()) == (None, {})
    ports.show(own.material(own))
    ports.trust(ENVOYS, envoys.pem)
    assert ports.life is not None
    assert set(ports.authorities()) == {Whom.OWN, ENVOYS}


def test_who_asks_late_is_shown_what_is_there() -> None:
    ports, own, envoys = Ports(), Authority(), Authority()
    ports.show(own.material())
    assert ports.trusting(Whom.NOBODY).ready
    # Nobody said who they are.
    assert not ports.trusting(Whom.OWN).ready
    ports.trust(ENVOYS, envoys.pem)
    assert authorities(ports, ENVOYS) == envoys.pem


@pytest.mark.parametrize("later", [2 * HOUR, -2 * HOUR], ids=["ended", "the clock went back"])
def test_who_is_trusted_changes_while_the_certificate_is_none_that_would_be_taken_now(later: float) -> None:
    moment = Moment()
    ports, own, old, new = Ports(now=moment), Authority(), Authority(), Authority()
    envoys = ports.trusting(ENVOYS)
    ports.trust(ENVOYS, old.pem)
    ports.show(own.material())
    moment.now += later
    ports.trust(ENVOYS, old.pem + new.pem)
    assert authorities(ports, ENVOYS) == old.pem + new.pem
    ports.trust(ENVOYS, new.pem)
    assert authorities(ports, ENVOYS) == new.pem
    assert envoys.life is not None
    assert len(envoys.life.each_authority) == 1
    # And who asks only now.
    ports.trust(OTHERS, old.pem)
    assert authorities(ports, OTHERS) == old.pem


def test_authorities_that_came_with_a_certificate_that_is_refused_are_trusted_nevertheless(ports: Ports) -> None:
    own, newer = Authority(), Authority()
    ports.show(own.material(own))
    shown, ended = certificate(ports, Whom.OWN), own.server(now=time.time() - 2 * HOUR)
    with pytest.raises(Unusable, match="the certificate expired"):
        ports.show(own.material(newer, pair=ended))
    assert (certificate(ports, Whom.OWN), authorities(ports, Whom.OWN)) == (shown, newer.pem)


def test_a_new_certificate_is_shown_where_the_authorities_have_ended_that_are_trusted() -> None:
    moment = Moment()
    ports, own, envoys = Ports(now=moment), Authority(), Authority(seconds=HOUR)
    ports.trusting(ENVOYS)
    ports.trust(ENVOYS, envoys.pem)
    ports.show(own.material(pair=own.server(seconds=100 * HOUR)))
    moment.now += 2 * HOUR
    newer = own.server(seconds=100 * HOUR)
    ports.show(own.material(pair=newer))
    assert certificate(ports, ENVOYS) == newer.certificate
    assert authorities(ports, ENVOYS) == envoys.pem
    with pytest.raises(Unusable, match="the last of the authorities"):
        ports.trust(ENVOYS, envoys.pem)


def test_authorities_that_the_library_refuses_are_no_hindrance_to_another_certificate(
    ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, envoys, strange = Authority(), Authority(), Authority()
    ports.show(own.material(own))
    ports.trust(ENVOYS, envoys.pem)

    def refuse(_: bytes) -> None:
        raise Unusable("no")

    with monkeypatch.context() as patched:
        patched.setattr("legation.tls.ports.require_trustable", refuse)
        with pytest.raises(Unusable):
            ports.trust(ENVOYS, strange.pem)
    newer = own.server()
    ports.show(own.material(own, pair=newer))
    assert (certificate(ports, ENVOYS), authorities(ports, ENVOYS)) == (newer.certificate, envoys.pem)


def test_authorities_that_nobody_needs_and_that_are_gone_are_not_trusted_later() -> None:
    ports, own = Ports(), Authority()
    ports.show(own.material(own))
    ports.show(own.material())
    assert not ports.trusting(Whom.OWN).ready
