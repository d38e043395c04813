from __future__ import annotations

import pytest

from legation.texts import pem
from tests.unit.translate.pairs import DAY, NOW, certificate, key_text, private_key


def test_the_blocks_that_envoy_sees_are_those_at_the_beginning_of_a_line() -> None:
    hidden, seen = certificate(private_key("another")), certificate()

    assert pem.blocks(b"x " + hidden + b"words\n" + seen) == seen


def test_what_stands_in_a_block_is_not_judged() -> None:
    """A sequence of nothing is no certificate; but that one library does not read it says nothing of another."""
    empty = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"

    assert not pem.is_broken(empty)
    with pytest.raises(pem.Unreadable):
        pem.certificates(empty)


def test_a_block_that_is_cut_is_broken() -> None:
    begin, body, end = certificate().partition(b"\n")[0], certificate().splitlines()[1], b"-----END CERTIFICATE-----\n"

    assert pem.is_broken(b"\n".join([begin, body, end]))


def test_the_time_of_a_certificate() -> None:
    (one,) = pem.certificates(certificate(start=-1, end=2))

    assert pem.period(one) == pem.Period(start=NOW - DAY, end=NOW + 2 * DAY)


def test_a_pair_fits() -> None:
    (one,) = pem.certificates(certificate())

    assert pem.unfit(one, key_text()) is None
    assert pem.unfit(one, key_text(private_key("another"))) is pem.Unfit.OTHER
