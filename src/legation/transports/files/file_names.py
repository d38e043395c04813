"""Which names files may have: paths below the folder of a delivery, and nowhere else."""

from __future__ import annotations

SECRETS_BELOW = "sds/"
"""What the names of files begin with that hold private keys."""


def fault_of(name: str) -> str:
    """Return what is wrong with the name of a file, a clause; empty if it stays below the folder and can be written.

    Args:
        name: A path below the folder, with `/` between its parts: `cds.json`, `rds/edge.json`.
    """
    parts = name.split("/")
    faults = {
        "the name is empty": not name,
        "the name begins with /, so it is not below the folder": name.startswith("/"),
        "a part of the name is empty": not all(parts),
        "a part of the name is . or .., so it may not be below the folder": not {".", ".."}.isdisjoint(parts),
        "the name has characters that cannot be printed": not name.isprintable(),
        "a part of the name is longer than 255 bytes": any(len(part.encode(errors="replace")) > 255 for part in parts),
    }
    return next((fault for fault, found in faults.items() if found), "")
