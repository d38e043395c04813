"""Writes the Python of the management API's proto file anew, with the protoc that the lock names.

What it makes is committed: who installs legation needs no protoc, and a review sees what a change of the proto does.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"
PROTO = "legation/management/v1/management.proto"
MADE = ("legation/management/v1/management_pb2.py", "legation/management/v1/management_pb2.pyi")


def make(target: Path) -> None:
    """Write what protoc makes of the proto file below a folder.

    Raises:
        CalledProcessError: The proto file is wrong, as protoc has said.
    """
    # The protos of google.api lie beside their Python, in the folder above the package.
    included = Path(str(files("google.api"))).parents[1]
    command = (sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCES}", f"-I{included}")
    subprocess.run([*command, f"--python_out={target}", f"--pyi_out={target}", PROTO], check=True)


if __name__ == "__main__":
    make(SOURCES)
