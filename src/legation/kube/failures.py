"""What the API server refuses, and why it cannot be reached: errors in plain words.

It knows HTTP statuses, the API's Status object and the errors of the HTTP client. It decides nothing: whether to try
again is the caller's business. The words name the server, never a credential.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2

from legation.errors import KubeCause, KubeError, KubeUnreachable

_LONGEST = 1000
"""Characters of the server's own words."""
_MENDS = {
    HTTPStatus.UNAUTHORIZED: "log in again, or see whether the token has expired",
}

# https://docs.openssl.org/3.0/man1/openssl-verification-options/ and X509_V_ERR_* in openssl/x509_vfy.h
_WRONG_TIME = {9: "is not valid yet", 10: "has expired"}
_UNKNOWN_SIGNERS = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})
_NOT_TLS = frozenset({"wrong version number", "http request", "packet length too long", "record layer failure"})


def refusal(what: str, *, status: int, headers: Mapping[str, str], body: bytes) -> KubeError:
    """Return the error for an answer that is not a success.

    Args:
        what: What was asked of whom: `GET /api/v1/pods at https://...`.
        status: The HTTP status.
        headers: The answer's; names in lower case.
        body: A Status object, or whatever somebody on the way has said.
    """
    said = _status_object(body)
    reason = str(said.get("reason") or "")
    message = str(said.get("message") or "") or _plain(headers, body)
    if 300 <= status < 400:
        message = "a redirect, which is not followed; give the server's own address"
    words = f"{status} {_phrase(status)}" + (f": {_cut(message)}" if message else "")
    mend = f" ({_MENDS[HTTPStatus(status)]})" if status in _MENDS else ""
    return KubeError.of(
        status,
        reason,
        f"{what}: {words}{mend}",
        retry_after=_retry_after(headers, said),
        words=_cut(str(said.get("message") or "")),
        causes=tuple(_causes_named(said)),
    )


def _causes_named(said: Mapping[str, Any]) -> Iterator[KubeCause]:
    details = said.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    for each in causes if isinstance(causes, list) else ():
        if isinstance(each, Mapping):
            reason, field, message = (str(each.get(name) or "") for name in ("reason", "field", "message"))
            yield KubeCause(reason=reason, field=field, message=_cut(message))


def _status_object(body: bytes) -> dict[str, Any]:
    """Return the API's own words, or nothing if these are not its words.

    Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "Status" else {}


def _plain(headers: Mapping[str, str], body: bytes) -> str:
    """Return what an answer says that is no Status object, if it is for people to read."""
    if not headers.get("content-type", "").startswith("text/plain"):
        return ""
    return " ".join(body.decode(errors="replace").split())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "of no known meaning"


def _retry_after(headers: Mapping[str, str], said: Mapping[str, Any]) -> float | None:
    # The API server sends seconds, never a date.
    details = said.get("details")
    told = details.get("retryAfterSeconds") if isinstance(details, Mapping) else None
    for value in (headers.get("retry-after"), told):
        with contextlib.suppress(TypeError, ValueError):
            if (seconds := float(value or 0)) > 0:
                return seconds
    return None


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@contextlib.contextmanager
def told_as_unreachable(server: str, *, proxy: str = "") -> Iterator[None]:
    """Turn what goes wrong between here and the API server into `KubeUnreachable`.

    Args:
        server: Its address.
        proxy: That of the proxy before it, if there is one.
    """
    try:
        yield
    # ssl.SSLError is an OSError; TimeoutError too.
    except (httpx2.TransportError, OSError) as error:
        was_asked = not any(isinstance(each, _BEFORE_IT_IS_ASKED) for each in _causes(error))
        raise KubeUnreachable(f"the API server at {server} {_why(error, proxy)}", was_asked=was_asked) from error


def _why(error: BaseException, proxy: str) -> str:
    """Return the rest of a sentence about the server."""
    causes = tuple(_causes(error))
    for kinds, words in _WORDS:
        for each in causes:
            if isinstance(each, kinds):
                said = words if isinstance(words, str) else words(each)
                return _about(proxy, said) if proxy and kinds in _FIRST_STEP else said
    return f"cannot be reached: {_cut(' '.join(str(error).split())) or type(error).__name__}"


def _about(proxy: str, words: str) -> str:
    """Return the sentence where it is the proxy that fails: one connects to nobody else."""
    url = httpx2.URL(proxy).copy_with(username=None, password=None)
    return f"cannot be reached: the proxy at {url} {words}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that lies below it."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        each = waiting.pop(0)
        if any(each is other for other in seen):
            continue
        seen.append(each)
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        # The HTTP client raises `from None` what it has wrapped: the context still knows.
        waiting += [below for below in (each.__cause__, each.__context__) if below]


def _certificate_words(error: ssl.SSLCertVerificationError) -> str:
    start = "cannot be trusted: its certificate"
    if error.verify_code in _WRONG_TIME:
        return f"{start} {_WRONG_TIME[error.verify_code]}, or the clock of this machine is wrong"
    if error.verify_code in _UNKNOWN_SIGNERS:
        return f"{start} is signed by nobody whom certificate-authority names; is that the cluster's own?"
    if error.verify_code in _OTHER_NAME:
        return (
            f"{start} is for another name: {error.verify_message.rstrip('.')}; tls-server-name can say which to expect"
        )
    return f"{start} does not hold: {error.verify_message}"


def _tls_words(error: ssl.SSLError) -> str:
    reason = ssl_reason(error)
    if reason in _NOT_TLS:
        return "does not speak TLS there; is it http instead of https, or another port?"
    if "alert" in reason and ("certificate" in reason or "unknown ca" in reason):
        return f"does not accept the client certificate ({reason})"
    return f"cannot be spoken to by TLS: {reason or 'the handshake fails'}"


def ssl_reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's own word for what went wrong; empty if there is none."""
    # Whoever makes one in Python gives it none.
    return (getattr(error, "reason", None) or "").lower().replace("_", " ")


def _proxy_words(error: httpx2.ProxyError) -> str:
    return f"cannot be reached: the proxy refuses to connect to it ({_cut(str(error))})"


# The first row that fits any of the causes.
_WORDS: Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], str | Callable[[Any], str]]] = (
    (ssl.SSLCertVerificationError, _certificate_words),
    (ssl.SSLError, _tls_words),
    (ConnectionRefusedError, "refuses connections; is it running, and is that its port?"),
    (socket.gaierror, "has no address: its host name is not known here"),
    (httpx2.ConnectTimeout, "does not take the connection in time; is its address right, and is a firewall between?"),
    (httpx2.ProxyError, _proxy_words),
    ((httpx2.TimeoutException, TimeoutError), "does not answer in time"),
    ((httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError, ConnectionError), "broke the connection off"),
)
_FIRST_STEP = (ConnectionRefusedError, socket.gaierror, httpx2.ConnectTimeout)
"""What goes wrong before anything is said to anybody."""
_BEFORE_IT_IS_ASKED = (
    *_FIRST_STEP,
    httpx2.ConnectError,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    ssl.SSLCertVerificationError,
)
"""What goes wrong before the server gets a request."""
