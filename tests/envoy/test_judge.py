"""A real Envoy as judge: what it says of good and bad resources, and that to ask has no effect."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from legation.judging import launcher
from legation.judging.judge import Judge
from legation.judging.posing import Question, pose
from legation.judging.verdict import ACCEPTED, Cause, Kind
from legation.model.resource import Resource
from legation.model.resource_types import LISTENER, SCOPED_ROUTE, VIRTUAL_HOST
from tests import judged
from tests.judged import ADS, BAD_LUA, HTTP, PREFIX, ROUTER

FILE_LOG = PREFIX + "envoy.extensions.access_loggers.file.v3.FileAccessLog"
UDP_PROXY = PREFIX + "envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig"
ROOT = Path(__file__).parents[2]
DAEMON = """
import asyncio, sys
from pathlib import Path
from legation.judging.judge import Judge
from tests import judged

async def main():
    judge = Judge()
    await judge.judge([judged.cluster()])
    Path(sys.argv[1]).write_text(" ".join(map(str, judge.pids)))
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Have temporary files made in a folder of this test, and none left in it."""
    del tmp_path  # it is made first, elsewhere
    with judged.temporary_folder(monkeypatch.setattr) as folder:
        yield folder
        assert not list(folder.iterdir())


@pytest.fixture
async def judge() -> AsyncIterator[Judge]:
    """Give a judge, and end it."""
    async with Judge(timeout=30) as made:
        yield made


@pytest.fixture(params=["alone", "not alone"])
def network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Say whether the judge has a network of its own; a machine may not allow that."""
    if request.param == "not alone":
        copy = tmp_path / "launcher.py"
        text = Path(launcher.__file__).read_text()
        assert "libc.unshare(" in text
        copy.write_text(text.replace("libc.unshare(", "(lambda flags: -1)("))
        monkeypatch.setattr(launcher, "__file__", str(copy))
    return str(request.param)


def virtual_hosts(*domains: str, **route: Any) -> list[dict[str, Any]]:
    """Return one virtual host for each domain, with a route to a cluster that is nowhere."""
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "elsewhere"}, **route}]
    return [{"name": f"host-{number}", "domains": [each], "routes": routes} for number, each in enumerate(domains)]


def scope(*domains: str) -> Resource:
    """Return a scoped route with routes in it."""
    config = {"name": "routes", "virtual_hosts": virtual_hosts(*domains)}
    key = {"fragments": [{"string_key": "a"}, {"string_key": "b"}]}
    return judged.resource(SCOPED_ROUTE, name="scope", route_configuration=config, key=key)


def log(text: str) -> list[dict[str, Any]]:
    """Return an access log with this format."""
    config = {
        "@type": FILE_LOG,
        "path": "/nowhere/at/all",
        "log_format": {"text_format_source": {"inline_string": text}},
    }
    return [{"name": "log", "typed_config": config}]


GOOD = {
    "cluster": judged.cluster(),
    "cluster by name": judged.cluster(type="STRICT_DNS", load_assignment=judged.hosts("shop.example")),
    "cluster by discovery": judged.cluster(type="EDS", load_assignment=None, eds_cluster_config={"eds_config": ADS}),
    "cluster with an own control plane": judged.cluster(
        type="EDS",
        load_assignment=None,
        eds_cluster_config={"eds_config": {"path_config_source": {"path": "/nowhere"}, "resource_api_version": "V3"}},
    ),
    "listener": judged.listener(),
    "listener at the same address": judged.listener(),
    "listener with routes by discovery": judged.listener(
        route_config=None, rds={"route_config_name": "routes", "config_source": ADS}
    ),
    "listener with a log": judged.listener(access_log=log("%REQ(:METHOD)%")),
    "listener at a socket": judged.resource(
        LISTENER, name="pipe", address={"pipe": {"path": "/nowhere/at/all"}}, filter_chains=[judged.chain()]
    ),
    "routes": judged.routes(validate_clusters=True),
    "virtual host": judged.resource(VIRTUAL_HOST, name="routes/host", domains=["*"]),
    "scoped route": scope("*"),
    "filter": judged.extension("router", **ROUTER["typed_config"]),
    "ticket keys": judged.secret(
        session_ticket_keys={"keys": [{"inline_bytes": base64.b64encode(b"x" * 80).decode()}]}
    ),
}
BAD = {
    "cluster": (judged.cluster(host="shop.example"), "malformed IP address: shop.example"),
    "cluster against a rule": (judged.cluster(connect_timeout="0s"), "ConnectTimeout: value must be greater than 0s"),
    "cluster against another rule": (judged.cluster(name="other", connect_timeout="-1s"), "Expected positive duration"),
    "listener": (judged.resource(LISTENER, name="none", address=judged.address()), "no filter chains specified"),
    "listener against a rule": (
        judged.resource(
            LISTENER,
            name="rule",
            address=judged.address(),
            filter_chains=[judged.chain()],
            listener_filters=[{"name": ""}],
        ),
        "ListenerFilterValidationError.Name",
    ),
    "log": (judged.listener("log", access_log=log("%NOTHING%")), "NOTHING"),
    "routes": (judged.routes("twice", "a.example", "a.example"), "Only unique values for domains"),
    "virtual host": (
        judged.resource(VIRTUAL_HOST, name="routes/twice", domains=["a", "a"]),
        "Only unique values for domains",
    ),
    "scoped route": (scope("a.example", "a.example"), "Only unique values for domains"),
    "filter": (judged.extension("lua", **BAD_LUA), "script load error"),
    "certificate": (
        judged.secret(
            "junk", tls_certificate={"certificate_chain": {"inline_string": "x"}, "private_key": {"inline_string": "y"}}
        ),
        "Failed to load certificate chain",
    ),
    "authority": (judged.secret("ca", validation_context={"trusted_ca": {"inline_string": "x"}}), "Failed to load"),
    "ticket keys": (judged.secret("keys", session_ticket_keys={"keys": [{"inline_bytes": "eA=="}]}), "key length"),
}  # fmt: skip


