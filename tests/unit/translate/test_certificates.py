from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from legation.model.problems import Level
from legation.translate.certificates import Fitness, check_authorities, check_pair
from tests.unit.translate.pairs import DAY, NOW, certificate, key_text, private_key

OF = "Secret shop/cert"
JUNK = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def pair(chain: bytes | None = None, key: bytes | None = None, *, now: float = NOW) -> Fitness:
    chain = certificate() if chain is None else chain
    return check_pair(chain, key_text() if key is None else key, of=OF, now=now)


def authorities(*bundle: bytes, now: float = NOW) -> Fitness:
    return check_authorities(b"".join(bundle), of=OF, now=now)


def codes(fitness: Fitness) -> list[str]:
    return [fault.code for fault in fitness.faults]


@pytest.mark.parametrize("which", ["rsa 2048", "secp256r1", "secp384r1"])
def test_a_pair_that_fits(which: str) -> None:
    key = private_key(which)

    assert pair(certificate(key), key_text(key)) == Fitness(again_at=NOW + 53 * DAY)


def forms_of_a_certificate() -> dict[str, bytes]:
    one = certificate()
    return {
        "a chain": one + one,
        "words before it": b"subject=CN = example\n" + one,
        "no last line end": one.strip(),
        "lines of Windows": one.replace(b"\n", b"\r\n"),
        "spaces behind": one.replace(b"\n", b" \n"),
    }


@pytest.mark.parametrize("chain", forms_of_a_certificate().values(), ids=forms_of_a_certificate())
def test_what_envoy_takes_for_a_certificate(chain: bytes) -> None:
    assert not pair(chain).faults


def forms_of_a_key() -> dict[str, bytes]:
    key = key_text()
    return {
        "traditional": key_text(form=PrivateFormat.TraditionalOpenSSL),
        "parameters before it": EC_PARAMETERS + key_text(form=PrivateFormat.TraditionalOpenSSL),
        "the certificate before it": certificate() + key,
        "no last line end": key.strip(),
        "lines of Windows": key.replace(b"\n", b"\r\n"),
    }


@pytest.mark.parametrize("key", forms_of_a_key().values(), ids=forms_of_a_key())
def test_what_envoy_takes_for_a_key(key: bytes) -> None:
    assert not pair(key=key).faults


def broken_certificates() -> dict[str, bytes]:
    one = certificate()
    return {
        "empty": b"",
        "no PEM": b"junk",
        "no certificate": EC_PARAMETERS,
        "a broken body": JUNK,
        "a second with a broken body": one + JUNK,
        "a second that is cut off": one + one[:200],
        "glued together without a line end": one.strip() + one,
        "indented": one.replace(b"\n", b"\n  "),
        "its first mark indented": b"  " + one,
        "its last mark indented": one.replace(b"-----END", b"  -----END"),
    }


@pytest.mark.parametrize("text", broken_certificates().values(), ids=broken_certificates())
def test_what_is_no_certificate(text: bytes) -> None:
    """Envoy refuses each of these too."""
    assert codes(pair(text)) == ["bad-certificate"]
    assert codes(authorities(text)) == ["bad-certificate"]


def test_a_private_key_among_the_certificates() -> None:
    """Certificates are shown to everybody, so that one which stands there is lost."""
    both = certificate() + key_text()

    assert codes(pair(both)) == ["misplaced-key"]
    assert codes(authorities(both)) == ["misplaced-key"]


