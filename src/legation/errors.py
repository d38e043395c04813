"""Every exception that legation raises for its users, in one tree.

::

    LegationError
    ├── ClientError          a call of the management API failed; its tree is in `legation.client.errors`
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
    ├── PkiError             a folder of certificates of our own cannot be read or written; carries the path
    ├── StoreError           an object that somebody puts in or asks for through an API
    │   ├── InvalidObjects       some are no objects; carries what is wrong with which, where, and how to mend it
    │   ├── InvalidQuery         what is asked cannot be read; carries the name of the argument
    │   ├── ObjectNotFound       it is not there
    │   ├── FieldConflicts       others own fields of it, with other values; carries which and who
    │   ├── VersionConflict      it is not the version that was said; carries both
    │   ├── PartlyStored         a cluster took some of them and then refused; carries which, and why
    │   ├── StoreForbidden       the store may not do that for us: an RBAC rule is missing
    │   ├── Compacted            that revision is too old to go on from, or not there yet
    │   └── StoreUnavailable     it cannot be kept now: the disk does not take it
    └── ProtocolError
        ├── LocalProtocolError   legation, or the program that embeds it, broke the rules of the protocol machines
        └── RemoteProtocolError  the peer broke the rules of xDS; carries the gRPC status that closes its stream

Bad input from the owners of configuration is never an exception: it is a `legation.model.problems.Problem`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Compacted",
    "FieldConflicts",
    "FilesError",
    "InvalidObjects",
    "InvalidQuery",
    "InvalidResource",
    "KubeCause",
    "KubeConfigError",
    "KubeConflict",
    "KubeError",
    "KubeForbidden",
    "KubeGone",
    "KubeNotFound",
    "KubeUnreachable",
    "LegationError",
    "LocalProtocolError",
    "ObjectFault",
    "ObjectNotFound",
    "OwnedField",
    "PartlyStored",
    "PkiError",
    "ProtocolError",
    "RemoteProtocolError",
    "SettingsError",
    "SourceError",
    "StoreError",
    "StoreForbidden",
    "StoreUnavailable",
    "TransportError",
    "VersionConflict",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeCause:
    """One of the causes that a refusal of the Kubernetes API names."""

    reason: str
    """The machine's word: `FieldManagerConflict`, `FieldValueInvalid`."""
    field: str
    """Where: `.spec.weight`, `spec.hosts[0].port`; empty where it is about the whole."""
    message: str


class KubeError(LegationError):
    """The Kubernetes API refused a request."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        retry_after: float | None = None,
        words: str = "",
        causes: tuple[KubeCause, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.reason = reason
        """The machine's word in the API's Status object, such as `NotFound`; empty where there was none."""
        self.retry_after = retry_after
        """Seconds that the server asks to wait, if it says so."""
        self.words = words
        """The server's own sentence; empty where it has said none."""
        self.causes = causes
        """The fields that the server names in its refusal."""

    @staticmethod
    def of(
        status: int,
        reason: str,
        message: str,
        *,
        retry_after: float | None = None,
        words: str = "",
        causes: tuple[KubeCause, ...] = (),
    ) -> KubeError:
        """Return the error for a status: of its own class where code reacts to that status."""
        error = _OF_STATUS.get(status, KubeError)
        return error(status, reason, message, retry_after=retry_after, words=words, causes=causes)

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

    def __init__(self, message: str, *, was_asked: bool = False) -> None:
        super().__init__(message)
        self.was_asked = was_asked
        """Whether it may have got the request, and done what it says."""


class PkiError(LegationError):
    """A folder of certificates of our own cannot be read or written. What stood there stands there still."""

    def __init__(self, path: str, reason: str, *, mend: str = "") -> None:
        super().__init__(f"{path}: {reason}" + (f" ({mend})" if mend else ""))
        self.path = path
        """The file or folder."""


