"""Where the tests with traffic live: a network with Pods' addresses, with an API server in it that has the chart."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.admin import Admin
from tests.cluster.api_server import ApiServer, Binaries
from tests.cluster.chart import apply_all, rendered, token_of
from tests.cluster.network import Network

HOME = "legation-home"
"""The namespace of the chart."""


@dataclass(frozen=True, slots=True)
class House:
    """What such tests share. One that stops the API server starts it again."""

    network: Network
    api: ApiServer
    admin: Admin
    addresses: Iterator[str]
    """Those of Pods, each once."""
    token: str
    """Of the user that the chart makes, who may do what legation needs and no more."""
    helm: Path


@contextlib.contextmanager
def opened(network: Network, folder: Path, binaries: Binaries, helm: Path) -> Iterator[House]:
    """Start the API server inside and install the chart; who is given the house is outside."""
    with contextlib.ExitStack() as stack:
        with network.entered():
            api = stack.enter_context(ApiServer(folder, binaries=binaries))
            admin = stack.enter_context(Admin(api))
            admin.namespace(HOME)
            apply_all(admin, rendered(helm, HOME))
            token = token_of(admin, HOME)
        yield House(network, api, admin, network.addresses(), token, helm)
