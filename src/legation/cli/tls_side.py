"""TLS of a server, joined of its settings: what each port shows, whom it trusts, and the files that this comes from.

The one invariant: where TLS is asked for, no port of Envoys, of the management API or of replicas is without it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from legation.cli.handshakes_side import HandshakesSide, Port
from legation.clock import Clock, MonotonicClock
from legation.model.problems import Level, Problem
from legation.settings import Tls
from legation.tls.files import AUTHORITIES, CODE, Files, pair_files
from legation.tls.lasting import authorities_ending, ending
from legation.tls.material import Material
from legation.tls.ports import Ports, Trusted, Whom
from legation.tls.shown import Ask, PortTls

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CLIENTS, _REPLICAS = "certificates of clients", "the certificate that the other replicas show"
_AFTER_FAULT = 10.0
"""Seconds after which what keeps certificates is begun anew, where it failed for a reason of its own."""


class Keeper(Protocol):
    """Keeps a certificate of our own, and shows it at `TlsSide.ports`."""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of that."""
        ...

    async def run(self) -> None:
        """Keep it until cancelled."""
        ...


class TlsSide:
    """The TLS of a server."""

    def __init__(
        self,
        found: Tls,
        *,
        tokens: bool,
        fault: Callable[[Exception], None],
        clock: Clock | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the settings; nothing is read yet.

        Args:
            found: The settings.
            tokens: Whether Envoys may show a token in place of a certificate.
            fault: Is told of an error of this program itself.
            clock: What pauses are measured by.
            now: Returns Unix seconds: what certificates are valid by.
        """
        self._found, self._tokens, self._fault = found, tokens, fault
        self._clock, self._now = clock or MonotonicClock(), now
        self.ports = Ports(minimum=_VERSIONS[found.tls_min_version], now=now)
        """What shows it; for the keeper of a certificate of our own."""
        self._files: dict[Path, Files] = {}
        self._following: list[asyncio.Task[None]] | None = None
        """What follows the files, while that runs."""
        self._has_replicas = False
        self.handshakes = HandshakesSide(self._clock)
        """How many of them come to nothing."""
        self.keeper: Keeper | None = None
        """What keeps a certificate of our own, if one is kept."""
        if found.tls is not None:
            self._files[found.tls] = pair_files(
                found.tls, take=self._take_pair, holds=lambda: self.ports.ready, clock=self._clock
            )

    # Ports

    @property
    def xds(self) -> PortTls:
        """The port of Envoys over gRPC."""
        return self._asking(self._found.client_ca, may_lack=False, port=Port.XDS)

    @property
    def rest(self) -> PortTls:
        """The port of Envoys that poll."""
        return self._asking(self._found.client_ca, may_lack=self._tokens, port=Port.REST)

    @property
    def management(self) -> PortTls:
        """The port of the management API over gRPC."""
        return self._asking(self._found.management_client_ca, may_lack=False, port=Port.MANAGEMENT)

    def management_http(self, *, tokens: bool) -> PortTls:
        """Return that of the same over HTTP; `tokens`: whether clients may show a token in place of a certificate."""
        return self._asking(self._found.management_client_ca, may_lack=tokens, port=Port.MANAGEMENT_HTTP)

    @property
    def plain(self) -> PortTls:
        """A port that asks nobody for a certificate."""
        return self.ports.trusting(Whom.NOBODY).port(Ask.NOTHING)

    @property
    def replicas(self) -> PortTls:
        """The port of the other replicas: each shows the other the same certificate."""
        self._has_replicas = True
        return self.ports.trusting(self._own_authorities).port(Ask.REQUIRED)

    def shown_to_replicas(self) -> Material | None:
        """Return what this replica shows the others, and whom it trusts; None while there is nothing."""
        return self.ports.trusting(self._own_authorities).material

    def own_names(self) -> tuple[str, ...]:
        """Return the DNS names of the certificate that is shown: another replica has one of them."""
        life = self.ports.life
        return () if life is None else life.dns

    @property
    def _own_authorities(self) -> Trusted:
        if self._found.tls_replica_ca is not None:
            return self._watched(self._found.tls_replica_ca)
        return Whom.OWN if self._found.tls is None else self._watched(self._found.tls / AUTHORITIES)

    def _asking(self, authorities: Path | None, *, may_lack: bool, port: Port) -> PortTls:
        if authorities is None:
            tls = self.plain
        else:
            shown = self.ports.trusting(self._watched(authorities))
            tls = shown.port(Ask.OPTIONAL if may_lack else Ask.REQUIRED)
        return replace(tls, handshakes=self.handshakes.of(port, asks=authorities is not None))

    def _watched(self, authorities: Path) -> Path:
        if authorities not in self._files:
            of_clients = authorities in {self._found.client_ca, self._found.management_client_ca}
            files = self._files[authorities] = Files(
                (authorities,),
                take=partial(self._take_authorities, authorities),
                holds=lambda: self.ports.holds(authorities),
                clock=self._clock,
                mend=f"put the certificates of those there who sign {_CLIENTS if of_clients else _REPLICAS}, in PEM",
                lacking="nobody can connect" if of_clients else "replicas do not know each other",
                lacking_level=Level.ERROR if of_clients else Level.WARNING,
            )
            if self._following is not None:
                # Whoever asks for a port late has it like the others.
                self._following.append(asyncio.create_task(self._kept(files)))
        return authorities

    def _take_pair(self, contents: Sequence[bytes]) -> None:
        certificate, key = contents
        self.ports.show(Material(certificate=certificate, key=key))

    def _take_authorities(self, file: Path, contents: Sequence[bytes]) -> None:
        self.ports.trust(file, contents[0])

    # What is told of it

    def problems(self) -> tuple[Problem, ...]:
        """Return what cannot be used, and what ends soon."""
        now = self._now()
        return (
            *(each for files in self._files.values() for each in files.problems()),
            *(self.keeper.problems() if self.keeper is not None else ()),
            *self._unfit_for_replicas(),
            *self.handshakes.problems(),
            *ending(self.ports.life, now=now, code=CODE, subject=str(self._found.tls or self._found.tls_secret)),
            *(
                each
                for whom, life in self.ports.authorities().items()
                for each in authorities_ending(life, now=now, code=CODE, subject=str(whom))
            ),
        )

    def _unfit_for_replicas(self) -> tuple[Problem, ...]:
        life = self.ports.life
        if not self._has_replicas or life is None or (life.dns and life.for_clients):
            return ()
        lacks = "it has no DNS name" if not life.dns else "its extended key usage names servers alone"
        return (
            Problem(
                code=CODE,
                level=Level.WARNING,
                message=f"by the certificate that is shown replicas cannot know each other: {lacks}",
                mend="have one made with a DNS name, for server and client authentication",
                subject="replicas",
            ),
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Why the ports of Envoys have not opened yet, a clause for each; no path, for everybody may ask."""
        if not self.ports.ready:
            return ("there is no certificate that could be shown, as the log and `legation problems` tell",)
        # At the port of those that poll it is the same.
        if not self.xds.shown.ready:
            return ("it is not known whose certificates to trust, as the log and `legation problems` tell",)
        return ()

    def ends(self) -> dict[str, float]:
        """Return when the certificate that is shown ends, and the authorities, in Unix seconds, by what it is."""
        life, authorities = self.ports.life, self.ports.authorities()
        # One file may be named for several.
        trusted: dict[str, Trusted | None] = {
            "client-ca": self._found.client_ca,
            "management-client-ca": self._found.management_client_ca,
            "replica-ca": self._own_authorities if self._has_replicas else None,
        }
        ends = {
            name: authorities[whom].end for name, whom in trusted.items() if whom is not None and whom in authorities
        }
        return ends if life is None else {"server": life.ends, **ends}

    # Running

    async def run(self) -> None:
        """Follow the files, and tell of handshakes, until cancelled."""
        parts = (*self._files.values(), self.keeper, self.handshakes)
        tasks = [asyncio.create_task(self._kept(each)) for each in parts if each]
        self._following = tasks
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._following = None
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _kept(self, part: Keeper | Files | HandshakesSide) -> None:
        while True:
            try:
                await part.run()
            except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
                self._fault(error)
            await self._clock.sleep_until(self._clock.now() + _AFTER_FAULT)