_Key: TypeAlias = tuple[str, str, str, str]
"""An `ObjectKey`, which prints itself: group, kind, namespace, name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFault:
    """What keeps something from being an object that can be kept."""

    index: int
    """Its number among those that were handed in, from 0."""
    path: str
    """The field, as a person writes it: `metadata.name`; empty for the whole."""
    message: str
    """One sentence without a full stop."""
    mend: str = ""
    """What its owner can do, where we can tell."""

    def __str__(self) -> str:
        where = f"object {self.index}" + (f", {self.path}" if self.path else "")
        return f"{where}: {self.message}" + (f" ({self.mend})" if self.mend else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedField:
    """A field that somebody else owns with another value."""

    index: int
    """The number of its object among those that were handed in, from 0."""
    path: str
    """The field, as a person writes it: `spec.weight`."""
    manager: str
    """Who owns it."""

    def __str__(self) -> str:
        return f'object {self.index}, {self.path}: "{self.manager}" has set it to something else'


class StoreError(LegationError):
    """The root of the errors about objects that are put in, or asked for, through an API."""


class InvalidObjects(StoreError):
    """Some of what was handed in are no objects that can be kept. None of them is."""

    def __init__(self, faults: tuple[ObjectFault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class InvalidQuery(StoreError):
    """What is asked cannot be read."""

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(f"{argument}: {message}")
        self.argument = argument
        """Its name: `labels`, `token`, `manager`."""
        self.message = message


class ObjectNotFound(StoreError):
    """The object is not there."""

    def __init__(self, key: _Key, *, index: int = 0) -> None:
        super().__init__(f"there is no {key}")
        self.key = key
        self.index = index
        """Its number among those that were asked for, from 0."""


class FieldConflicts(StoreError):
    """Others own fields with other values than those that are applied. Nothing was changed."""

    def __init__(self, conflicts: tuple[OwnedField, ...]) -> None:
        what = "; ".join(map(str, conflicts))
        super().__init__(f"{what} (leave these fields out, set them to what they are, or force it to take them over)")
        self.conflicts = conflicts


class VersionConflict(StoreError):
    """An object is not the one, or not in the version, that was said. Nothing was changed."""

    def __init__(self, index: int, key: _Key, wanted: str, found: str, *, of: str = "resourceVersion") -> None:
        now = f"has the {of} {found}" if found else "is not there"
        super().__init__(f"{key} {now}, and {wanted} was said; read it again, then change that")
        self.index = index
        """Its number among those that were handed in, from 0."""
        self.key = key
        self.wanted = wanted
        self.found = found
        """What it has; empty where it is not there."""
        self.of = of
        """What differs: `resourceVersion` or `uid`."""


class Compacted(StoreError):
    """The changes since a revision are not all remembered (any more), or it is not there yet: list anew."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"what came after revision {revision} is not known; list anew, and go on from there")
        self.revision = revision
        """The one that was asked for."""
        self.oldest = oldest
        """The oldest that can be gone on from."""


class StoreUnavailable(StoreError):
    """The objects cannot be kept, or not be reached, now. What was asked for was not done, if it is not said so."""

    def __init__(self, reason: str, *, may_be_done: bool = False) -> None:
        doubt = "; whether this was kept is not known: look" if may_be_done else ""
        super().__init__(f"the objects cannot be kept now: {reason}{doubt}")
        self.reason = reason
        """Why, a clause."""
        self.may_be_done = may_be_done
        """Whether nobody knows if what was asked for was done."""


class StoreForbidden(StoreError):
    """Who keeps the objects may not do that for us."""

    def __init__(self, reason: str, *, mend: str) -> None:
        super().__init__(f"{reason} ({mend})")
        self.reason = reason
        """Who may not do what."""
        self.mend = mend
        """The rule that is missing."""


class PartlyStored(StoreError):
    """Some of the objects were stored or deleted before the others were refused: a cluster knows no transactions."""

    def __init__(self, done: tuple[_Key, ...], cause: StoreError, *, what: str = "stored") -> None:
        named = ", ".join(map(str, done))
        super().__init__(f"{cause}; {len(done)} of the objects were {what} before that, and are still: {named}")
        self.done = done
        """The keys of those that were."""
        self.cause = cause
        """Why the others were not."""


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
