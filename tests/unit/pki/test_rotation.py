"""When certificates are made anew, over years: at no moment is one shown that the API server could not trust."""

from __future__ import annotations

from dataclasses import replace

import pytest

from legation.api.admission import kept_secret
from legation.pki import certificates
from legation.pki.rotation import DAY, Kept, Lives, next_look, renewed

NOW = 1_800_000_000.0
NAMES = ("hook.legation.svc",)
LIVES = Lives()


def step(kept: Kept | None, now: float, *, names: tuple[str, ...] = NAMES) -> Kept:
    return renewed(kept, names=names, now=now, lives=LIVES)


@pytest.fixture(scope="module")
def fresh() -> Kept:
    return step(None, NOW)


def test_at_first_all_of_it_is_made_once(fresh: Kept) -> None:
    assert fresh.signer == fresh.authority
    assert fresh.bundle == (fresh.authority.certificate,)
    assert step(fresh, NOW) is fresh
    assert step(fresh, NOW + 59 * DAY) is fresh


def test_a_certificate_is_renewed_when_two_thirds_of_its_life_are_over(fresh: Kept) -> None:
    assert next_look(fresh, lives=LIVES) == NOW + 60 * DAY
    after = step(fresh, NOW + 60 * DAY)
    assert after.server != fresh.server
    assert (after.authority, after.bundle) == (fresh.authority, fresh.bundle)
    assert certificates.seen(after.server.certificate).ends == NOW + 150 * DAY


def test_another_name_is_a_reason_to_renew_it(fresh: Kept) -> None:
    after = step(fresh, NOW, names=("other.legation.svc",))
    assert certificates.seen(after.server.certificate).names == {"other.legation.svc"}
    assert after.authority == fresh.authority


def test_a_new_authority_is_trusted_first_and_signs_later(fresh: Kept) -> None:
    due = NOW + 365 * DAY * 2 / 3 + 1
    before = step(fresh, due - 30 * DAY)
    trusted = step(before, due)
    assert trusted.authority != fresh.authority
    assert trusted.bundle == (trusted.authority.certificate, fresh.authority.certificate)
    assert trusted.signer == fresh.authority
    assert trusted.server == before.server
    assert step(trusted, due + 3_000) is trusted
    signing = step(trusted, due + 3_601)
    assert signing.signer == signing.authority == trusted.authority
    # What is shown is not renewed for that: it has time until its own day.
    assert signing.server == before.server
    later = step(signing, due + 31 * DAY)
    assert certificates.is_signed_by(later.server.certificate, later.authority.certificate)
    assert later.bundle == trusted.bundle


def test_an_authority_leaves_the_bundle_when_it_has_ended(fresh: Kept) -> None:
    kept = step(step(step(fresh, NOW + 250 * DAY), NOW + 251 * DAY), NOW + 320 * DAY)
    assert len(kept.bundle) == 2
    assert step(kept, NOW + 366 * DAY).bundle == (kept.authority.certificate,)


def test_after_years_of_absence_all_is_made_anew(fresh: Kept) -> None:
    after = step(fresh, NOW + 800 * DAY)
    assert after.authority != fresh.authority
    assert after.bundle == (after.authority.certificate,)


def test_a_certificate_that_no_trusted_authority_has_signed_is_replaced(fresh: Kept) -> None:
    stranger = step(None, NOW)
    after = step(replace(fresh, server=stranger.server), NOW)
    assert certificates.is_signed_by(after.server.certificate, fresh.authority.certificate)


def test_over_years_nothing_is_shown_that_is_not_trusted_and_current() -> None:
    """With a look only when one is due; what was shown and trusted a minute ago is, too: it takes time to get round."""
    kept, now = step(None, NOW), NOW
    authorities = {kept.authority.certificate}
    while now < NOW + 5 * 365 * DAY:
        now = max(next_look(kept, lives=LIVES), now + 1)
        before, kept = kept, step(kept, now)
        authorities.add(kept.authority.certificate)
        for shown in (before.server, kept.server):
            for bundle in (before.bundle, kept.bundle):
                assert any(certificates.is_signed_by(shown.certificate, each) for each in bundle)
        assert certificates.seen(kept.server.certificate).ends > now + DAY
        assert len(kept.bundle) <= 2
    assert len(authorities) >= 7


def test_what_is_kept_survives_the_secret(fresh: Kept) -> None:
    kept = step(step(fresh, NOW + 250 * DAY), NOW + 250 * DAY + 10)
    assert len(kept.bundle) == 2
    assert kept_secret._kept(kept_secret.data(kept)) == kept
