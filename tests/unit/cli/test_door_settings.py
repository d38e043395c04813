"""Which settings open the management API and the admin pages to whom, and which do not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from legation.cli.door_settings import check_doors, checks
from legation.errors import SettingsError
from legation.settings import Cluster, Identity, Management, Settings, Tls

CLUSTER = Cluster(kubernetes=True)
TOKENS = Identity(token_audience="legation")
TLS = Tls(tls=Path("/tls"))
WIDE = Management(management_port=0, management_bind="0.0.0.0")
WIDE_HTTP = Management(management_http_port=0, management_bind="legation.home.svc")
POLICY = Path("/policy.yaml")


def settings(**parts: Any) -> Settings:
    return Settings(**parts)


@pytest.mark.parametrize(
    ("found", "checked"),
    [
        (settings(), False),
        (settings(cluster=CLUSTER), False),
        (settings(identity=TOKENS), False),
        (settings(cluster=CLUSTER, identity=TOKENS), True),
        (settings(management=Management(management_policy=POLICY)), True),
        (settings(tls=Tls(management_client_ca=Path("/ca"))), True),
    ],
)
def test_clients_are_checked_as_soon_as_anything_says_who_they_are(found: Settings, checked: bool) -> None:  # noqa: FBT001 - a column
    assert checks(found) is checked


@pytest.mark.parametrize(
    ("found", "key", "words"),
    [
        (settings(management=WIDE), "--management-bind", "needs TLS"),
        (settings(management=WIDE_HTTP), "--management-bind", "needs TLS"),
        (settings(management=WIDE, tls=TLS), "--management-bind", "nothing says who may do what"),
        (settings(management=WIDE, tls=TLS, cluster=CLUSTER), "--management-bind", "nothing says who may do what"),
        (settings(management=WIDE, tls=TLS, identity=TOKENS), "--management-bind", "nothing says who may do what"),
        (
            settings(management=WIDE, cluster=CLUSTER, identity=TOKENS),
            "--management-bind",
            "needs TLS",
        ),
        (
            settings(
                management=Management(management_port=0), tls=Tls(tls=Path("/t"), management_client_ca=Path("/ca"))
            ),
            "--management-client-ca",
            "needs --management-policy",
        ),
        (settings(admin_bind="0.0.0.0"), "--admin-bind", "needs TLS"),
        (settings(admin_bind="::", tls=TLS), "--admin-bind", "needs --admin-token-file"),
        (settings(admin_bind="10.0.0.1", admin_token_file=Path("/t")), "--admin-bind", "needs TLS"),
    ],
)
def test_a_door_that_would_be_open_to_anybody_ends_the_program(found: Settings, key: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        check_doors(found)
    assert caught.value.key == key


@pytest.mark.parametrize(
    "found",
    [
        settings(),
        settings(management=Management(management_port=0)),
        settings(management=Management(management_port=0, management_bind="127.0.0.2")),
        settings(management=Management(management_bind="0.0.0.0", management_socket=Path("/s"))),
        settings(management=WIDE, tls=TLS, cluster=CLUSTER, identity=TOKENS),
        settings(management=Management(management_port=0, management_bind="::", management_policy=POLICY), tls=TLS),
        settings(admin_bind="0.0.0.0", admin_token_file=Path("/t"), tls=Tls(tls_secret="legation-tls")),
        settings(admin_bind="::1", admin_token_file=Path("/t")),
    ],
)
def test_what_is_closed_or_guarded_is_fine(found: Settings) -> None:
    check_doors(found)