@pytest.mark.parametrize(
    ("which", "key", "code"),
    [
        ("", lambda: b"junk", "bad-private-key"),
        ("", lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "bad-private-key"),
        ("", certificate, "bad-private-key"),
        ("", lambda: key_text(form=PrivateFormat.OpenSSH), "bad-private-key"),
        ("", lambda: key_text().replace(b"\n", b"\n  ").replace(b"-----B", b"  -----B"), "bad-private-key"),
        ("", lambda: key_text(password=b"pass"), "encrypted-key"),
        ("", lambda: key_text(password=b"pass", form=PrivateFormat.TraditionalOpenSSL), "encrypted-key"),
        ("", lambda: key_text(private_key("another")), "key-mismatch"),
        ("", lambda: key_text(private_key("secp384r1")), "key-mismatch"),
        ("", lambda: key_text(private_key("rsa 2048")), "key-mismatch"),
        ("secp256k1", lambda: key_text(private_key("secp256k1")), "bad-private-key"),
        ("rsa 1024", lambda: key_text(private_key("rsa 1024")), "bad-private-key"),
    ],
    ids=[
        "no PEM",
        "a broken body",
        "a certificate",
        "of OpenSSH",
        "indented",
        "encrypted",
        "encrypted in the traditional way",
        "another key",
        "another curve",
        "another algorithm",
        "a curve that Envoy refuses",
        "too short for Envoy",
    ],
)
def test_what_is_no_key_for_it(which: str, key: Callable[[], bytes], code: str) -> None:
    fitness = pair(certificate(private_key(which)), key())

    assert codes(fitness) == [code]
    assert fitness.faults[0].level is Level.ERROR


def test_a_certificate_goes_through_its_life() -> None:
    """The fitness says itself when to look again, and then it is another."""
    chain = certificate(start=10, end=100)
    now: float | None = NOW
    life = []
    while now is not None:
        fitness = pair(chain, now=now)
        life.append((round((now - NOW) / DAY), codes(fitness), [each.level.value for each in fitness.faults]))
        assert fitness.again_at is None or fitness.again_at > now
        now = fitness.again_at

    assert life == [
        (0, ["not-yet-valid"], ["error"]),
        (10, [], []),
        (93, ["expires-soon"], ["warning"]),
        (100, ["expired"], ["error"]),
    ]


def test_a_short_life_is_about_to_end_in_its_last_tenth() -> None:
    chain = certificate(start=0, end=1)

    assert pair(chain).again_at == pytest.approx(NOW + 0.9 * DAY)
    assert codes(pair(chain, now=NOW + 0.89 * DAY)) == []
    assert codes(pair(chain, now=NOW + 0.91 * DAY)) == ["expires-soon"]


def test_an_intermediate_certificate_that_expires() -> None:
    chain = certificate() + certificate(end=5) + certificate(end=9)

    assert pair(chain) == Fitness(again_at=NOW + 5 * DAY)
    (fault,) = pair(chain, now=NOW + 5 * DAY).faults
    assert (fault.code, fault.level) == ("expired-chain", Level.WARNING)
    assert pair(chain, now=NOW + 5 * DAY).again_at == NOW + 9 * DAY


def test_the_words_hold_dates_and_where_it_is() -> None:
    (fault,) = pair(certificate(end=-1)).faults

    assert fault.message == "the certificate in tls.crt of Secret shop/cert expired at 2029-12-31 00:00:00 UTC"


@pytest.mark.parametrize(
    ("bundle", "found", "days"),
    [
        ([certificate()], [], 53),
        ([certificate(end=-1), certificate()], [], 53),
        ([certificate(end=3), certificate(end=60)], [], 53),
        ([certificate(), certificate(start=5, end=90)], [], 5),
        ([certificate(end=3)], ["expires-soon"], 3),
        ([certificate(end=-1)], ["expired"], None),
        ([certificate(end=-1), certificate(end=-5)], ["expired"], None),
        ([certificate(start=5), certificate(start=2), certificate(end=-1)], ["not-yet-valid"], 2),
    ],
    ids=["one", "an old one beside", "one ends", "a new one beside", "soon", "expired", "both expired", "too early"],
)
def test_authorities_are_good_while_one_is(bundle: list[bytes], found: list[str], days: int | None) -> None:
    fitness = authorities(*bundle)

    assert codes(fitness) == found
    assert fitness.again_at == (None if days is None else NOW + days * DAY)


def test_the_words_of_a_bundle_speak_of_the_one_that_lasts_longest() -> None:
    (fault,) = authorities(certificate(end=-5), certificate(end=-1)).faults

    assert fault.message == "every certificate in ca.crt of Secret shop/cert expired at 2029-12-31 00:00:00 UTC"
