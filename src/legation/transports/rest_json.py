"""Responses as JSON: a resource is written once, for all who get it, and so is a collection that goes out whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from weakref import WeakKeyDictionary

import structlog

from legation.envoy.proto_json import proto_json
from legation.errors import InvalidResource
from legation.model.resource import Resource
from legation.model.snapshot import Collection
from legation.protocol.messages import Response

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RestEncoder:
    """Builds the bodies of DiscoveryResponses. It belongs to one event loop."""

    def __init__(self, *, identifier: str = "") -> None:
        """Make an encoder.

        Args:
            identifier: `control_plane.identifier` of each response: which server it came from, for people.
        """
        self._control_plane = {"control_plane": {"identifier": identifier}} if identifier else {}
        self._bodies: WeakKeyDictionary[Resource, bytes] = WeakKeyDictionary()
        self._wholes: WeakKeyDictionary[Collection, bytes] = WeakKeyDictionary()

    def encode(self, response: Response) -> bytes:
        """Return the response as it goes over the wire, in the field names of the protos."""
        head = {
            "version_info": response.version,
            "type_url": response.type.url,
            "nonce": response.nonce,
            **self._control_plane,
        }
        return b'%b,"resources":[%b]}' % (json.dumps(head).encode()[:-1], self._resources(response))

    def _resources(self, response: Response) -> bytes:
        if response.whole is None:
            return self._join(response.listed)
        built = self._wholes.get(response.whole)
        if built is None:
            built = self._wholes[response.whole] = self._join(response.whole)
        return built

    def _join(self, resources: Iterable[Resource]) -> bytes:
        return b",".join(body for body in map(self._body, resources) if body)

    def _body(self, resource: Resource) -> bytes:
        """Return the JSON of a resource; empty where it has none, which is logged once."""
        body = self._bodies.get(resource)
        if body is None:
            try:
                body = proto_json(resource)
            except InvalidResource as error:
                body = b""
                _log.error("resource left out: it cannot be said in JSON, only gRPC can bring it", reason=str(error))
            self._bodies[resource] = body
        return body
