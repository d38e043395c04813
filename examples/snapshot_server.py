"""Raw xDS state in, Envoys served: what the node `edge` gets, as messages, bytes or JSON, and Envoy's answer."""

import asyncio

from envoy.config.cluster.v3.cluster_pb2 import Cluster

from legation import SnapshotServer


async def main(port: int = 18000) -> None:
    async with SnapshotServer(port=port) as server:
        server.set("edge", [Cluster(name="web"), Cluster(name="old")], version="v1")
        print(await server.wait_accepted("edge", at_least=1))  # accepted by edge
        server.update("edge", {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "api"})
        print(await server.wait_accepted("edge", timeout=30))  # or: edge refuses Cluster "api": <Envoy's words>


if __name__ == "__main__":
    asyncio.run(main())
