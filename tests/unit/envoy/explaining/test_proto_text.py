"""Comments of proto files."""

from __future__ import annotations

from legation.envoy.explaining.proto_text import plain, proto_comments

PROTO = """\
syntax = "proto3";
package envoy.config.cluster.v3;

// [#protodoc-title: Not of the message]

// A cluster.
// Second line.
message Cluster {
  option (udpa.annotations.versioning).previous_message_type = "envoy.api.v2.Cluster";

  // How hosts are found.
  enum DiscoveryType {
    // Hosts are written down.
    STATIC = 0;
    STRICT_DNS = 1;
  }

  // Where endpoints come from.
  message EdsClusterConfig {
    // Under which name.
    string service_name = 2;
  }

  reserved 12, 15;

  // Not of the field: an empty line follows.

  string name = 1 [(validate.rules).string = {min_len: 1}];

  oneof cluster_discovery_type {
    option (validate.required) = true;
    // Which way.
    DiscoveryType type = 2 [(validate.rules).enum = {defined_only: true}];
  }

  // How long.
  //
  //   * an item
  google.protobuf.Duration connect_timeout = 4 [
    (validate.rules).duration = {
      gt {}
    },
    deprecated = true
  ]; // at its end

  // By name.
  map<string, google.protobuf.Any> typed_extension_protocol_options = 36;
}
"""


def test_what_stands_right_above_a_name_is_its_comment() -> None:
    """In any scope; not what an empty line keeps apart, and nothing of options."""
    assert dict(proto_comments(PROTO)) == {
        "cluster": "A cluster.\nSecond line.",
        "clusterdiscoverytype": "How hosts are found.",
        "clusterdiscoverytype/static": "Hosts are written down.",
        "clusteredsclusterconfig": "Where endpoints come from.",
        "clusteredsclusterconfig/servicename": "Under which name.",
        "cluster/type": "Which way.",
        "cluster/connecttimeout": "How long.\n\n  * an item",
        "cluster/typedextensionprotocoloptions": "By name.",
    }


def test_a_name_is_the_same_however_it_is_written() -> None:
    """In a proto file, and in Python made of it."""
    assert plain("Cluster.EdsClusterConfig") == plain("ClusterEdsClusterConfig")
