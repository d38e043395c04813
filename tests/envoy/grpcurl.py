"""As much of grpcurl as the tutorial takes: `grpcurl -plaintext -d JSON HOST:PORT SERVICE/METHOD`, by reflection alone.

It knows no message of ours: all that it knows of them the server has told.
"""

from __future__ import annotations

import argparse
import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main(*words: str) -> str:
    """Return what is printed."""
    parser = argparse.ArgumentParser(prog="grpcurl")
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-d", dest="data", default="{}")
    parser.add_argument("address")
    parser.add_argument("called")
    asked = parser.parse_args(words)
    with grpc.insecure_channel(asked.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        if asked.called == "list":
            return "\n".join(sorted(database.get_services()))
        pool = descriptor_pool.DescriptorPool(database)
        service, _, method = asked.called.partition("/")
        described = pool.FindServiceByName(service).FindMethodByName(method)
        request, response = (
            message_factory.GetMessageClass(each) for each in (described.input_type, described.output_type)
        )
        call = channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return json_format.MessageToJson(call(json_format.Parse(asked.data, request())))


if __name__ == "__main__":
    sys.stdout.write(f"{main(*sys.argv[1:])}\n")
