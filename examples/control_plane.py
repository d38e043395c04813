"""Objects in, Envoys served: a cluster is put in and taken away, and each time Envoy's answer is waited for."""

import asyncio

from legation import ControlPlane, MemorySource


async def main(port: int = 18000) -> None:
    source = MemorySource()
    async with ControlPlane([source], xds_port=port) as plane:
        kind = {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": "web"}}
        web = source.put({**kind, "spec": {"config": {"name": "web", "connect_timeout": "1s"}}})
        print(await plane.wait_accepted(web, at_least=1))  # accepted by edge
        source.delete(web.key)
        print(await plane.wait_accepted(web, timeout=30))  # accepted by edge


if __name__ == "__main__":
    asyncio.run(main())
