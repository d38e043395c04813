"""A folder of certificates of our own: the authority, a server's certificate and those of clients, kept up to date.

::

    place = Place(Path("pki"))
    place.begin(Ledger(trust_domain="legation"), names=("cp.example",))
    place.issue(Entry(name="node-web-1", names=("spiffe://legation/node/web-1",), role="client", folder=..., life=DAY))
    looked = place.look()              # again and again: it does what is due, and says when something will be

A look goes in an order in which it may break off anywhere: a new authority is kept first, then certificates are made,
each with the bundle beside it, then it is noted that all have the bundle. The next look does what is missing. One
process at a time does so. It refuses to know when looks take place.

What stands in a folder of certificates may be anybody's: it is compared with what should stand there, and never written
again. Where the bundle is another one, the certificate is made anew with it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from legation.errors import PkiError
from legation.pki import authorities, certificates, ledger, swapped
from legation.pki.certificates import Pair, Usage
from legation.pki.folders import content, opened
from legation.pki.ledger import Entry, Ledger
from legation.pki.swapped import PRIVATE, PUBLIC, Swapping
from legation.small_files import why

LEDGER, BUNDLE = "authority.json", "ca.crt"
CERTIFICATE, KEY = "tls.crt", "tls.key"
SERVER = "server"
"""The name of the server's certificate, and its folder."""
CLIENTS = "clients"
"""The folder of the others."""
_LOCK = ".lock"
_FILES = (CERTIFICATE, KEY, BUNDLE)
_USAGES = {"server": Usage.BOTH, "client": Usage.CLIENT}
"""What each is used as. Servers show theirs to one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What stands in the folder of a certificate."""

    pair: Pair
    bundle: bytes


@dataclass(slots=True, kw_only=True)
class Looked:
    """What came of a look."""

    done: list[str] = field(default_factory=list)
    """What was made, in words."""
    failed: list[str] = field(default_factory=list)
    """What could not be written, in words."""
    next: float = 0.0
    """When something is due again, in Unix seconds."""


