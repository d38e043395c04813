"""What a client's caller has to catch: one small tree, made of values alone.

::

    LegationError
    └── ClientError            whatever went wrong; `code` is the name of the gRPC status
        ├── Refused              the request is understood and not done; nothing was stored
        │   ├── ApplyRefused         objects or fields are wrong: `violations`
        │   ├── FieldConflict        other managers own fields that would change: `conflicts`
        │   ├── VersionConflict      an object is not the version that was asked for
        │   ├── KeptElsewhere        the object is kept elsewhere, in a file
        │   ├── NotFound             there is no such object
        │   └── Compacted            a watch cannot go on there: list anew, and watch from there
        ├── PartlyStored         some of the objects were stored, and then something came in between
        └── Unavailable          the API or its store does not answer; `may_be_done` says what is not known
            └── TimedOut             not within the time
"""

from __future__ import annotations

from dataclasses import dataclass

from legation.errors import LegationError

__all__ = [
    "ApplyRefused",
    "ClientError",
    "Compacted",
    "Conflict",
    "FieldConflict",
    "KeptElsewhere",
    "NotFound",
    "PartlyStored",
    "Refused",
    "TimedOut",
    "Unavailable",
    "VersionConflict",
    "Violation",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One field that is wrong."""

    path: str
    """Inside the item, such as `spec.config.connect_timeout`; or a field of the request, such as `field_manager`."""
    message: str
    item: int | None = None
    """Which of the items that were applied; None where it is about no item."""
    code: str = ""
    """A stable word, such as `unknown-field`."""

    def __str__(self) -> str:
        """Return it as one line."""
        item = "" if self.item is None else f"items[{self.item}]"
        return ": ".join(filter(None, (item, self.path, self.message)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One field that another manager owns."""

    path: str
    manager: str
    item: int | None = None

    @property
    def message(self) -> str:
        """Whose it is, in words."""
        return f'owned by "{self.manager}"'

    def __str__(self) -> str:
        """Return it as one line."""
        item = "" if self.item is None else f"items[{self.item}]"
        return ": ".join(filter(None, (item, self.path, self.message)))


class ClientError(LegationError):
    """A call failed."""

    def __init__(self, message: str, *, code: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        """The name of the gRPC status, such as `INVALID_ARGUMENT`."""
        self.reason = reason
        """The machine's word, such as `FIELD_CONFLICT`; empty where there was none."""


class Refused(ClientError):
    """The request was understood and is not done. Nothing was stored."""

    def __init__(
        self, message: str, *, code: str = "", reason: str = "", violations: tuple[Violation, ...] = ()
    ) -> None:
        super().__init__(_with_lines(message, violations), code=code, reason=reason)
        self.violations = violations
        """What stands against it, field by field, where that can be told."""


class ApplyRefused(Refused):
    """Objects, or fields of the request, are wrong."""


class FieldConflict(Refused):
    """Other managers own fields that would change; `force=True` takes them over."""

    def __init__(self, message: str, *, code: str = "", reason: str = "", conflicts: tuple[Conflict, ...] = ()) -> None:
        violations = tuple(Violation(path=each.path, message=each.message, item=each.item) for each in conflicts)
        super().__init__(message, code=code, reason=reason, violations=violations)
        self.conflicts = conflicts
        """Whose they are, field by field."""

    @property
    def managers(self) -> tuple[str, ...]:
        """The other managers, each once."""
        return tuple(dict.fromkeys(each.manager for each in self.conflicts))


class VersionConflict(Refused):
    """An object is not the version that was asked for: somebody else changed it."""


class KeptElsewhere(Refused):
    """The object is not the store's: it stands in a file, and is changed there."""


class NotFound(Refused):
    """There is no such object."""


class Compacted(Refused):
    """What came after the resume token is not remembered any more: list anew, and watch from there."""


class PartlyStored(ClientError):
    """Some of the objects were stored, and then something came in between: its words say which, and what.

    Where objects are kept in a cluster they are stored one by one. To apply all of them again does the rest.
    """


class Unavailable(ClientError):
    """The management API does not answer, or its store does not take anything."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "UNAVAILABLE",
        reason: str = "",
        may_be_done: bool = False,
        was_reached: bool = True,
    ) -> None:
        super().__init__(message, code=code, reason=reason)
        self.may_be_done = may_be_done
        """Whether it may have been done nevertheless: the connection ended before the answer came."""
        self.was_reached = was_reached
        """Whether anybody was there."""


class TimedOut(Unavailable):
    """No answer came within the time."""


def _with_lines(message: str, found: tuple[Violation, ...]) -> str:
    """Return the message with all that it does not say already."""
    return "; ".join([message, *(str(each) for each in found if each.message not in message)])
