"""The authority of `legation pki`, as docs/pki.md has it, between a real Envoy and its server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from demo.stage import legation
from tests.envoy.trusted import NODE, connections
from tests.envoy.world import GRACES, World


async def test_certificates_and_authority_are_renewed_and_an_envoy_is_served_all_the_time(world: World) -> None:
    pki, own = world.folder / "pki", world.folder / "own"
    await legation("pki", "init", "--dir", str(pki), "--overlap", "1s")
    await legation("pki", "issue", "--dir", str(pki), "--node", NODE, "--out", str(own))
    server = ("--tls", str(pki / "server"), "--client-ca", str(pki / "ca.crt"))
    await world.serve(*server, *GRACES)
    await world.start_envoy(await bootstrap(world, own))
    async with world.load() as load:
        first = issuer(own)
        for options in ("--force", "--new-authority"):
            before = files(own)
            await legation("pki", "rotate", "--dir", str(pki), options)
            assert files(own) != before
            await world.more_answers(load)

        async def signs() -> bool:
            await legation("pki", "rotate", "--dir", str(pki), "--force")
            return issuer(own) != first

        await world.until(signs, "the new authority signs")
        await world.more_answers(load)
        assert await connections(world) == 1
        # The next connection is made of what was put there last, on both sides.
        await world.kill_serving()
        await world.serve(*server, *GRACES)
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0.0, green=1.0)
    await world.no_problems()


async def bootstrap(world: World, own: Path) -> dict[str, Any]:
    """Return what `legation bootstrap` writes for an Envoy with these files."""
    folder = world.folder / "envoy"
    where = ("--node", NODE, "--xds", f"localhost:{world.xds}")
    trust = ("--tls", "--auth", "certificate", "--trust-dir", str(own), "--write", str(folder))
    await legation("bootstrap", *where, *trust)
    found: dict[str, Any] = yaml.safe_load((folder / "bootstrap.yaml").read_text())
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Return what stands in a folder."""
    return {name: (folder / name).read_bytes() for name in ("tls.crt", "tls.key", "ca.crt")}


def issuer(folder: Path) -> str:
    """Return who has signed the certificate in a folder."""
    return x509.load_pem_x509_certificate((folder / "tls.crt").read_bytes()).issuer.rfc4514_string()
