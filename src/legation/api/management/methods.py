"""The methods of the service as its descriptor has them, and what each is called at the service object. Pure.

A method that is added to the proto is served over gRPC and HTTP without a change here or there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from legation.management.v1 import management_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor

SERVICE = management_pb2.DESCRIPTOR.services_by_name["Management"]
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def call_name(method: MethodDescriptor) -> str:
    """Return the name of a method at the service object: `wait_accepted`."""
    return _WORD.sub("_", method.name).lower()
