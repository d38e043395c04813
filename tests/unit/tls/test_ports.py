"""One certificate at all ports, and for each port who is trusted there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from legation.tls.material import Unusable
from legation.tls.ports import Ports, Whom
from tests.unit.tls.signing import Authority

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
        material = ports.trusting(whom).material
        assert material is not None
        assert material.certificate == newer.certificate


def test_without_authorities_beside_the_certificate_only_the_ports_that_need_them_stay_as_they_are(
    ports: Ports,
) -> None:
    own = Authority()
    ports.show(own.material(own))
    newer = own.server()
    with pytest.raises(Unusable, match="authorities of clients"):
        ports.show(own.material(pair=newer))
    assert authorities(ports, Whom.OWN) == own.pem
    material = ports.trusting(Whom.NOBODY).material
    assert material is not None
    assert material.certificate == newer.certificate


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
