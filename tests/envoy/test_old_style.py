"""Configuration of the old API: a real Envoy takes the modern form that is offered in its place."""

from __future__ import annotations

from typing import Any

import yaml

from legation.envoy import codec
from legation.judging.judge import judge_once
from legation.judging.verdict import Kind

TYPE = "type.googleapis.com/"
HTTP_LOG = {"name": "envoy.file_access_log", "config": {"path": "/dev/stdout", "format": "%PROTOCOL%\n"}}
MANAGER = {
    "codec_type": "auto",
    "stat_prefix": "ingress",
    "idle_timeout": "5s",
    "access_log": [HTTP_LOG],
    "route_config": {
        "name": "local",
        "virtual_hosts": [
            {
                "name": "all",
                "domains": ["*"],
                "cors": {"allow_origin": ["https://a.example"]},
                "routes": [
                    {
                        "match": {"regex": "/a.*", "headers": [{"name": "x-a", "regex_match": "a+"}]},
                        "direct_response": {"status": 200},
                    },
                    {
                        "match": {"prefix": "/", "query_parameters": [{"name": "q", "value": "1"}]},
                        "redirect": {"host_redirect": "b.example"},
                    },
                ],
            }
        ],
    },
    "http_filters": [
        {"name": "envoy.cors"},
        {"name": "envoy.health_check", "config": {"pass_through_mode": False}},
        {"name": "envoy.router", "config": {"start_child_span": True}},
    ],
}
LISTENER = {
    "@type": f"{TYPE}envoy.api.v2.Listener",
    "name": "front",
    "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
    "listener_filters": [{"name": "envoy.listener.tls_inspector"}],
    "filter_chains": [{"filters": [{"name": "envoy.http_connection_manager", "config": MANAGER}]}],
}
PROXY = {"name": "envoy.tcp_proxy", "config": {"stat_prefix": "tcp", "cluster": "web"}}
CLUSTER = {
    "@type": f"{TYPE}envoy.api.v2.Cluster",
    "name": "web",
    "connect_timeout": "1s",
    "type": "STRICT_DNS",
    "lb_policy": "ROUND_ROBIN",
    "hosts": [{"socket_address": {"address": "web.example", "port_value": 443}}],
    "tls_context": {"sni": "web.example"},
    "drain_connections_on_host_removal": True,
    "health_checks": [
        {
            "timeout": "1s",
            "interval": "5s",
            "healthy_threshold": 1,
            "unhealthy_threshold": 2,
            "http_health_check": {"path": "/healthz", "service_name": "web", "use_http2": True},
        }
    ],
}
ROUTES = {
    "@type": f"{TYPE}envoy.api.v2.RouteConfiguration",
    "name": "routes",
    "virtual_hosts": [
        {
            "name": "all",
            "domains": ["*"],
            "routes": [
                {
                    "match": {"prefix": "/"},
                    "route": {
                        "cluster": "web",
                        "request_mirror_policy": {"cluster": "web"},
                        "host_rewrite": "web.example",
                        "retry_policy": {
                            "retry_on": "5xx",
                            "retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts"}],
                        },
                    },
                }
            ],
        }
    ],
}


async def test_what_is_offered_is_taken() -> None:
    modern: dict[str, dict[str, Any]] = {
        "clusters": CLUSTER,
        "routes": ROUTES,
        "http": LISTENER,
        "tcp": {**LISTENER, "filter_chains": [{"filters": [PROXY]}]},
    }
    offered: dict[str, Any] = {}
    for name, old in modern.items():
        (finding,) = codec.encode(old).findings
        encoded = codec.encode(yaml.safe_load(finding.example))
        assert encoded.resource is not None, encoded.findings
        offered[name] = encoded.resource
    verdicts = await judge_once(list(offered.values()), timeout=60)
    refused = {name: verdicts[each].words for name, each in offered.items() if verdicts[each].kind is not Kind.ACCEPTED}
    assert refused == {}