class Place:
    """One such folder."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time, swapping: Swapping | None = None) -> None:
        """Take where it is; nothing is read yet.

        Args:
            folder: The folder.
            now: Returns Unix seconds.
            swapping: How files are written.
        """
        self.folder = folder
        self._now = now
        self._swapping = swapping or Swapping()

    def begin(self, begun: Ledger, *, names: tuple[str, ...]) -> Looked:
        """Make an authority, and a certificate for a server of these names.

        Raises:
            PkiError: There is one already, or it cannot be written.
        """
        _check_names(names)
        self._swapping.folder(self.folder)
        with self._locked():
            if (self.folder / LEDGER).exists():
                raise PkiError(str(self.folder), "there is an authority already", mend="look: legation pki status")
            if swapped.is_open_to_others(self.folder):
                raise PkiError(
                    str(self.folder), "others than its owner are let into it, and it is to hold keys", mend="chmod 0700"
                )
            server = Entry(name=SERVER, names=names, role="server", folder=SERVER, life=begun.server_life)
            return self._look(begun.with_entry(server), written=False)

    def issue(self, entry: Entry) -> Looked:
        """Make a certificate, and keep it up to date from now on; one of the same name is made anew.

        Raises:
            PkiError: There is no authority, or the certificate cannot be written.
        """
        _check_names(entry.names)
        with self._locked():
            found = self.read()
            where = self.path(entry).resolve()
            for each in found.entries:
                if each.name != entry.name and self.path(each).resolve() == where:
                    raise PkiError(str(where), f"the certificate {each.name} is kept there", mend="choose another one")
            # What cannot be written there is told before anybody remembers it.
            self._prepare(entry, parents=True)
            if swapped.is_others_too(self.path(entry)):
                words = "others than its owner may put a certificate of theirs there"
                raise PkiError(str(self.path(entry)), words, mend="chmod go-w")
            return self._look(found.with_entry(entry), written=False, anew=frozenset({entry.name}))

    def forget(self, name: str) -> Path:
        """Do not keep a certificate up to date any more, and return where it is; it ends by itself.

        Raises:
            PkiError: There is none of that name.
        """
        with self._locked():
            found = self.read()
            entry = found.entry(name)
            if entry is None:
                known = ", ".join(each.name for each in found.entries)
                raise PkiError(str(self.folder), f"there is no certificate {name}", mend=f"there are {known}")
            self._write(found.without_entry(name))
            return self.path(entry)

    def look(self, *, anew: bool = False, authority: bool = False) -> Looked:
        """Do what is due.

        Args:
            anew: Make all certificates anew, whatever is due.
            authority: Make a new authority; it signs when it has been trusted for long enough.

        Raises:
            PkiError: There is no authority, or the folder cannot be read or written.
        """
        with self._locked():
            found = self.read()
            names = frozenset(each.name for each in found.entries) if anew else frozenset[str]()
            return self._look(found, written=True, anew=names, authority=authority)

    def read(self) -> Ledger:
        """Return what is remembered.

        Raises:
            PkiError: Nothing is, or it cannot be read.
        """
        path = self.folder / LEDGER
        try:
            with opened(self.folder) as handle:
                text = content(handle, LEDGER)
        except FileNotFoundError:
            mend = f"make one: legation pki init --dir {self.folder}"
            raise PkiError(str(self.folder), "there is no authority", mend=mend) from None
        except OSError as error:
            raise PkiError(str(path), f"it cannot be read: {why(error)}") from error
        try:
            return ledger.read(text)
        except ValueError as error:
            raise PkiError(str(path), f"it cannot be used: {error}", mend="take it from a copy") from None

    def path(self, entry: Entry) -> Path:
        """Return where a certificate is."""
        return self.folder / entry.folder

    def held(self, entry: Entry) -> Held | None:
        """Return a certificate that is kept, with its key and bundle; None where there is none.

        Raises:
            PkiError: It cannot be read.
        """
        found = swapped.read(self.path(entry), _FILES)
        if not found:
            return None
        return Held(pair=Pair(certificate=found[CERTIFICATE], key=found[KEY]), bundle=found[BUNDLE])

    def has_bundle(self, found: Ledger) -> bool:
        """Say whether those that are trusted stand where a server reads them."""
        try:
            with opened(self.folder) as handle:
                return content(handle, BUNDLE) == authorities.bundle(found.authorities)
        except OSError:
            return False

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one."""
        path = self.folder / _LOCK
        try:
            with opened(self.folder) as folder:
                handle = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE, dir_fd=folder)
        except FileNotFoundError:
            mend = f"make one: legation pki init --dir {self.folder}"
            raise PkiError(str(self.folder), "there is no authority", mend=mend) from None
        except OSError as error:
            raise PkiError(str(path), f"it cannot be opened: {why(error)}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _look(
        self, found: Ledger, *, written: bool, anew: frozenset[str] = frozenset(), authority: bool = False
    ) -> Looked:
        looked, now = Looked(), self._now()
        trusted = authorities.renewed(
            found.authorities,
            now=now,
            lives=found.lives(),
            shown=self._all_shown(found),
            common_name=_called(found),
            force=authority,
        )
        if trusted is not found.authorities or not written:
            if not found.authorities or trusted[0] != found.authorities[0]:
                looked.done.append("a new authority is trusted from now on")
            found = replace(found, authorities=trusted)
            self._write(found)
        elif authority:
            looked.failed.append(
                f"{self.folder}: no new authority is begun: there are {len(trusted)}, and what they have signed is good"
                " still (wait until some have ended: legation pki status)"
            )
        self._hand_out(found, looked)
        for entry in found.entries:
            self._renew(entry, found, now=now, anew=entry.name in anew, looked=looked)
        if not looked.failed:
            told = authorities.published(found.authorities, now=now)
            if told is not found.authorities:
                found = replace(found, authorities=told)
                self._write(found)
        looked.next = self._next(found, now=now)
        return looked

    def _all_shown(self, found: Ledger) -> list[bytes]:
        shown = []
        for entry in found.entries:
            # What cannot be read is told where it is to be written.
            with suppress(PkiError):
                held = self.held(entry)
                if held is not None:
                    shown.append(held.pair.certificate)
        return shown

    def _write(self, found: Ledger) -> None:
        self._swapping.file(self.folder / LEDGER, ledger.written(found), mode=PRIVATE)

    def _prepare(self, entry: Entry, *, parents: bool = False) -> None:
        parent = self.path(entry).parent
        if parent == self.folder / CLIENTS:
            self._swapping.folder(parent)
        self._swapping.folder(self.path(entry), parents=parents)

    def _hand_out(self, found: Ledger, looked: Looked) -> None:
        """Have the server trust those that are trusted."""
        try:
            self._swapping.clear(self.folder)
            if not self.has_bundle(found):
                self._swapping.file(self.folder / BUNDLE, authorities.bundle(found.authorities), mode=PUBLIC)
        except PkiError as error:
            looked.failed.append(str(error))

    def _renew(self, entry: Entry, found: Ledger, *, now: float, anew: bool, looked: Looked) -> None:
        lives = found.lives(entry.life)
        bundle = authorities.bundle(found.authorities)
        try:
            held = self.held(entry)
            if (
                held is not None
                and not anew
                and held.bundle == bundle
                and not authorities.is_due(
                    held.pair, names=entry.names, authorities=found.authorities, now=now, lives=lives
                )
            ):
                self._swapping.clear(self.path(entry))
                return
            made = certificates.issue(
                authorities.signer(found.authorities, now=now, lives=lives),
                names=entry.names,
                now=now,
                seconds=entry.life,
                usage=_USAGES[entry.role],
                common_name=entry.name[:_LONGEST_NAME],
            )
            self._prepare(entry)
            self._swapping.files(self.path(entry), {CERTIFICATE: made.certificate, KEY: made.key, BUNDLE: bundle})
        except PkiError as error:
            mend = "" if entry.role == "server" else f"; if nobody needs it any more: legation pki forget {entry.name}"
            looked.failed.append(f"{error}{mend}")
            return
        looked.done.append(f"{entry.name}: a new certificate is in {self.path(entry)}")

    def _next(self, found: Ledger, *, now: float) -> float:
        moments = [authorities.next_look(found.authorities, now=now, lives=found.lives())]
        for entry in found.entries:
            try:
                held = self.held(entry)
                if held is not None:
                    moments.append(authorities.renew_at(held.pair.certificate, lives=found.lives(entry.life)))
            except (PkiError, ValueError):
                continue
        return min(moments)


_LONGEST_NAME = 64
"""Of a common name: https://www.rfc-editor.org/rfc/rfc5280 (appendix A.1, ub-common-name)."""


def _called(found: Ledger) -> str:
    """Return what an authority is called, to which the time is added."""
    return found.trust_domain[:24]


def _check_names(names: tuple[str, ...]) -> None:
    for each in names:
        try:
            certificates.as_shown(each)
        except ValueError as error:
            raise PkiError(each, f"it cannot stand in a certificate: {error}") from None
