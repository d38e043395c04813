"""Who is let in at the management API and at the admin pages of a server."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from legation.api.management.cluster_access import ClusterAccess
from legation.api.management.policy import PolicyAccess
from legation.cli.doors import AdminTokens, doors
from legation.clock import MonotonicClock
from legation.errors import SettingsError
from legation.kube.connection import Connection
from legation.settings import Cluster, Identity, Management, Settings, Tls
from tests.unit.cli.test_policy_side import DIGEST, written

CLUSTER = Cluster(kubernetes=True)
TOKENS = Identity(token_audience="legation")
TLS = Tls(tls=Path("/tls"))
WIDE = Management(management_port=0, management_bind="0.0.0.0")
WIDE_HTTP = Management(management_http_port=0, management_bind="legation.home.svc")
POLICY = Path("/policy.yaml")


def settings(**parts: Any) -> Settings:
    return Settings(**parts)


async def test_outside_of_a_cluster_the_policy_says_who_may_do_what(tmp_path: Path) -> None:
    file = written(tmp_path / "policy.yaml")
    found = settings(management=Management(management_port=0, management_policy=file))
    let_in = doors(found, connection=None, tokens=None, clock=MonotonicClock())
    assert isinstance(let_in.access, PolicyAccess)
    assert (let_in.doorman.checks, let_in.takes_tokens, let_in.problems()) == (True, True, ())
    await let_in.aclose()


async def test_in_a_cluster_the_cluster_does(tmp_path: Path) -> None:
    found = settings(management=Management(management_port=0), cluster=CLUSTER, identity=TOKENS)
    connection = Connection(server="https://127.0.0.1:1")
    let_in = doors(found, connection=connection, tokens=None, clock=MonotonicClock())
    assert isinstance(let_in.access, ClusterAccess)
    await let_in.aclose()
    with_rules = settings(management=Management(management_policy=written(tmp_path / "policy.yaml")), cluster=CLUSTER)
    with pytest.raises(SettingsError, match="bind a Role to the User"):
        doors(with_rules, connection=connection, tokens=None, clock=MonotonicClock())


async def test_without_anything_to_check_by_whoever_reaches_it_may_call() -> None:
    let_in = doors(settings(), connection=None, tokens=None, clock=MonotonicClock())
    assert (let_in.doorman.checks, let_in.access) == (False, None)
    await let_in.aclose()


def test_an_audit_file_that_cannot_be_written_ends_the_program(tmp_path: Path) -> None:
    good, bad = tmp_path / "audit.log", tmp_path / "none" / "audit.log"
    doors(settings(management=Management(audit_log=good)), connection=None, tokens=None, clock=MonotonicClock())
    assert stat.S_IMODE(good.stat().st_mode) == 0o600
    with pytest.raises(SettingsError, match="cannot be written: no such file"):
        doors(settings(management=Management(audit_log=bad)), connection=None, tokens=None, clock=MonotonicClock())


def test_admin_tokens_follow_their_file_and_outlive_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    first, second = "0123456789abcdef", "fedcba9876543210-newer"
    file.write_text(f"{first}\n")
    tokens = AdminTokens(file)
    assert tokens() == (first,)
    file.write_text(f"{first}\n{second}\n")
    assert tokens() == (first, second)
    for broken in ("short", "", "ünicode-ünicode-ünicode"):
        file.write_text(broken)
        assert tokens() == (first, second)
    file.unlink()
    assert tokens() == (first, second)


@pytest.mark.parametrize("content", ["", "short"])
def test_without_a_token_to_begin_with_there_is_no_admin_port(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    with pytest.raises(SettingsError, match="cannot be read: no such file"):
        AdminTokens(file)
    file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        AdminTokens(file)
    assert DIGEST not in str(caught.value)
