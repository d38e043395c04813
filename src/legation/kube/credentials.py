"""What one shows the API server to be somebody: a header, a client certificate.

It knows where each comes from and when it is to be fetched anew. It refuses to know what the server says to it, except
that it was refused. Invariant: what is shown is never shown to a person: not in a representation, not in an error.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Protocol

from legation.errors import KubeUnreachable
from legation.kube.connection import User
from legation.small_files import RenewedFile, why
from legation.tls.pem import NONE, Pem


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What is shown with one request."""

    authorization: str = field(default="", repr=False)
    """The value of the header; empty for none."""
    certificate: Pem = NONE
    key: Pem = NONE


class Credentials(Protocol):
    """Somewhere that logins come from."""

    async def login(self) -> Login:
        """Return what to show now.

        Raises:
            KubeUnreachable: There is nothing to show: a file cannot be read, a program fails.
        """
        ...

    def refused(self, login: Login, /) -> bool:
        """Hear that the server did not accept it; return whether another may come of asking again."""
        ...


class FixedCredentials:
    """A token, a name and a password, a client certificate, or nothing. Files of certificates are read elsewhere."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._renewable = bool(user.certificate.watched or user.key.watched)

    async def login(self) -> Login:
        """Return what there is."""
        user = self._user
        return Login(authorization=_authorization(user), certificate=user.certificate, key=user.key)

    def refused(self, _: Login, /) -> bool:
        """Say whether files may have changed."""
        return self._renewable


class TokenFileCredentials:
    """A token that somebody renews in its file: a Pod's is good for an hour."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._file = RenewedFile(user.token_file)

    async def login(self) -> Login:
        """Return the token that is in the file, or was there when it could be read last."""
        token = self._token()
        authorization = bearer(token, place=self._user.token_file) if token else ""
        return Login(authorization=authorization, certificate=self._user.certificate, key=self._user.key)

    def refused(self, _: Login, /) -> bool:
        """Read the file once more, whatever its times say."""
        self._file.forget()
        return True

    def _token(self) -> str:
        place = self._user.token_file
        try:
            content = self._file.read()
        except OSError as error:
            if self._user.token or self._user.token_may_lack:
                return self._user.token
            raise KubeUnreachable(f"{place}: the token cannot be read: {why(error)}") from error
        if not content.strip() and not self._user.token and not self._user.token_may_lack:
            raise KubeUnreachable(f"{place}: there is no token in it")
        # What is not ASCII is refused later, in words that do not show it.
        return content.decode(errors="replace").strip() or self._user.token


def is_token(text: str) -> bool:
    """Say whether a header can carry it: any other text would be shown in the HTTP client's complaint."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def bearer(token: str, *, place: str) -> str:
    """Return the header for a token.

    Raises:
        KubeUnreachable: It cannot be one.
    """
    if not is_token(token):
        raise KubeUnreachable(f"{place}: what stands there is no token: a token is one word of ASCII characters")
    return f"Bearer {token}"


def _authorization(user: User) -> str:
    if user.token:
        return bearer(user.token, place="the token of the user")
    if user.username:
        pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
        return f"Basic {pair}"
    return ""
