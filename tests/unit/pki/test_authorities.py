"""Which authorities are trusted and which signs, whatever the clock does and wherever a look breaks off."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.pki import authorities, certificates
from legation.pki.authorities import DAY, MOST, Authorities, Authority, Lives
from legation.pki.certificates import Pair

NOW = 1_800_000_000.0
LIVES = Lives(authority=30 * DAY, certificate=2 * DAY, jitter=0.1)
NAMES = ("a.example",)


def look(found: Authorities, now: float, *, force: bool = False) -> Authorities:
    """Look, and hand the bundle out."""
    return authorities.published(authorities.renewed(found, now=now, lives=LIVES, force=force), now=now)


def test_the_first_one_signs_at_once() -> None:
    made = authorities.renewed((), now=NOW, lives=LIVES)
    assert len(made) == 1
    assert authorities.signer(made, now=NOW, lives=LIVES).certificate == made[0].certificate
    told = authorities.published(made, now=NOW)
    assert told[0].published == NOW
    assert authorities.published(told, now=NOW + 5) is told
    assert authorities.renewed(told, now=NOW + 19 * DAY, lives=LIVES) is told


def test_the_next_one_is_trusted_first_and_signs_later() -> None:
    first = look((), NOW)
    both = look(first, NOW + 20 * DAY)
    assert both[1:] == first
    after = NOW + 20 * DAY + LIVES.trusted_before
    assert authorities.signer(both, now=after - 1, lives=LIVES).certificate == both[1].certificate
    assert authorities.signer(both, now=after, lives=LIVES).certificate == both[0].certificate
    assert look(both, after + 2 * DAY - 1) is both


def test_an_authority_is_trusted_until_what_it_has_signed_has_ended() -> None:
    both = look(look((), NOW), NOW + 20 * DAY)
    over = NOW + 20 * DAY + LIVES.trusted_before + LIVES.certificate
    assert authorities.next_look(both, now=over - 10, lives=LIVES) == over
    old = Pair(certificate=both[1].certificate, key=both[1].key or b"")
    shown = certificates.issue(old, names=NAMES, now=NOW + 20 * DAY, seconds=LIVES.certificate).certificate
    assert authorities.renewed(both, now=over, lives=LIVES, shown=(shown,)) is both
    assert look(both, over) == both[:1]


def test_one_that_has_ended_stays_until_another_one_has_settled() -> None:
    first = look((), NOW)
    late = look(first, NOW + 31 * DAY)
    assert len(late) == 2
    assert look(late, NOW + 31 * DAY + 60) is late
    assert look(late, NOW + 31 * DAY + LIVES.trusted_before) == late[:1]


def test_what_could_not_be_handed_out_does_not_sign_as_long_as_another_one_can() -> None:
    both = authorities.renewed(look((), NOW), now=NOW + 20 * DAY, lives=LIVES)
    assert both[0].published is None
    for now in (NOW + 21 * DAY, NOW + 30 * DAY - 1):
        assert authorities.signer(both, now=now, lives=LIVES).certificate == both[1].certificate
    late = authorities.renewed(both, now=NOW + 30 * DAY, lives=LIVES)
    assert authorities.signer(late, now=NOW + 30 * DAY, lives=LIVES).certificate == both[0].certificate


def test_who_is_about_to_end_leaves_it_to_one_that_is_known() -> None:
    both = look(look((), NOW), NOW + 30 * DAY - 600)
    now = NOW + 30 * DAY - 500
    assert authorities.signer(both, now=now, lives=LIVES).certificate == both[0].certificate


def test_one_can_be_forced() -> None:
    first = look((), NOW)
    both = look(first, NOW + 60, force=True)
    assert len(both) == 2
    assert authorities.signer(both, now=NOW + 61, lives=LIVES).certificate == first[0].certificate


def test_without_a_key_nothing_is_signed() -> None:
    first = look((), NOW)
    bare = (replace(first[0], key=None),)
    with pytest.raises(ValueError, match="none of the authorities can sign"):
        authorities.signer(bare, now=NOW, lives=LIVES)
    after = look(bare, NOW + 60)
    assert after[1:] == bare
    assert after[0].key is not None


def test_a_clock_that_was_wrong_for_a_moment_has_changed_nothing_that_matters() -> None:
    first = look((), NOW)
    for wrong in (NOW + 3650 * DAY, NOW - 3650 * DAY):
        jumped = look(first, wrong)
        assert first[0] in jumped
        back = look(jumped, NOW + 120)
        assert first[0] in back
        assert authorities.signer(back, now=NOW + 120, lives=LIVES).certificate == first[0].certificate


def test_no_representation_shows_a_key() -> None:
    (made,) = look((), NOW)
    assert made.key is not None
    assert made.key.decode().splitlines()[1][:20] not in repr(made)


def test_certificates_are_renewed_within_the_jitter_before_two_thirds() -> None:
    signer = authorities.signer(look((), NOW), now=NOW, lives=LIVES)
    moments = {
        authorities.renew_at(
            certificates.issue(signer, names=NAMES, now=NOW, seconds=LIVES.certificate).certificate, lives=LIVES
        )
        for _ in range(20)
    }
    assert len(moments) > 10
    assert all(NOW + 2 * DAY * (2 / 3 - 0.1) <= each <= NOW + 2 * DAY * 2 / 3 for each in moments)


@dataclass
class World:
    """One place: what is kept, which bundle everybody has or had at the look before, what is shown."""

    kept: Authorities = ()
    bundle: tuple[bytes, ...] = ()
    leaf: Pair | None = None

    def look(self, now: float, *, breaks_off: int) -> None:
        """Look, and break off after so many writes."""
        writes = 0

        def write() -> bool:
            nonlocal writes
            writes += 1
            return writes <= breaks_off

        shown = () if self.leaf is None else (self.leaf.certificate,)
        wanted = authorities.renewed(self.kept, now=now, lives=LIVES, shown=shown)
        if wanted is not self.kept:
            if not write():
                return
            self.kept = wanted
        handed_out = tuple(each.certificate for each in self.kept)
        if handed_out != self.bundle:
            if not write():
                return
            self.bundle = handed_out
        if self.leaf is None or authorities.is_due(self.leaf, names=NAMES, authorities=self.kept, now=now, lives=LIVES):
            signer = authorities.signer(self.kept, now=now, lives=LIVES)
            if not write():
                return
            self.leaf = certificates.issue(signer, names=NAMES, now=now, seconds=LIVES.certificate)
        told = authorities.published(self.kept, now=now)
        if told is not self.kept:
            if not write():
                return
            self.kept = told


def is_trusted(leaf: Pair, bundle: tuple[bytes, ...], now: float) -> bool:
    return any(
        certificates.is_signed_by(leaf.certificate, each) and certificates.seen(each).is_valid(now) for each in bundle
    )


STEPS = st.one_of(
    st.floats(min_value=1, max_value=2 * DAY),
    st.floats(min_value=1, max_value=40 * DAY),
    # The clock is set.
    st.floats(min_value=-60 * DAY, max_value=60 * DAY),
    st.floats(min_value=-7200, max_value=7200),
)


@settings(deadline=None)
@given(steps=st.lists(st.tuples(STEPS, st.integers(min_value=0, max_value=5)), min_size=1, max_size=25))
def test_whatever_the_clock_does_and_wherever_it_breaks_off(steps: list[tuple[float, int]]) -> None:
    """Nobody who has the bundle of this look or of the one before distrusts what is shown now or was before."""
    world, now = World(), NOW
    world.look(now, breaks_off=9)
    for step, breaks_off in steps:
        now += step
        before = replace(world)
        world.look(now, breaks_off=breaks_off)
        assert len(world.kept) <= MOST
        assert world.leaf is not None
        assert before.leaf is not None
        assert certificates.fits(world.leaf)
        # Who trusts none that could sign at this look, by this clock, is not helped by anything.
        able = {each.certificate for each in before.kept if each.can_sign(now)}
        bundles = [each for each in (before.bundle, world.bundle) if able & set(each)]
        for leaf in (before.leaf, world.leaf):
            if certificates.seen(leaf.certificate).is_valid(now):
                assert all(is_trusted(leaf, each, now) for each in bundles)
        if breaks_off >= 4:
            # All of it was done.
            assert certificates.seen(world.leaf.certificate).is_valid(now)
            assert all(each.published is not None for each in world.kept)


def test_an_authority_of_the_future_is_kept_until_its_time_comes() -> None:
    ahead = look((), NOW + 100 * DAY)
    now = look(ahead, NOW)
    assert now[1:] == ahead
    assert now[0].seen.is_valid(NOW)
    assert authorities.next_look(now, now=NOW, lives=LIVES) == NOW + LIVES.trusted_before


def test_not_more_than_so_many_are_kept() -> None:
    found: Authorities = ()
    for number in range(20):
        found = look(found, NOW - number * 40 * DAY)
    assert len(found) == MOST
    assert any(each.seen.is_valid(NOW - 19 * 40 * DAY) for each in found)
    assert isinstance(found[0], Authority)
