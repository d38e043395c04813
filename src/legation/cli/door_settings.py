"""Which settings open the management API and the admin pages to whom, before anything is loaded for them. Pure.

The one invariant: what others than this machine reach is open to nobody without TLS and a proof; settings that would
open it end the program.
"""

from __future__ import annotations

from legation.errors import SettingsError
from legation.settings import Settings
from legation.settings.kinds import is_loopback


def checks(found: Settings) -> bool:
    """Say whether clients of the management API have to prove who they are, where it is no socket."""
    of_cluster = found.cluster.kubernetes and found.identity.token_audience is not None
    return of_cluster or found.management.management_policy is not None or found.tls.management_client_ca is not None


def check_doors(found: Settings) -> None:
    """Look whether the settings go together.

    Raises:
        SettingsError: They do not.
    """
    management = found.management
    has_port = management.management_port is not None or management.management_http_port is not None
    if has_port and not is_loopback(management.management_bind):
        if not found.tls.is_on:
            words = "others than this machine reach that address: it needs TLS (--tls DIR, or --tls-secret)"
            raise SettingsError("--management-bind", words)
        if not checks(found):
            words = (
                "others than this machine reach that address, and nothing says who may do what there: it needs"
                " --management-policy FILE, or in a cluster --token-audience or --management-client-ca"
            )
            raise SettingsError("--management-bind", words)
    if checks(found) and not found.cluster.kubernetes and management.management_policy is None and management.is_on:
        words = "nothing says what those may do who show a certificate: it needs --management-policy FILE"
        raise SettingsError("--management-client-ca", words)
    if is_loopback(found.admin_bind):
        return
    if not found.tls.is_on:
        words = "others than this machine reach that address: it needs TLS (--tls DIR, or --tls-secret)"
        raise SettingsError("--admin-bind", words)
    if found.admin_token_file is None:
        raise SettingsError("--admin-bind", "others than this machine reach that address: it needs --admin-token-file")
