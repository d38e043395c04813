"""What the refusal of a list or a watch is about: streamed lists, the version that a watch begins at. Pure."""

from __future__ import annotations

from http import HTTPStatus

from legation.errors import KubeError

_NOT_OF_STREAMING = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that say nothing about streamed lists; nor do those of a server in trouble."""
_OF_VERSIONS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.GATEWAY_TIMEOUT}
)
"""Refusals of a watch that may be about the version it begins at; 504 is what a version of the future gets."""


def is_of_streaming(error: Exception, *, begun: bool) -> bool:
    """Say whether the failure of a streamed list may be about that it is streamed.

    Args:
        error: The failure.
        begun: Whether the server had begun to answer.
    """
    if not isinstance(error, KubeError):
        # The network failed: before the answer as it would have for a list, in its middle perhaps not.
        return begun
    return error.status < 500 and error.status not in _NOT_OF_STREAMING


def is_of_version(error: Exception) -> bool:
    """Say whether the refusal of a watch may be about the version that it begins at."""
    return isinstance(error, KubeError) and error.status in _OF_VERSIONS


def retry_after(error: Exception) -> float | None:
    """Return the seconds that the server asks for."""
    return error.retry_after if isinstance(error, KubeError) else None
