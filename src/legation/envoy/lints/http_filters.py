"""HTTP filters whose fields do not go together, filter by filter: all of it was tried with Envoy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.message import DecodeError

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.model.objects import FieldPath


def _lua(lua: Any) -> Iterator[Finding]:
    if lua.inline_code and lua.HasField("default_source_code"):
        yield refused(
            "either-or",
            ("default_source_code",),
            "the code stands in inline_code already",
            "take inline_code out, which is the old field",
        )


def _health_check(check: Any) -> Iterator[Finding]:
    if not check.pass_through_mode.value and (check.cache_time.seconds or check.cache_time.nanos):
        yield refused(
            "either-or",
            ("cache_time",),
            "nothing is kept where no health check is passed on: cache_time belongs to pass_through_mode",
            "take cache_time out, or set pass_through_mode to true",
        )


def _ext_proc(processor: Any) -> Iterator[Finding]:
    if processor.HasField("grpc_service") is processor.HasField("http_service"):
        yield refused(
            "either-or",
            ("grpc_service",),
            "exactly one of grpc_service and http_service says who processes",
            "set one of them",
        )


def _header_to_metadata(config: Any) -> Iterator[Finding]:
    for field in ("request_rules", "response_rules"):
        for index, rule in enumerate(getattr(config, field)):
            yield from _rule(rule, (field, index))


def _rule(rule: Any, path: FieldPath) -> Iterator[Finding]:
    if bool(rule.header) is bool(rule.cookie):
        words = "exactly one of header and cookie says what is looked at"
        yield refused("either-or", (*path, "header"), words, "set one of them")
    present, missing = rule.HasField("on_header_present"), rule.HasField("on_header_missing")
    if not present and not missing:
        words = "neither on_header_present nor on_header_missing says what is to be done"
        yield refused("missing-field", path, words, "set one of them")
    elif missing and not rule.on_header_missing.value:
        words = "there is no value to be set where the header is missing"
        yield refused("missing-field", (*path, "on_header_missing", "value"), words, "give it a value")


def _wasm(wasm: Any) -> Iterator[Finding]:
    if not wasm.config.vm_config.HasField("code"):
        yield refused(
            "missing-field",
            ("config", "vm_config", "code"),
            "there is no code, so Envoy cannot make the plugin",
            "say in vm_config.code where the module is",
        )


def _transcoder(transcoder: Any) -> Iterator[Finding]:
    if transcoder.WhichOneof("descriptor_set") != "proto_descriptor_bin":
        return
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(transcoder.proto_descriptor_bin).file
    except DecodeError:
        return
    known = {f"{file.package}.{service.name}".lstrip(".") for file in files for service in file.service}
    for index, service in enumerate(transcoder.services):
        if service not in known:
            words = "proto_descriptor_bin describes no such service"
            yield refused("unknown-name", ("services", index), words, "write package and service, or describe it")


_FILTERS = "envoy.extensions.filters.http"

LINTS: Lints = {
    f"{_FILTERS}.ext_proc.v3.ExternalProcessor": _ext_proc,
    f"{_FILTERS}.grpc_json_transcoder.v3.GrpcJsonTranscoder": _transcoder,
    f"{_FILTERS}.header_to_metadata.v3.Config": _header_to_metadata,
    f"{_FILTERS}.health_check.v3.HealthCheck": _health_check,
    f"{_FILTERS}.lua.v3.Lua": _lua,
    f"{_FILTERS}.wasm.v3.Wasm": _wasm,
}
