"""A real Envoy as judge runs nothing of what it is asked about, and still refuses what cannot be compiled."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from legation.judging.judge import Judge, judge_once
from legation.judging.verdict import ACCEPTED, Cause, Kind
from legation.model.resource import Resource
from legation.model.resource_types import LISTENER
from tests import judged
from tests.judged import HTTP, LUA, PREFIX, ROUTER

PER_ROUTE = LUA + "PerRoute"
SPECIFIER = PREFIX + "envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig"
MATCHER = PREFIX + "envoy.extensions.string_matcher.lua.v3.Lua"
STRUCT = PREFIX + "xds.type.v3.TypedStruct"
FUNCTIONS = "\n".join(f"function envoy_{each}(x) return 'x' end" for each in ("on_request", "on_route", "match"))
NO_SCRIPT = "function ("

Make = Callable[[str], dict[str, Any]]


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Have temporary files made in a folder of this test."""
    del tmp_path  # it is made first, elsewhere
    with judged.temporary_folder(monkeypatch.setattr) as folder:
        yield folder


def text(script: str) -> dict[str, Any]:
    """Return a data source."""
    return {"inline_string": script}


def as_bytes(script: str) -> dict[str, Any]:
    """Return a data source."""
    return {"inline_bytes": base64.b64encode(script.encode()).decode()}


def as_struct(typed: dict[str, Any]) -> dict[str, Any]:
    """Return an extension as it travels when not all of it is known."""
    value = {key: each for key, each in typed.items() if key != "@type"}
    return {"@type": STRUCT, "type_url": typed["@type"], "value": value}


def listener(name: str, filters: list[dict[str, Any]], route: dict[str, Any] | None = None) -> Resource:
    """Return a listener with these filters for HTTP, and a route."""
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "x"}, **(route or {})}]
    hosts = [{"name": "host", "domains": ["*"], "routes": routes}]
    return judged.listener(
        name, http_filters=[*filters, ROUTER], route_config={"name": "inline", "virtual_hosts": hosts}
    )


def filtered(config: dict[str, Any]) -> Resource:
    """Return a listener with this filter."""
    return listener("filtered", [{"name": "lua", "typed_config": config}])


def per_route(config: dict[str, Any]) -> Resource:
    """Return a listener with this configuration for one route."""
    lua = {"name": "lua", "typed_config": {"@type": LUA}}
    return listener("per-route", [lua], {"typed_per_filter_config": {"lua": config}})


def specified(config: dict[str, Any]) -> Resource:
    """Return a listener with this in place of the name of a cluster."""
    plugin = {"extension": {"name": "lua", "typed_config": config}}
    return listener("specified", [], {"route": {"inline_cluster_specifier_plugin": plugin}})


def matched(config: dict[str, Any]) -> Resource:
    """Return a listener with this matcher."""
    header = {"name": "x", "string_match": {"custom": {"name": "lua", "typed_config": config}}}
    return listener("matched", [], {"match": {"prefix": "/", "headers": [header]}})


def in_a_struct(config: dict[str, Any]) -> Resource:
    """Return a listener whose connection manager is a Struct with this filter."""
    filters = [{"name": "lua", "typed_config": config}, ROUTER]
    manager = {"stat_prefix": "http", "route_config": {"name": "inline"}, "http_filters": filters, "a_new_field": 1}
    typed = {"@type": STRUCT, "type_url": HTTP, "value": manager}
    chain = {"filters": [{"name": "http", "typed_config": typed}]}
    return judged.resource(LISTENER, name="struct", address=judged.address(), filter_chains=[chain])


def upstream(config: dict[str, Any]) -> Resource:
    """Return a cluster with this filter."""
    options = PREFIX + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    codec = {"@type": PREFIX + "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"}
    typed = {
        "@type": options,
        "explicit_http_config": {"http_protocol_options": {}},
        "http_filters": [{"name": "lua", "typed_config": config}, {"name": "codec", "typed_config": codec}],
    }
    return judged.cluster(typed_extension_protocol_options={options.rpartition("/")[2]: typed})


