"""Files as a kubelet mounts them: what is read are links through `..data`, and one rename replaces all of it at once.

Source: pkg/volume/util/atomic_writer.go of Kubernetes
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path


def mount(folder: Path, files: Mapping[str, bytes]) -> None:
    """Have these files in a folder, in place of all that it had; the first time it makes the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "..data"
    before = data.readlink() if data.is_symlink() else None
    version = folder / f"..{secrets.token_hex(8)}"
    version.mkdir()
    for name, content in files.items():
        (version / name).write_bytes(content)
    link = folder / "..data_tmp"
    link.symlink_to(version.name)
    link.rename(data)
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data") / name)
    for each in folder.iterdir():
        if not each.name.startswith("..") and each.name not in files:
            each.unlink()
    if before is not None:
        shutil.rmtree(folder / before)
