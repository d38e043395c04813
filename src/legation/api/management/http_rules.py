"""Which path of HTTP means which call: what the `google.api.http` options of the proto say, as values.

It knows the descriptor alone; a method that is added to the proto is served without a change here. The one invariant:
every method of the service has a rule.

Source: https://google.aip.dev/127, google/api/http.proto
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.api import annotations_pb2

from legation.api.management.methods import SERVICE, call_name

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One method of the service over HTTP."""

    verb: str
    """Of HTTP."""
    path: str
    """With its variables: `/v1/objects/{kind}/{name}`."""
    method: MethodDescriptor
    has_body: bool
    """Whether the request is the body; else it is what stands behind the question mark."""

    @property
    def name(self) -> str:
        """The name of the call at the service object: `wait_accepted`."""
        return call_name(self.method)

    @property
    def variables(self) -> tuple[str, ...]:
        """The fields whose values stand in the path."""
        return tuple(_VARIABLE.findall(self.path))

    @property
    def asks(self) -> Descriptor:
        """The message that is sent."""
        return self.method.input_type

    @property
    def answers(self) -> Descriptor:
        """The message that comes back, or each of those."""
        return self.method.output_type

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of messages."""
        return bool(self.method.server_streaming)


def _rule(method: MethodDescriptor) -> Rule:
    said = method.GetOptions().Extensions[annotations_pb2.http]
    verb = said.WhichOneof("pattern")
    if verb is None or said.body not in {"", "*"}:
        raise ValueError(f"{method.full_name}: its http option is none that is served: {said}")
    return Rule(verb=verb.upper(), path=getattr(said, verb), method=method, has_body=said.body == "*")


RULES: tuple[Rule, ...] = tuple(_rule(each) for each in SERVICE.methods)
"""One for each method, in the order of the proto."""
