"""A folder of certificates over months: whatever the clock does, and wherever a look breaks off."""

from __future__ import annotations

import stat
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legation.errors import PkiError
from legation.pki import certificates
from legation.pki.authorities import DAY
from legation.pki.certificates import Pair
from legation.pki.ledger import Entry, Ledger
from legation.pki.place import BUNDLE, CERTIFICATE, KEY, LEDGER, Place
from legation.pki.swapped import Swapping

NOW = 1_800_000_000.0
BEGUN = Ledger(trust_domain="legation", authority_life=30 * DAY, server_life=6 * DAY, client_life=DAY)
WEB = Entry(name="node-web", names=("spiffe://legation/node/web",), role="client", folder="clients/node-web", life=DAY)


class Crash(Exception):
    """The process ends here."""


@dataclass
class Host:
    """A machine with a clock that may be wrong, and processes that may end anywhere."""

    folder: Path
    now: float = NOW
    left: int = 10_000
    """So many changes of the disk until it breaks off."""
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        self.place = Place(self.folder, now=lambda: self.now, swapping=Swapping(before=self._before, lasting=False))

    def _before(self) -> None:
        if self.left == 0:
            raise Crash
        self.left -= 1

    def pair(self, folder: str) -> Pair | None:
        """Return what stands in a folder, as others read it."""
        path = self.folder / folder
        try:
            return Pair(certificate=(path / CERTIFICATE).read_bytes(), key=(path / KEY).read_bytes())
        except FileNotFoundError:
            return None

    def bundle(self, folder: str = ".") -> bytes:
        try:
            return (self.folder / folder / BUNDLE).read_bytes()
        except FileNotFoundError:
            return b""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path / "pki")
    made.place.begin(BEGUN, names=("cp.example", "::1"))
    return made


def shown(host: Host, folder: str) -> Pair:
    found = host.pair(folder)
    assert found is not None
    return found


def test_at_the_beginning_there_is_an_authority_and_a_server(host: Host) -> None:
    server = shown(host, "server")
    assert certificates.fits(server)
    assert certificates.seen(server.certificate).names == {"cp.example", "::1"}
    assert certificates.is_signed_by(server.certificate, host.bundle())
    assert host.bundle() == host.bundle("server")


def test_a_second_one_is_not_begun_there(host: Host) -> None:
    before = host.bundle()
    with pytest.raises(PkiError, match="there is an authority already"):
        host.place.begin(BEGUN, names=("a",))
    assert host.bundle() == before


