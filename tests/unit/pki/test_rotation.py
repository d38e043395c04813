"""A server's certificate over years: at no moment is one shown that others could not trust."""

from __future__ import annotations

import pytest

from legation.pki import certificates, rotation
from legation.pki.authorities import DAY, Lives
from legation.pki.certificates import Usage
from legation.pki.rotation import Kept, next_look, renewed

NOW = 1_800_000_000.0
NAMES = ("hook.legation.svc",)
LIVES = Lives()


def step(kept: Kept | None, now: float, *, names: tuple[str, ...] = NAMES) -> Kept:
    """Look, and hand the bundle out."""
    return rotation.published(renewed(kept, names=names, now=now, lives=LIVES), now=now)


@pytest.fixture(scope="module")
def fresh() -> Kept:
    return step(None, NOW)


def test_at_first_all_of_it_is_made_once(fresh: Kept) -> None:
    assert fresh.trusted == fresh.authorities[0].certificate
    assert certificates.is_signed_by(fresh.server.certificate, fresh.trusted)
    assert step(fresh, NOW) is fresh
    assert step(fresh, NOW + 59 * DAY) is fresh


def test_a_certificate_is_renewed_when_two_thirds_of_its_life_are_over(fresh: Kept) -> None:
    assert next_look(fresh, now=NOW + DAY, lives=LIVES) == NOW + 60 * DAY
    after = step(fresh, NOW + 60 * DAY)
    assert after.server != fresh.server
    assert after.authorities == fresh.authorities
    assert certificates.seen(after.server.certificate).ends == NOW + 150 * DAY


def test_what_is_overdue_is_due_now(fresh: Kept) -> None:
    assert next_look(fresh, now=NOW + 61 * DAY, lives=LIVES) == NOW + 61 * DAY


def test_another_name_is_a_reason_to_renew_it(fresh: Kept) -> None:
    after = step(fresh, NOW, names=("other.legation.svc",))
    assert certificates.seen(after.server.certificate).names == {"other.legation.svc"}
    assert after.authorities == fresh.authorities


def test_it_may_be_shown_to_servers_too() -> None:
    made = renewed(None, names=NAMES, now=NOW, lives=LIVES, usage=Usage.BOTH, common_name="one")
    assert certificates.is_signed_by(made.server.certificate, made.trusted)


def test_after_years_of_absence_all_is_made_anew(fresh: Kept) -> None:
    after = step(step(fresh, NOW + 800 * DAY), NOW + 801 * DAY)
    assert len(after.authorities) == 1
    assert after.authorities != fresh.authorities


def test_a_certificate_that_no_trusted_authority_has_signed_is_replaced(fresh: Kept) -> None:
    stranger = step(None, NOW)
    after = step(Kept(server=stranger.server, authorities=fresh.authorities), NOW)
    assert certificates.is_signed_by(after.server.certificate, fresh.trusted)


def test_over_years_nothing_is_shown_that_is_not_trusted_and_current() -> None:
    """With a look only when one is due; what was shown and trusted a minute ago is, too: it takes time to get round."""
    kept, now = step(None, NOW), NOW
    made = {kept.authorities[0].certificate}
    while now < NOW + 5 * 365 * DAY:
        now = max(next_look(kept, now=now, lives=LIVES), now + 1)
        before, kept = kept, step(kept, now)
        made.add(kept.authorities[0].certificate)
        for shown in (before.server, kept.server):
            for trusted in (before.authorities, kept.authorities):
                assert any(certificates.is_signed_by(shown.certificate, each.certificate) for each in trusted)
        assert certificates.seen(kept.server.certificate).ends > now + DAY
        assert len(kept.authorities) <= 2
    assert len(made) >= 7
