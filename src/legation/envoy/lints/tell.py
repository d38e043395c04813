"""How a lint says what it found: refused by Envoy, or accepted and in doubt."""

from __future__ import annotations

from legation.envoy.findings import Finding
from legation.model.objects import FieldPath, show_path
from legation.model.problems import Level


def refused(code: str, path: FieldPath, message: str, mend: str) -> Finding:
    """Return what Envoy refuses for sure: it was tried.

    Args:
        code: A row in docs/problems.md.
        path: From the message that the lint was given.
        message: What is wrong, without a full stop and without a value of the field.
        mend: What its owner can do.
    """
    return Finding(code=code, path=path, message=message, mend=mend)


def doubtful(code: str, path: FieldPath, message: str, mend: str) -> Finding:
    """Return what Envoy accepts and what is hardly meant, or what some Envoys refuse. The arguments are the same."""
    return Finding(code=code, path=path, message=message, mend=mend, level=Level.WARNING)


def at(*path: str | int) -> str:
    """Return a place as words name it: `virtual_hosts[0]`."""
    return show_path(path)
