"""What all ports of a server show and whom each of them trusts: one certificate, and several sets of authorities.

It refuses to know where these come from. Each is looked at when it comes, and on its own: a certificate that has ended
is no hindrance to taking trust back. The one invariant: authorities that cannot be used, or that nobody has told
yet, close the ports that need them, or leave those before; they never stand for "no check", and no other port minds.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from legation.texts.pem import Period
from legation.tls.material import Life, Material, Unusable, examine, examine_authorities
from legation.tls.shown import Shown, require_showable, require_trustable


class Whom(Enum):
    """Who signs certificates of clients, where no file says so."""

    NOBODY = "nobody"
    """No client is asked for one."""
    OWN = "own"
    """The authorities that come together with the server's own certificate."""


Trusted: TypeAlias = Whom | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authorities:
    pem: bytes
    lives: tuple[Period, ...]


class Ports:
    """Whatever shows the one certificate of a server. What is told may be told in any thread."""

    def __init__(
        self, *, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, now: Callable[[], float] = time.time
    ) -> None:
        """Show nothing yet.

        Args:
            minimum: The oldest version of TLS that is spoken.
            now: Returns Unix seconds: what certificates are valid by.
        """
        self._minimum, self._now = minimum, now
        self._shown: dict[Trusted, Shown] = {}
        self._authorities: dict[Trusted, _Authorities] = {}
        self._own: Material | None = None
        self._life: Life | None = None
        self._lock = threading.RLock()

    def trusting(self, whom: Trusted) -> Shown:
        """Return what the ports show that trust these."""
        with self._lock:
            if whom not in self._shown:
                self._shown[whom] = Shown(minimum=self._minimum, now=self._now)
                with contextlib.suppress(Unusable):
                    # Whoever brought them is told the next time.
                    self._show_all((whom,))
            return self._shown[whom]

    @property
    def ready(self) -> bool:
        """Whether there is a certificate to show."""
        return self._own is not None

    @property
    def material(self) -> Material | None:
        """The certificate, with the authorities that came with it."""
        return self._own

    @property
    def life(self) -> Life | None:
        """What the certificate says of itself."""
        return self._life

    def authorities(self) -> Mapping[Trusted, Period]:
        """Return of each set of authorities the life of that one that ends last."""
        lives = {whom: each.life for whom, each in self._shown.items()}
        return {
            whom: life.authorities for whom, life in lives.items() if life is not None and life.authorities is not None
        }

    def show(self, material: Material) -> None:
        """Show this certificate from the next connection on, at every port; and trust who came with it.

        The two are looked at apart: one that cannot be used leaves what was before it, and is no hindrance to the
        other.

        Raises:
            Unusable: One of them cannot be used; or no authorities came with it, and some port needs them.
        """
        refused = self._trust_own(material.authorities)
        pair = Material(certificate=material.certificate, key=material.key)
        try:
            life = examine(pair, now=self._now())
            require_showable(pair)
        except Unusable as error:
            refused = error
        else:
            with self._lock:
                self._own, self._life = material, life
        with self._lock:
            self._show_all(tuple(self._shown))
        if refused is not None:
            raise refused

    def trust(self, file: Path, authorities: bytes) -> None:
        """Trust these from the next connection on, at the ports that trust what is in the file.

        Raises:
            Unusable: They are none.
        """
        self._trust(file, authorities)
        with self._lock:
            self._show_all((file,))

    def holds(self, file: Path) -> bool:
        """Say whether there are good authorities that came from a file."""
        return file in self._authorities

    def _trust(self, whom: Trusted, authorities: bytes) -> None:
        lives = examine_authorities(authorities, now=self._now())
        require_trustable(authorities)
        with self._lock:
            self._authorities[whom] = _Authorities(pem=authorities, lives=lives)

    def _trust_own(self, authorities: bytes | None) -> Unusable | None:
        """Trust those that came with the certificate; return why not, where some port needs them."""
        try:
            # Without any the ports that need them refuse it.
            self._trust(Whom.OWN, authorities or b"")
        except Unusable as error:
            with self._lock:
                if Whom.OWN in self._shown:
                    return error
                # Nobody goes on with those before.
                self._authorities.pop(Whom.OWN, None)
        return None

    def _show_all(self, which: tuple[Trusted, ...]) -> None:
        failed: Unusable | None = None
        for whom in which:
            shown = self._shown.get(whom)
            composed = None if shown is None else self._composed(whom)
            try:
                if shown is not None and composed is not None:
                    # Each part was looked at when it came: one that has ended since is no hindrance to another one.
                    shown.put(*composed)
            except Unusable as error:
                failed = error
        if failed is not None:
            raise failed

    def _composed(self, whom: Trusted) -> tuple[Material, Life] | None:
        own, life = self._own, self._life
        if own is None or life is None:
            return None
        if whom is Whom.NOBODY:
            return Material(certificate=own.certificate, key=own.key), life
        trusted = self._authorities.get(whom)
        if trusted is None:
            return None
        material = Material(certificate=own.certificate, key=own.key, authorities=trusted.pem)
        return material, life.trusting(trusted.lives)
