"""What a folder of certificates remembers, and that nothing shows a key."""

from __future__ import annotations

import pytest

from legation.pki import authorities, ledger
from legation.pki.authorities import DAY, Lives
from legation.pki.ledger import Entry, Ledger

NOW = 1_800_000_000.0
ENTRY = Entry(name="node-web", names=("spiffe://legation/node/web",), role="client", folder="clients/web", life=DAY)


@pytest.fixture(scope="module")
def full() -> Ledger:
    first = authorities.renewed((), now=NOW, lives=Lives())
    both = authorities.renewed(authorities.published(first, now=NOW), now=NOW, lives=Lives(), force=True)
    return Ledger(trust_domain="legation", authorities=both).with_entry(ENTRY)


def test_what_was_written_is_read(full: Ledger) -> None:
    assert [each.published for each in full.authorities] == [None, NOW]
    assert ledger.read(ledger.written(full)) == full
    assert ledger.read_authorities(ledger.written_authorities(full.authorities)) == full.authorities


def test_one_entry_takes_the_place_of_another_of_its_name(full: Ledger) -> None:
    other = Entry(name="node-web", names=("a",), role="client", folder="b", life=9 * DAY)
    changed = full.with_entry(other)
    assert changed.entries == (other,)
    assert changed.without_entry("node-web").entry("node-web") is None
    assert full.entry("node-web") == ENTRY


def test_the_longest_life_is_remembered_when_nobody_has_it_any_more(full: Ledger) -> None:
    long = full.with_entry(Entry(name="a", names=("a",), role="client", folder="b", life=900 * DAY)).without_entry("a")
    assert long.lives().certificate == 900 * DAY
    assert ledger.read(ledger.written(long)).lives().certificate == 900 * DAY
    assert full.lives().certificate == full.server_life
    assert full.lives(DAY).certificate == DAY


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:100],
        lambda text: text.replace(b'"version": 1', b'"version": 2'),
        lambda text: text.replace(b"BEGIN CERTIFICATE", b"BEGIN NOTHING"),
        lambda text: text.replace(b"BEGIN PRIVATE KEY", "BEGIN PRIVATE KEY\N{SNOWMAN}".encode()),
        lambda text: text.replace(b'"key": "', b'"key": 1, "other": "'),
    ],
    ids=["empty", "cut", "version", "certificate", "letter", "number"],
)
def test_what_cannot_be_read_says_so_and_shows_no_key(full: Ledger, damage: object) -> None:
    assert callable(damage)
    secret = (full.authorities[0].key or b"").decode().splitlines()[1]
    with pytest.raises(ValueError, match=r".") as error:
        ledger.read(damage(ledger.written(full)))
    assert secret[:16] not in str(error.value)
    assert secret[:16] not in repr(full)


def test_a_key_that_is_not_its_own_signs_nothing(full: Ledger) -> None:
    one, two = full.authorities
    text = ledger.written(full)
    assert one.key is not None
    assert two.key is not None
    swapped = text.replace(one.key.replace(b"\n", rb"\n"), two.key.replace(b"\n", rb"\n"))
    assert swapped != text
    assert [each.key is None for each in ledger.read(swapped).authorities] == [True, False]
