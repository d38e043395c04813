"""Which of the ways to log in a user has: as kubectl chooses among them."""

from __future__ import annotations

from legation.kube.connection import User
from legation.kube.credentials import Credentials, FixedCredentials, TokenFileCredentials
from legation.kube.exec_plugin import PluginCredentials


def credentials_for(user: User) -> Credentials:
    """Return where the logins of a user come from: a plugin only if nothing is told that goes into the header."""
    if user.token_file:
        return TokenFileCredentials(user)
    if user.plugin and not user.token and not user.username:
        return PluginCredentials(user.plugin, user=user)
    return FixedCredentials(user)