PLACES: dict[str, tuple[Callable[[dict[str, Any]], Resource], Make]] = {
    "filter": (filtered, lambda script: {"@type": LUA, "default_source_code": text(script)}),
    "filter in the old way": (filtered, lambda script: {"@type": LUA, "inline_code": script}),
    "filter in bytes": (filtered, lambda script: {"@type": LUA, "default_source_code": as_bytes(script)}),
    "filter with names": (filtered, lambda script: {"@type": LUA, "source_codes": {"a": text(script)}}),
    "filter by itself": (
        lambda config: judged.extension("lua", **config),
        lambda script: {"@type": LUA, "default_source_code": text(script)},
    ),
    "filter of a cluster": (upstream, lambda script: {"@type": LUA, "default_source_code": text(script)}),
    "filter in a manager in a Struct": (in_a_struct, lambda script: {"@type": LUA, "defaultSourceCode": text(script)}),
    "route": (per_route, lambda script: {"@type": PER_ROUTE, "source_code": text(script)}),
    "cluster specifier": (
        specified,
        lambda script: {"@type": SPECIFIER, "source_code": text(script), "default_cluster": "x"},
    ),
    "matcher": (matched, lambda script: {"@type": MATCHER, "source_code": text(script)}),
}
STRUCTS: dict[str, tuple[Callable[[dict[str, Any]], Resource], Make]] = {
    f"{place} in a Struct": (put, lambda script, make=make: as_struct(make(script)))  # type: ignore[misc] # it is bound
    for place, (put, make) in PLACES.items()
}
ALL = [pytest.param(*each, id=place) for place, each in (PLACES | STRUCTS).items()]


@pytest.mark.parametrize(("put", "make"), ALL)
async def test_a_script_is_compiled_and_never_run(
    put: Callable[[dict[str, Any]], Resource], make: Make, temporary: Path
) -> None:
    mark = temporary / "mark"
    runs = put(make(f'io.open("{mark}", "w"):close()\nos.execute("touch {mark}")\n{FUNCTIONS}'))
    never_ends = put(make(f"while true do end\n{FUNCTIONS}"))
    escapes = put(make(f"end end]] \\\" ')) io.open('{mark}', 'w') --\n{FUNCTIONS}"))
    wrong = put(make(NO_SCRIPT))

    verdicts = await judge_once([runs, never_ends, escapes, wrong], timeout=30)

    assert not mark.exists()
    assert [verdicts[each] for each in (runs, never_ends)] == [ACCEPTED] * 2
    assert verdicts[escapes].kind is Kind.REFUSED
    assert verdicts[wrong].kind is Kind.REFUSED
    assert "expected near" in verdicts[wrong].words
    assert "loadstring" not in verdicts[wrong].words


@pytest.mark.parametrize(
    "config",
    [
        {"@type": LUA, "default_source_code": as_bytes("\x1bLJ\x02")},
        as_struct({"@type": LUA, "package_paths": ["/x/?.lua"], "default_source_code": text("")}),
        as_struct({"@type": LUA, "default_source_code": {"@type": PREFIX + "x", **text("while true do end")}}),
        as_struct({"@type": PREFIX + "envoy.extensions.filters.http.golang.v3alpha.Config", "library_path": "/x.so"}),
        as_struct({"@type": PREFIX + "envoy.extensions.filters.http.file_server.v3.FileServerConfig"}),
        {
            "@type": PREFIX + "envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {"name": "x"},
        },
        {
            "@type": PREFIX + "envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {"vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": text("x")}}},
        },
        {
            "@type": PREFIX + "envoy.extensions.filters.http.cache.v3.CacheConfig",
            "typed_config": {
                "@type": PREFIX + "envoy.extensions.http.cache.file_system_http_cache.v3.FileSystemHttpCacheConfig",
                "cache_path": "/x",
            },
        },
    ],
    ids=["bytecode", "paths", "marked", "golang", "unknown", "module", "wasm", "cache"],
)
@pytest.mark.parametrize("put", [filtered, in_a_struct])
async def test_what_would_be_run_is_not_asked_about(
    put: Callable[[dict[str, Any]], Resource], config: dict[str, Any]
) -> None:
    asked = put(config)

    verdict = (await judge_once([asked], timeout=30))[asked]

    assert verdict.cause is Cause.RESOURCE
    assert verdict.words


async def test_it_has_nothing_of_the_environment_and_no_more_memory_than_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_PASSWORD", "hunter2")
    async with Judge(timeout=30) as judge:
        await judge.judge([judged.cluster()])
        (process,) = judge.pids
        environment, limits, status = (read(process, each) for each in ("environ", "limits", "status"))

    # The last one is Python's own.
    known = {"", "PATH", "LD_LIBRARY_PATH", "TZ", "HOME", "TMPDIR", "LC_CTYPE"}
    assert {each.partition("=")[0] for each in environment.split("\0")} <= known
    assert "Max data size             2147483648" in limits
    assert "NoNewPrivs:\t1" in status


def read(process: int, what: str) -> str:
    """Return what the kernel says of a process."""
    return Path(f"/proc/{process}/{what}").read_text()
