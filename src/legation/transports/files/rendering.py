"""Rendering: resources as the text of a file that Envoy loads, a DiscoveryResponse in JSON.

The text is always the same for the same resources. It holds secrets: it is for Envoy alone, and whoever writes it sees
to that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any

from legation.envoy import codec
from legation.model.resource import Resource
from legation.model.snapshot import shift_digest, show_digest


def render(path: str, resources: tuple[Resource, ...]) -> bytes:
    """Return the text of a file of these resources, as they are: the `render` of files that people wrote themselves."""
    del path
    return response(resources, (codec.to_json(each, show_secrets=True) for each in resources))


def response(resources: Collection[Resource], shown: Iterable[dict[str, Any]]) -> bytes:
    """Return the text of a DiscoveryResponse.

    Args:
        resources: What is in it.
        shown: Each of them as JSON.
    """
    version = show_digest(shift_digest(0, come=resources))
    text = json.dumps({"version_info": version, "resources": [*shown]}, indent=2, ensure_ascii=False)
    return f"{text}\n".encode()
