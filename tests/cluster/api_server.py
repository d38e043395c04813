"""A real API server of Kubernetes with a store of its own, and nothing beside it.

Nobody schedules or runs pods, fills EndpointSlices, collects garbage or empties namespaces: whoever wants their effects
writes the objects and their status. It knows nothing of pytest; benchmarks use it too.
"""

from __future__ import annotations

import csv
import http.client
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from demo.programs import Program, free_ports
from tests.cluster.go_programs import Missing, built

PATIENCE = 60.0
"""Seconds to start; it takes about three."""
STEP = 0.02
"""Seconds between two looks whether it has."""
GRACE = 30.0
"""Seconds to end in order; it takes about one."""
ADMIN = "admin"
_SOURCES = Path(__file__).parent / "apiserver"
_END_OF_CERTIFICATE = "-----END CERTIFICATE-----\n"


@dataclass(frozen=True, slots=True)
class Binaries:
    """What runs: one program that has its store inside, or an API server and an etcd beside it."""

    api_server: Path
    etcd: Path | None = None

    @classmethod
    def found(cls) -> Self:
        """Return those of envtest where `KUBEBUILDER_ASSETS` names their folder, else our own, built if need be.

        Raises:
            Missing: There are none, and none can be built.
        """
        if not (assets := os.environ.get("KUBEBUILDER_ASSETS")):
            return cls(built(_SOURCES))
        folder = Path(assets)
        for each in ("kube-apiserver", "etcd"):
            if not (folder / each).exists():
                raise Missing(f"KUBEBUILDER_ASSETS={assets}: there is no {each}")
        return cls(folder / "kube-apiserver", folder / "etcd")


class ApiServer:
    """An API server at a port of its own; all that it keeps lies in the folder. Leaving the `with` block ends it."""

    def __init__(self, folder: Path, users: Mapping[str, str] | None = None, binaries: Binaries | None = None) -> None:
        """Prepare the folder. Users are names and tokens; they may do what all who have logged in may do."""
        self.folder = folder
        self.tokens = {ADMIN: "token-of-the-admin", **(users or {})}
        """The token of each user; the admin may do everything."""
        self.port, self._store_port, self._peer_port = free_ports(3)
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca_file = folder / "ca.crt"
        self._binaries = binaries or Binaries.found()
        self._running: list[Program] = []
        self._prepare()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def admin_token(self) -> str:
        """The token of a user who may do everything."""
        return self.tokens[ADMIN]

    @property
    def pid(self) -> int:
        """The process that answers."""
        return self._running[-1].pid

    def start(self) -> None:
        """Start it, and wait until it is ready.

        Raises:
            RuntimeError: It ended, or was not ready in time; with its last words.
        """
        try:
            self._launch()
            self._wait()
        except BaseException:
            # Nobody has entered a `with` block yet.
            self.kill()
            raise

    def stop(self) -> None:
        """End it in order."""
        while self._running:
            self._running.pop().stop(grace=GRACE)

    def kill(self) -> None:
        """End it as a crash would."""
        while self._running:
            self._running.pop().kill()

    def restart(self) -> None:
        """End it and start it again, with the same port and the same data."""
        self.stop()
        self.start()

    def kubeconfig(self, path: Path, token: str, namespace: str = "default") -> Path:
        """Write a kubeconfig for the user with this token, and return its path."""
        cluster = {"server": self.url, "certificate-authority": str(self.ca_file)}
        context = {"cluster": "tests", "user": "tests", "namespace": namespace}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": context}],
            "current-context": "tests",
        }
        path.touch(mode=0o600)  # tools warn when others can read it
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._file("tokens.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            for user, token in self.tokens.items():
                rows.writerow([token, user, user, *(["system:masters"] if user == ADMIN else [])])
        key = self._file("service-account.key")
        if not key.exists():
            key.write_bytes(_fresh_key())

    def _launch(self) -> None:
        store = self._file("etcd")
        if etcd := self._binaries.etcd:
            client, peer = f"http://127.0.0.1:{self._store_port}", f"http://127.0.0.1:{self._peer_port}"
            self._run(
                "etcd",
                etcd,
                f"--data-dir={store}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                "--unsafe-no-fsync",
            )
            self._run("kube-apiserver", self._binaries.api_server, f"--etcd-servers={client}", *self._flags())
        else:
            self._run("kube-apiserver", self._binaries.api_server, store, *self._flags())

    def _run(self, name: str, *command: str | Path) -> None:
        self._running.append(Program(name, *command, log=self._file(f"{name}.log")))

    def _flags(self) -> list[str]:
        key = self._file("service-account.key")
        return [
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            # Else it looks for a network, and there may be none; nothing in the cluster asks for it.
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self._file('certificates')}",
            f"--token-auth-file={self._file('tokens.csv')}",
            # Else it leaves watches open when it is told to end, and waits a minute for the clients to close them.
            "--shutdown-watch-termination-grace-period=2s",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            # Nobody makes the service accounts that pods would need.
            "--disable-admission-plugins=ServiceAccount",
        ]

    def _file(self, name: str) -> Path:
        return self.folder / name

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while not self._ready():
            for each in self._running:
                if not each.running:
                    raise RuntimeError(f"{each.name} ended with {each.process.returncode}:\n{each.last_words()}")
            if time.monotonic() > end:
                raise RuntimeError(f"not ready within {PATIENCE:g} s:\n{self._running[-1].last_words()}")
            time.sleep(STEP)

    def _ready(self) -> bool:
        if not self._signed():
            return False
        trusted = ssl.create_default_context(cafile=self.ca_file)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=trusted)
        try:
            connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {self.admin_token}"})
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _signed(self) -> bool:
        """Whether it has made itself a certificate, whose last part tells who signed it."""
        chain = self._file("certificates") / "apiserver.crt"
        if not self.ca_file.exists() and chain.exists():
            certificates = chain.read_text().split(_END_OF_CERTIFICATE)
            # Two and what comes after them; else it is still writing.
            if len(certificates) == 3:
                self.ca_file.write_text(certificates[1] + _END_OF_CERTIFICATE)
        return self.ca_file.exists()


def _fresh_key() -> bytes:
    """Return a key that signs the tokens of service accounts."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