def test_it_is_not_begun_where_others_are_let_in(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(PkiError, match="others than its owner are let into it"):
        Place(tmp_path).begin(BEGUN, names=("a",))
    assert not (tmp_path / LEDGER).exists()


def test_what_is_issued_is_kept_up_to_date(host: Host) -> None:
    looked = host.place.issue(WEB)
    assert looked.done == [f"node-web: a new certificate is in {host.folder / 'clients/node-web'}"]
    first = shown(host, WEB.folder)
    assert certificates.seen(first.certificate).names == {"spiffe://legation/node/web"}
    host.now += DAY / 2
    assert host.place.look().done == []
    assert shown(host, WEB.folder) == first
    host.now = host.place.look().next
    assert NOW + DAY * 0.59 <= host.now <= NOW + DAY * 2 / 3
    assert len(host.place.look().done) == 1
    assert shown(host, WEB.folder) != first


def test_a_look_writes_nothing_where_nothing_is_due(host: Host) -> None:
    host.place.issue(WEB)
    host.left = 0
    assert host.place.look().done == []


def test_one_may_be_kept_elsewhere(host: Host, tmp_path: Path) -> None:
    there = tmp_path / "envoy"
    there.mkdir()
    host.place.issue(Entry(name="a", names=("a",), role="client", folder=str(there), life=DAY))
    assert (there / KEY).exists()
    with pytest.raises(PkiError, match="the certificate a is kept there"):
        host.place.issue(Entry(name="b", names=("b",), role="client", folder=str(there), life=DAY))


def test_a_folder_that_cannot_be_written_is_told_and_keeps_the_others_from_nothing(host: Host, tmp_path: Path) -> None:
    there = tmp_path / "envoy"
    host.place.issue(Entry(name="a", names=("a",), role="client", folder=str(there), life=DAY))
    host.place.issue(WEB)
    for each in there.iterdir():
        if each.is_symlink():
            each.unlink()
    (there / KEY).write_text("theirs")
    before = shown(host, WEB.folder)
    host.now += DAY
    looked = host.place.look()
    assert [str(there / KEY) in each and "is not ours" in each for each in looked.failed] == [True]
    assert shown(host, WEB.folder) != before
    # What has not got everywhere is not taken to be known.
    host.place.look(authority=True)
    assert host.place.read().authorities[0].published is None


def test_what_somebody_deleted_is_made_anew(host: Host) -> None:
    host.place.issue(WEB)
    (host.folder / WEB.folder / CERTIFICATE).unlink()
    (host.folder / BUNDLE).unlink()
    assert len(host.place.look().done) == 1
    assert certificates.fits(shown(host, WEB.folder))
    assert host.bundle() == host.bundle(WEB.folder)


def test_nothing_that_stands_in_a_folder_is_ever_written_again(host: Host, tmp_path: Path) -> None:
    """Its owner may have put a link to the authority's key there."""
    there = tmp_path / "envoy"
    host.place.issue(Entry(name="a", names=("a",), role="client", folder=str(there), life=DAY))
    before = shown(host, str(there))
    current = (there / "..data").readlink()
    written: list[bytes] = []
    place = Place(host.folder, now=lambda: host.now, swapping=Swapping(before=lambda: written.extend(keys(there))))
    for evil in ("evil", "..legation-evil"):
        (there / evil).mkdir()
        (there / evil / CERTIFICATE).write_bytes((there / CERTIFICATE).read_bytes())
        (there / evil / KEY).symlink_to(host.folder / LEDGER)
        (there / evil / BUNDLE).write_bytes(b"other")
        (there / "..data").unlink()
        (there / "..data").symlink_to(evil)
        written.clear()
        assert place.look().failed == []
        assert written
        assert not any(b"authorities" in each for each in (*written, *keys(there)))
        assert shown(host, str(there)) != before
    assert not (there / current).exists()


def keys(folder: Path) -> list[bytes]:
    """Return what files that are named as keys hold, other than links."""
    return [each.read_bytes() for each in folder.rglob(KEY) if not each.is_symlink()]


def test_a_certificate_is_made_anew_where_others_are_trusted(host: Host) -> None:
    host.place.issue(WEB)
    before = [shown(host, each) for each in ("server", WEB.folder)]
    assert len(host.place.look(authority=True).done) == 3
    after = [shown(host, each) for each in ("server", WEB.folder)]
    assert not {each.key for each in before} & {each.key for each in after}
    assert host.bundle() == host.bundle("server") == host.bundle(WEB.folder)
    assert host.place.look().done == []


def test_a_folder_is_made_with_those_that_it_is_in_when_it_is_named(host: Host, tmp_path: Path) -> None:
    there = tmp_path / "etc" / "web"
    host.place.issue(Entry(name="a", names=("a",), role="client", folder=str(there), life=DAY))
    assert (there / KEY).exists()
    # Later on a disk may not be mounted.
    there.parent.rename(tmp_path / "away")
    failed = host.place.look().failed
    assert len(failed) == 1
    assert "it cannot be made" in failed[0]
    assert failed[0].endswith("if nobody needs it any more: legation pki forget a")


def test_what_a_look_has_left_that_broke_off_is_taken_away(host: Host) -> None:
    (host.folder / f"..new-{LEDGER}").write_bytes(b"keys")
    host.place.look()
    assert not (host.folder / f"..new-{LEDGER}").exists()


def test_what_is_forgotten_is_not_renewed(host: Host) -> None:
    host.place.issue(WEB)
    assert host.place.forget("node-web") == host.folder / WEB.folder
    before = shown(host, WEB.folder)
    host.now += 2 * DAY
    host.place.look()
    assert shown(host, WEB.folder) == before
    with pytest.raises(PkiError, match="there is no certificate node-web"):
        host.place.forget("node-web")


def test_all_can_be_made_anew_and_an_authority_begun(host: Host) -> None:
    host.place.issue(WEB)
    before = host.bundle()
    host.now += 60
    looked = host.place.look(anew=True, authority=True)
    assert len(looked.done) == 3
    assert host.bundle().endswith(before)
    assert host.bundle() == host.bundle(WEB.folder) == host.bundle("server")
    assert certificates.is_signed_by(shown(host, WEB.folder).certificate, before)
    host.now += BEGUN.trusted_before
    host.place.look(anew=True)
    assert not certificates.is_signed_by(shown(host, WEB.folder).certificate, before)


def test_not_more_authorities_are_begun_than_can_be_kept(host: Host) -> None:
    failed = [each for _ in range(8) for each in host.place.look(authority=True).failed]
    assert ["no new authority is begun: there are 7" in each for each in failed] == [True, True]
    assert host.bundle().count(b"BEGIN CERTIFICATE") == 7


@pytest.mark.parametrize("act", [lambda place: place.look(), lambda place: place.issue(WEB)], ids=["look", "issue"])
def test_without_an_authority_it_says_how_to_make_one(tmp_path: Path, act: Callable[[Place], object]) -> None:
    with pytest.raises(PkiError, match="make one: legation pki init"):
        act(Place(tmp_path / "none"))


@pytest.mark.parametrize("name", ["spiffe://legation/node/\N{SNOWMAN}", "\N{SNOWMAN}"])
def test_a_name_that_cannot_stand_in_a_certificate_is_told(host: Host, name: str) -> None:
    with pytest.raises(PkiError, match="it cannot stand in a certificate"):
        host.place.issue(Entry(name="a", names=(name,), role="client", folder="a", life=DAY))


def test_a_ledger_that_is_damaged_is_told_without_what_is_in_it(host: Host) -> None:
    text = (host.folder / LEDGER).read_bytes()
    (host.folder / LEDGER).write_bytes(text[: len(text) // 2])
    with pytest.raises(PkiError, match="it cannot be used") as error:
        host.place.look()
    assert "PRIVATE" not in str(error.value)


STEPS = st.one_of(
    st.floats(min_value=1, max_value=DAY),
    st.floats(min_value=1, max_value=25 * DAY),
    # The clock is set.
    st.floats(min_value=-40 * DAY, max_value=40 * DAY),
)


@settings(deadline=None)
@given(steps=st.lists(st.tuples(STEPS, st.integers(min_value=0, max_value=40)), min_size=1, max_size=12))
def test_whatever_the_clock_does_and_wherever_it_breaks_off(steps: list[tuple[float, int]]) -> None:
    """Nobody who has the bundle of this look or of the one before distrusts what stands anywhere now or did before."""
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder) / "pki")
        host.place.begin(BEGUN, names=("cp.example",))
        host.place.issue(WEB)
        places = ("server", WEB.folder)
        for step, left in steps:
            host.now += step
            before = [(shown(host, each), host.bundle(each)) for each in places]
            able = {each.certificate for each in host.place.read().authorities if each.can_sign(host.now)}
            host.left = left
            try:
                host.place.look()
            except Crash:
                done = False
            else:
                done = True
            host.left = 10_000
            after = [(shown(host, each), host.bundle(each)) for each in places]
            assert all(certificates.fits(pair) for pair, _ in after)
            # Who trusts none that could sign at this look, by this clock, is not helped by anything.
            bundles = [each for _, each in (*before, *after) if any(one in each for one in able)]
            for pair, _ in (*before, *after):
                if certificates.seen(pair.certificate).is_valid(host.now):
                    assert all(is_trusted(pair, each, host.now) for each in bundles)
            if done:
                assert all(certificates.seen(pair.certificate).is_valid(host.now) for pair, _ in after)
            assert not done or len({each for _, each in after} | {host.bundle()}) == 1
            assert_private(host.folder)
        host.place.look()
        for each in places:
            assert len([one for one in (host.folder / each).iterdir() if one.name.startswith("..")]) == 2


def is_trusted(pair: Pair, bundle: bytes, now: float) -> bool:
    end = b"-----END CERTIFICATE-----\n"
    signers = [each + end for each in bundle.split(end) if each]
    return any(
        certificates.is_signed_by(pair.certificate, each) and certificates.seen(each).is_valid(now) for each in signers
    )


def assert_private(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and b"PRIVATE KEY" in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_several_at_once_do_one_after_the_other(host: Host) -> None:
    failed: list[BaseException] = []

    def rotate(number: int) -> None:
        try:
            place = Place(host.folder, now=lambda: NOW)
            place.issue(Entry(name=f"n{number}", names=("a",), role="client", folder=f"clients/n{number}", life=DAY))
            place.look(anew=True)
        except BaseException as error:  # noqa: BLE001 - a thread tells nobody
            failed.append(error)

    threads = [threading.Thread(target=rotate, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert len(host.place.read().entries) == 7
    assert all(certificates.fits(shown(host, f"clients/n{number}")) for number in range(6))
