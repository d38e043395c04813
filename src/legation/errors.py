"""Every exception that legation raises for its users, in one tree.

::

    LegationError
    ├── SettingsError        a setting, flag or file of settings is wrong; carries its key
    ├── SourceError          a source cannot be read at all (a broken object in it is a Problem, not an error)
    ├── InvalidResource      a resource that a program handed in is not what Envoy's schema says; carries the findings
    ├── TransportError       a port cannot be bound
    │   └── FilesError           files for Envoys cannot be written; carries the path, the reason and the mend
    ├── KubeConfigError      a kubeconfig, or what a Pod is given in its place, cannot be used
    ├── KubeError            the Kubernetes API refused a request; carries the HTTP status and the reason
    │   ├── KubeForbidden        403: the RBAC rules do not allow it
    │   ├── KubeNotFound         404: no such object, or no such kind
    │   ├── KubeConflict         409: somebody else changed it, or it exists already
    │   └── KubeGone             410: that version is too old to go on from
    ├── KubeUnreachable      the API server does not answer, or cannot be trusted
    └── ProtocolError
        ├── LocalProtocolError   legation, or the program that embeds it, broke the rules of the protocol machines
        └── RemoteProtocolError  the peer broke the rules of xDS; carries the gRPC status that closes its stream

Bad input from the owners of configuration is never an exception: it is a `legation.model.problems.Problem`.
"""

from __future__ import annotations

__all__ = [
    "FilesError",
    "InvalidResource",
    "KubeConfigError",
    "KubeConflict",
    "KubeError",
    "KubeForbidden",
    "KubeGone",
    "KubeNotFound",
    "KubeUnreachable",
    "LegationError",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "SettingsError",
    "SourceError",
    "TransportError",
]


class LegationError(Exception):
    """The root of all errors of this package. Its text is one line that a person can act on."""


class SettingsError(LegationError):
    """A setting is wrong."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        """The setting, as the user wrote it: a flag, a variable or a key of the settings file."""


class SourceError(LegationError):
    """A source cannot be read at all."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source
        """The name of the source."""


class InvalidResource(LegationError):
    """A resource that a program handed in does not fit Envoy's schema."""

    def __init__(self, name: str, findings: tuple[str, ...]) -> None:
        super().__init__(f"{name}: " + "; ".join(findings))
        self.name = name
        """The resource's name, or its type where it has none."""
        self.findings = findings
        """One sentence for each fault, with the path of the field."""


class TransportError(LegationError):
    """A transport cannot do its work: a port is taken, a file cannot be written."""


class FilesError(TransportError):
    """Files for Envoys cannot be written. What stood there before stands there still, each file whole."""

    def __init__(self, path: str, reason: str, *, mend: str = "") -> None:
        super().__init__(f"{path}: {reason}" + (f" ({mend})" if mend else ""))
        self.path = path
        """The file or folder."""
        self.reason = reason
        """Why it cannot be written, a clause."""
        self.mend = mend
        """What a person can do; empty where nobody can tell."""


class KubeConfigError(LegationError):
    """How to reach the cluster is not told, or told wrong."""


class KubeError(LegationError):
    """The Kubernetes API refused a request."""

    def __init__(self, status: int, reason: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.reason = reason
        """The machine's word in the API's Status object, such as `NotFound`; empty where there was none."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait, if it says so."""

    @staticmethod
    def of(status: int, reason: str, message: str, *, retry_after: float | None = None) -> KubeError:
        """Return the error for a status: of its own class where code reacts to that status."""
        return _OF_STATUS.get(status, KubeError)(status, reason, message, retry_after=retry_after)

    @property
    def is_of_server(self) -> bool:
        """Whether it is about who asks, or the server is in trouble or takes no more, whatever was asked for."""
        return self.status in {401, 429, 502, 503, 504}


class KubeForbidden(KubeError):
    """403: the RBAC rules do not allow it."""


class KubeNotFound(KubeError):
    """404: there is no such object, or no such kind."""


class KubeConflict(KubeError):
    """409: somebody else changed the object, or it exists already."""


class KubeGone(KubeError):
    """410: that resource version is too old to go on from."""


_OF_STATUS: dict[int, type[KubeError]] = {403: KubeForbidden, 404: KubeNotFound, 409: KubeConflict, 410: KubeGone}


class KubeUnreachable(LegationError):
    """The API server does not answer, breaks off in the middle, or is not who its certificate should say."""


class ProtocolError(LegationError):
    """The root of the errors of the protocol machines."""


class LocalProtocolError(ProtocolError):
    """The caller of a protocol machine broke its rules: a bug of this program, not of the peer."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the rules of xDS in a way that ends its stream."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        """The name of the gRPC status that the stream is closed with, such as `INVALID_ARGUMENT`."""