async def test_each_is_told_from_all_others(judge: Judge, network: str) -> None:
    verdicts = await judge.judge([*GOOD.values(), *(each for each, _ in BAD.values())])

    found = {what: verdicts[resource] for what, resource in GOOD.items()}
    assert found == dict.fromkeys(GOOD, ACCEPTED), network
    for what, (resource, words) in BAD.items():
        assert verdicts[resource].kind is Kind.REFUSED, what
        assert words in verdicts[resource].words, what


async def test_one_bad_one_of_a_kind_among_fifty(judge: Judge) -> None:
    clusters = [judged.cluster(f"c{number}") for number in range(50)]
    clusters[17] = judged.cluster("c17", connect_timeout="0s")
    listeners = [judged.listener(f"l{number}") for number in range(50)]
    listeners[31] = judged.resource(LISTENER, name="l31", address=judged.address())

    verdicts = await judge.judge([*clusters, *listeners])

    refused = [each.name for each, verdict in verdicts.items() if verdict.kind is Kind.REFUSED]
    assert refused == ["c17", "l31"]
    assert [verdicts[each] for each in clusters + listeners if each.name not in refused] == [ACCEPTED] * 98


async def test_what_is_on_another_machine_is_not_refused(judge: Judge) -> None:
    users = PREFIX + "envoy.extensions.filters.http.basic_auth.v3.BasicAuth"
    by_file = judged.extension("users", **{"@type": users, "users": {"filename": "/nowhere/users"}})
    certificate = judged.secret(tls_certificate={"certificate_chain": {"filename": "/nowhere/chain"}})

    verdicts = await judge.judge([by_file, certificate])

    assert [each.cause for each in verdicts.values()] == [Cause.RESOURCE] * 2


async def test_what_travels_as_a_struct_is_judged_without_effect(judge: Judge, tmp_path: Path) -> None:
    def as_struct(name: str, **http: Any) -> Resource:
        typed: dict[str, Any] = {"@type": PREFIX + "xds.type.v3.TypedStruct", "type_url": HTTP}
        typed["value"] = {"stat_prefix": "http", "http_filters": [ROUTER], "a_new_field": 1, **http}
        chain = {"filters": [{"name": "http", "typed_config": typed}]}
        return judged.resource(LISTENER, name=name, address=judged.address(), filter_chains=[chain])

    routes = {"name": "routes", "virtual_hosts": virtual_hosts("*")}
    by_file = [{"name": "log", "typed_config": {"@type": FILE_LOG, "path": str(tmp_path / "log")}}]
    good = as_struct("good", route_config=routes, access_log=by_file)
    bad = as_struct("bad", route_config={"name": "routes", "virtual_hosts": virtual_hosts("a", "a")})

    verdicts = await judge.judge([good, bad])

    assert verdicts[good] == ACCEPTED
    assert "Only unique values" in verdicts[bad].words
    assert not names(tmp_path)


async def test_udp_is_judged_where_it_can_be(judge: Judge, network: str) -> None:
    config = {"@type": UDP_PROXY, "stat_prefix": "udp", "cluster": "elsewhere"}
    proxy = {"name": "udp", "typed_config": config}
    address = judged.address(53, "192.0.2.7", protocol="UDP")
    good = judged.resource(LISTENER, name="dns", address=address, listener_filters=[proxy])
    bad = judged.resource(LISTENER, name="bad", address=address, filter_chains=[judged.chain()])

    verdicts = await judge.judge([good, bad])

    if network == "alone" and verdicts[good].kind is not Kind.NONE:
        assert verdicts[good] == ACCEPTED
        assert verdicts[bad].kind is Kind.REFUSED
    else:
        assert {each.cause for each in verdicts.values()} == {Cause.RESOURCE}


