"""Docstrings of classes that were made of proto files."""

from __future__ import annotations

from legation.envoy.explaining.proto_text import proto_comments
from legation.envoy.explaining.python_text import python_comments
from tests.unit.envoy.explaining.test_proto_text import PROTO

PYTHON = '''\
class ClusterDiscoveryType(betterproto2.Enum):
    """
    How hosts are found.
    """

    STATIC = 0
    """
    Hosts are written down.
    """

    STRICT_DNS = 1


class Cluster(betterproto2.Message):
    """
    A cluster.
    Second line.

    Oneofs:
        - cluster_discovery_type:
    """

    name: "str" = betterproto2.field(1)

    type: "ClusterDiscoveryType" = betterproto2.field(2)
    """
    Which way.
    """

    connect_timeout: "timedelta | None" = (
        betterproto2.field(4)
    )
    """
    How long.

      * an item
    """
'''


def test_docstrings_say_the_same_under_the_same_names() -> None:
    """What the generator adds by itself is left out."""
    found = dict(python_comments(PYTHON))
    same = ("cluster", "clusterdiscoverytype", "clusterdiscoverytype/static", "cluster/type", "cluster/connecttimeout")
    assert found == {each: dict(proto_comments(PROTO))[each] for each in same}
