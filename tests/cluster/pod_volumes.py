"""What a kubelet brings into a Pod by its projected volumes: ConfigMaps, and tokens that are bound to the Pod.

It lays files out as a kubelet does, so that who watches sees one move: `..data` leads to a folder that is never written
to again, and the names of the files lead through it. It refuses to know what the files mean.

Source: pkg/volume/util/atomic_writer.go of Kubernetes
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cluster.admin import Admin, Object, Refused, reference

_AROUND = Path("/var/run")
"""What is another folder for each Pod; what of it is there for everybody, no Envoy asks for."""
_MOUNT_AND_RUN = """
around=$(realpath "$1"); shift
mount -t tmpfs tmpfs "$around"
while [ "$1" != -- ]; do mkdir -p "$2"; mount --bind "$1" "$2"; shift 2; done
shift
exec "$@"
"""


class NotThere(Exception):
    """A ConfigMap that a Pod cannot start without is not there: the kubelet tries again."""


class PodVolumes:
    """The projected volumes of one Pod, each a folder of the machine."""

    def __init__(self, admin: Admin, pod: Object, folder: Path) -> None:
        """Prepare them; nothing is brought yet.

        Args:
            admin: Who may read ConfigMaps and ask for tokens, as a kubelet may.
            pod: As the API server has admitted it.
            folder: Where they are laid out.
        """
        self._admin, self._pod, self._folder = admin, pod, folder
        self._told: dict[str, Mapping[str, str]] = {}

    def bring(self, *, tokens: bool = False) -> None:
        """Bring what there is now, as the kubelet does about once a minute.

        Args:
            tokens: Whether new tokens are asked for; else the old ones stay, where there are some.

        Raises:
            NotThere: Something is missing that is not optional.
        """
        for volume in self._pod["spec"].get("volumes", ()):
            if "projected" not in volume:
                continue
            name = volume["name"]
            files = self._files(volume["projected"]["sources"], before={} if tokens else self._told.get(name, {}))
            if files != self._told.get(name):
                swap(self._folder / name, files)
                self._told[name] = files

    def command(self, container: Object) -> Sequence[str]:
        """Return what starts a program that finds them where a container mounts them: its own command follows."""
        found = [each for each in container.get("volumeMounts", ()) if (self._folder / each["name"]).exists()]
        if not found:
            return ()
        assert all(Path(each["mountPath"]).is_relative_to(_AROUND) for each in found)
        pairs = [word for each in found for word in (str(self._folder / each["name"]), each["mountPath"])]
        unshared = ("unshare", "--mount", "--propagation", "private")
        return (*unshared, "sh", "-ec", _MOUNT_AND_RUN, "sh", str(_AROUND), *pairs, "--")

    def read(self, volume: str, file: str) -> str:
        """Return a file as the Pod sees it."""
        return (self._folder / volume / file).read_text()

    def _files(self, sources: Sequence[Mapping[str, Any]], *, before: Mapping[str, str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for source in sources:
            if "configMap" in source:
                found |= self._of_config_map(source["configMap"])
            else:
                path = source["serviceAccountToken"]["path"]
                found[path] = before.get(path) or self._token(source["serviceAccountToken"])
        return found

    def _of_config_map(self, source: Mapping[str, Any]) -> Mapping[str, str]:
        named = reference("v1", "ConfigMap", source["name"], self._pod["metadata"]["namespace"])
        try:
            data = self._admin.get(named).get("data", {})
        except Refused as refused:
            raise NotThere(f'configmap "{source["name"]}" not found') from refused
        try:
            return {each["path"]: data[each["key"]] for each in source["items"]}
        except KeyError as error:
            raise NotThere(f'configmap "{source["name"]}" references non-existent config key: {error}') from error

    def _token(self, source: Mapping[str, Any]) -> str:
        """Ask for a token as a kubelet does: bound to the Pod, and good for nobody but the audience."""
        metadata, account = self._pod["metadata"], self._pod["spec"]["serviceAccountName"]
        bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        spec = {
            "audiences": [source["audience"]],
            "expirationSeconds": source["expirationSeconds"],
            "boundObjectRef": bound,
        }
        # Asks for a subresource, which is no object with a name of its own.
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        request = reference("authentication.k8s.io/v1", "TokenRequest", "", metadata["namespace"]) | {"spec": spec}
        token: str = self._admin._ask("POST", path, json=request)["status"]["token"]
        return token


def swap(folder: Path, files: Mapping[str, str]) -> None:
    """Have a folder hold these files from one moment to the next, as a kubelet does it."""
    folder.mkdir(parents=True, exist_ok=True)
    data, moved = folder / "..data", folder / "..data_tmp"
    fresh = Path(tempfile.mkdtemp(prefix="..", dir=folder))
    fresh.chmod(0o755)
    for path, text in files.items():
        (fresh / path).write_text(text)
    before = data.resolve() if data.is_symlink() else None
    moved.symlink_to(fresh.name)
    moved.rename(data)
    for path in files:
        with contextlib.suppress(FileExistsError):
            (folder / path).symlink_to(Path("..data", path))
    if before is not None:
        shutil.rmtree(before)


def service_account(admin: Admin, namespace: str, name: str = "default") -> str:
    """Make a ServiceAccount, as a controller does for each namespace that is made; return its name."""
    with contextlib.suppress(Refused):
        admin.create(reference("v1", "ServiceAccount", name, namespace))
    return name
