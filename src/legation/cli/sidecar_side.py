"""What sidecars are told of this server by default: where it is, how it is trusted, and what it wants to see.

The one invariant: a sidecar speaks to this server as its port does, TLS or none, unless its Pod says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from legation.api.injection.annotations import read_wishes
from legation.api.injection.forms import NAMES
from legation.api.injection.wishes import DISABLED, ENABLED, NONE, TOKEN
from legation.envoy.trust import CONFIG_MAP
from legation.errors import SettingsError
from legation.model.problems import Level, Problem
from legation.settings import Identity, Injector, Tls


def sidecar_defaults(found: Injector, *, tls: Tls, identity: Identity) -> dict[str, str]:
    """Return what holds for annotations that a Pod does not have.

    Args:
        found: The settings about sidecars.
        tls: Those of the ports.
        identity: Those about who may be which Envoy.

    Raises:
        SettingsError: One of them cannot be read.
    """
    host, port = found.injector_xds or ("", 0)
    shown = f"[{host}]" if ":" in host else host
    defaults = {
        "xds": f"{shown}:{port}",
        "image": found.injector_image,
        **_trust(tls, identity),
        **dict(found.injector_defaults),
    }
    unknown = defaults.keys() - NAMES
    if unknown:
        raise SettingsError(
            "--injector-defaults", f"there is no annotation {min(unknown)}; there are {', '.join(NAMES)}"
        )
    for each in read_wishes({}, defaults=defaults).problems:
        if each.level is Level.ERROR:
            raise SettingsError("--injector-defaults", str(each))
    return defaults


def doubts(found: Injector, *, tls: Tls, identity: Identity, xds_port: int) -> Iterator[Problem]:
    """Yield why sidecars, as they are by default, would be served by nobody.

    Args:
        found: The settings about sidecars.
        tls: Those of the ports.
        identity: Those about who may be which Envoy.
        xds_port: The port of Envoys.
    """
    if found.injector_xds is None or tls.client_ca is None:
        return
    if identity.token_audience is None:
        message = "sidecars prove by a token who they are, and with --client-ca alone nobody takes one"
        yield _doubt(message, mend="set --token-audience and --xds-token-port")
    elif found.injector_xds[1] == xds_port != tls.xds_token_port:
        message = "sidecars have no certificate, and come to the port where --client-ca asks for one"
        yield _doubt(message, mend="let --injector-xds name the port of --xds-token-port")


def _doubt(message: str, *, mend: str) -> Problem:
    return Problem(code="sidecars-unproven", level=Level.WARNING, message=message, mend=mend)


def _trust(tls: Tls, identity: Identity) -> dict[str, str]:
    if not tls.is_on:
        return {"tls": DISABLED}
    audience = identity.token_audience
    shown = {"auth": NONE} if audience is None else {"auth": TOKEN, "token-audience": audience}
    return {"tls": ENABLED, "ca-config-map": tls.trust or CONFIG_MAP, **shown}
