"""The client status service as protobuf and JSON: `envoy.service.status.v3`, questions read and answers written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from envoy.service.status.v3 import csds_pb2
from google.protobuf import json_format, struct_pb2
from google.protobuf.message import DecodeError

from legation.envoy.printer import fields_to_json
from legation.envoy.redacting import redact, redacted_body
from legation.errors import RemoteProtocolError
from legation.model.client_config import ConfigStatus, ResourceConfig
from legation.model.node import Node
from legation.model.resource import Resource
from legation.transports.node_matchers import node_test


class StatusQuestion:
    """A ClientStatusRequest."""

    def __init__(self, data: bytes, *, is_json: bool = False) -> None:
        """Read it.

        Raises:
            RemoteProtocolError: It is none, or asks for what is not supported.
        """
        message: Any = csds_pb2.ClientStatusRequest()
        try:
            if is_json:
                json_format.Parse(data or b"{}", message, ignore_unknown_fields=True)
            else:
                message.MergeFromString(data)
        except (DecodeError, json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
            raise RemoteProtocolError(
                "INVALID_ARGUMENT", f"the message of {len(data)} bytes is not a ClientStatusRequest"
            ) from error
        self.asks_for = node_test(message.node_matchers)
        """Says whether a node is asked for."""
        self.contents = not message.exclude_resource_contents
        """Whether the resources are wanted, or only what became of them."""


class StatusAnswer:
    """A ClientStatusResponse that grows by one client after the other. Secrets are never in it."""

    def __init__(self, *, contents: bool) -> None:
        """Begin with no client."""
        self._message: Any = csds_pb2.ClientStatusResponse()
        self._contents = contents
        self._bodies: dict[Resource, bytes | None] = {}
        """What was redacted once, for as long as the answer is made."""
        self.size = 0
        """About how many bytes it has."""

    def add(self, node: Node, resources: Iterable[ResourceConfig]) -> None:
        """Add a client."""
        config = self._message.config.add()
        _write_node(config.node, node)
        now = time.time()
        for each in resources:
            self._write(config.generic_xds_configs.add(), each, now)
        self.size += config.ByteSize()

    def to_bytes(self) -> bytes:
        """Return the message."""
        data: bytes = self._message.SerializeToString()
        return data

    def to_json(self) -> bytes:
        """Return the message as JSON, in the field names of the protos."""
        return json.dumps(fields_to_json(self._message), ensure_ascii=False).encode()

    def _write(self, entry: Any, config: ResourceConfig, now: float) -> None:
        resource = config.resource
        entry.type_url, entry.name, entry.version_info = resource.type.url, resource.name, resource.version
        entry.config_status = csds_pb2.ConfigStatus.Value(config.status.value)
        if config.sent_ago is not None:
            entry.last_updated.FromNanoseconds(round((now - config.sent_ago) * 1e9))
        if self._contents and (body := self._body(resource)) is not None:
            entry.xds_config.type_url, entry.xds_config.value = resource.type.url, body
        if config.status is ConfigStatus.ERROR:
            entry.error_state.details, entry.error_state.version_info = config.words, resource.version
            entry.error_state.last_update_attempt.FromNanoseconds(round((now - config.refused_ago) * 1e9))

    def _body(self, resource: Resource) -> bytes | None:
        if resource not in self._bodies:
            self._bodies[resource] = redacted_body(resource)
        return self._bodies[resource]


def _write_node(message: Any, node: Node) -> None:
    message.id, message.cluster = node.id, node.cluster
    message.user_agent_name, _, message.user_agent_version = node.user_agent.partition(" ")
    message.client_features.extend(sorted(node.features))
    if node.metadata:
        metadata = struct_pb2.Struct()
        metadata.update(dict(node.metadata))
        redact(metadata)
        message.metadata.CopyFrom(metadata)