async def test_the_port_that_stands_for_a_listeners_own_may_be_taken(judge: Judge, network: str) -> None:
    question = pose(judged.listener(), number=0, token="any", alone=True)
    assert isinstance(question, Question)
    port = judged.message_of(LISTENER, question.body).address.socket_address.port_value
    with socket.create_server(("0.0.0.0", port)) if network == "not alone" else contextlib.nullcontext():
        verdicts = await judge.judge([judged.listener()])

    assert list(verdicts.values()) == [ACCEPTED]


async def test_no_port_is_bound_and_nobody_is_called(judge: Judge, network: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        port = server.getsockname()[1]
        check = {"timeout": "1s", "interval": "0.001s", "unhealthy_threshold": 1, "healthy_threshold": 1}
        check |= {"tcp_health_check": {}, "event_log_path": str(tmp_path / "health.log")}
        redis = {"name": "envoy.clusters.redis", "typed_config": {
            "@type": PREFIX + "envoy.extensions.clusters.redis.v3.RedisClusterConfig"
        }}  # fmt: skip
        asked = [
            judged.listener(port=port),
            judged.cluster(load_assignment=judged.hosts("127.0.0.1", port), health_checks=[check]),
            judged.cluster(
                "redis",
                load_assignment=judged.hosts("127.0.0.1", port),
                cluster_type=redis,
                lb_policy="CLUSTER_PROVIDED",
            ),
            judged.listener(
                "log", access_log=[{"name": "log", "typed_config": {"@type": FILE_LOG, "path": str(tmp_path / "log")}}]
            ),
        ]

        verdicts = await judge.judge(asked)

        assert [verdicts[each] for each in asked] == [ACCEPTED] * 4, network
        with pytest.raises(BlockingIOError):
            server.accept()
    assert names(tmp_path) <= {"launcher.py"}


async def test_no_secret_is_shown_or_left(judge: Judge, temporary: Path) -> None:
    secret = "MIIEsecretsecretsecret"
    pem = f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n"
    chain = {"certificate_chain": {"inline_string": pem}, "private_key": {"inline_string": pem}}
    context = {
        "@type": PREFIX + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {"tls_certificates": [chain]},
    }
    asked = [
        judged.secret(tls_certificate=chain),
        judged.cluster(transport_socket={"name": "tls", "typed_config": context}),
        judged.cluster("rule", connect_timeout="0s", transport_socket={"name": "tls", "typed_config": context}),
    ]

    with capture_logs() as logs:
        verdicts = await judge.judge(asked)

    assert {each.kind for each in verdicts.values()} == {Kind.REFUSED}
    assert secret not in repr((verdicts, logs))
    assert not holds(temporary, secret)


async def test_one_that_is_killed_between_questions_is_started_anew(judge: Judge) -> None:
    await judge.judge([judged.cluster("before")])
    (before,) = judge.pids
    os.kill(before, signal.SIGKILL)

    verdicts = await judge.judge([judged.cluster("after")])

    assert list(verdicts.values()) == [ACCEPTED]
    assert judge.pids != (before,)


async def test_one_that_is_killed_over_a_question_is_asked_again(judge: Judge) -> None:
    await judge.judge([judged.cluster("first")])
    several = [judged.cluster(f"c{number}") for number in range(400)]
    asking = asyncio.ensure_future(judge.judge(several))
    (process,) = judge.pids
    await until(lambda: asking.done() or is_busy(process))

    os.kill(process, signal.SIGKILL)

    assert set((await asking).values()) == {ACCEPTED}


def is_there(process: int) -> bool:
    """Say whether a process is a judge."""
    with contextlib.suppress(FileNotFoundError):
        return b"legation-judge" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def is_busy(process: int) -> bool:
    """Say whether a process is busy."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "R"


async def test_it_ends_with_the_program_that_started_it_however_that_ends(temporary: Path, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DAEMON,
        str(told),
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    try:
        await until(lambda: told.exists() and told.read_text())
        process = int(told.read_text())
        assert is_there(process)
    finally:
        parent.kill()
        await parent.wait()

    try:
        await until(lambda: not is_there(process))
    finally:
        if is_there(process):
            os.kill(process, signal.SIGKILL)
    assert not holds(temporary, "backend")
    for name in names(temporary):  # nobody was left to remove it
        shutil.rmtree(temporary / name)


def holds(temporary: Path, text: str) -> bool:
    """Say whether a file of a judge holds that text."""
    files = [each for each in temporary.glob("legation-judge-*/*") if each.is_file()]
    assert files
    return any(text.encode() in each.read_bytes() for each in files)


def names(folder: Path) -> set[str]:
    """Return what is in a folder."""
    return {each.name for each in folder.iterdir()}


async def until(condition: Any) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what it looks at is announced to nobody
            await asyncio.sleep(0.001)
