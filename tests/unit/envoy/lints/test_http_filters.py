from __future__ import annotations

import base64
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from tests.unit.envoy.lints.telling import told
from tests.unit.envoy.lints.test_access import HTTP, config

GRPC = {"grpc_service": {"envoy_grpc": {"cluster_name": "web"}}}
URI = {"http_service": {"http_service": {"http_uri": {"uri": "a", "cluster": "web", "timeout": "1s"}}}}
CODE = {"local": {"inline_string": "x"}}
PRESENT = {"on_header_present": {"key": "k"}}


@pytest.mark.parametrize(
    ("message", "fields", "found"),
    [
        ("lua.v3.Lua", {"inline_code": "--"}, ""),
        ("lua.v3.Lua", {"default_source_code": {"inline_string": "--"}}, ""),
        (
            "lua.v3.Lua",
            {"inline_code": "--", "default_source_code": {"inline_string": "--"}},
            "either-or default_source_code",
        ),
        ("health_check.v3.HealthCheck", {"pass_through_mode": True, "cache_time": "5s"}, ""),
        ("health_check.v3.HealthCheck", {"pass_through_mode": False, "cache_time": "0s"}, ""),
        ("health_check.v3.HealthCheck", {"pass_through_mode": False, "cache_time": "5s"}, "either-or cache_time"),
        ("ext_proc.v3.ExternalProcessor", GRPC, ""),
        ("ext_proc.v3.ExternalProcessor", URI, ""),
        ("ext_proc.v3.ExternalProcessor", {}, "either-or grpc_service"),
        ("ext_proc.v3.ExternalProcessor", GRPC | URI, "either-or grpc_service"),
        ("wasm.v3.Wasm", {"config": {"vm_config": {"code": CODE}}}, ""),
        ("wasm.v3.Wasm", {"config": {"vm_config": {"runtime": "x"}}}, "missing-field config.vm_config.code"),
        ("wasm.v3.Wasm", {}, "missing-field config.vm_config.code"),
        ("header_to_metadata.v3.Config", {"request_rules": [{"header": "a", **PRESENT}]}, ""),
        ("header_to_metadata.v3.Config", {"response_rules": [{"cookie": "a", **PRESENT}]}, ""),
        (
            "header_to_metadata.v3.Config",
            {"request_rules": [{"header": "a", "on_header_missing": {"key": "k", "value": "v"}}]},
            "",
        ),
        (
            "header_to_metadata.v3.Config",
            {"request_rules": [{"header": "a", "on_header_missing": {"key": "k"}}]},
            "missing-field request_rules[0].on_header_missing.value",
        ),
        (
            "header_to_metadata.v3.Config",
            {"response_rules": [{"header": "a"}]},
            "missing-field response_rules[0]",
        ),
        ("header_to_metadata.v3.Config", {"request_rules": [PRESENT]}, "either-or request_rules[0].header"),
        (
            "header_to_metadata.v3.Config",
            {"request_rules": [{"header": "a", "cookie": "b", **PRESENT}]},
            "either-or request_rules[0].header",
        ),
    ],
)
def test_filters(message: str, fields: dict[str, Any], found: str) -> None:
    code, _, place = found.partition(" ")

    assert told(config(f"{HTTP}.{message}", **fields)) == ([f"error {code} typed_config.{place}"] if found else [])


def test_services_that_nobody_describes() -> None:
    files = descriptor_pb2.FileDescriptorSet()
    files.file.add(package="shop").service.add(name="Carts")
    files.file.add().service.add(name="Bare")

    def asked(described: bytes, *services: str) -> list[str]:
        text = base64.b64encode(described).decode()
        name = f"{HTTP}.grpc_json_transcoder.v3.GrpcJsonTranscoder"
        return told(config(name, proto_descriptor_bin=text, services=list(services)))

    assert asked(files.SerializeToString(), "shop.Carts", "Bare") == []
    assert asked(files.SerializeToString(), "Carts") == ["error unknown-name typed_config.services[0]"]
    assert asked(b"no descriptors", "Carts") == []
