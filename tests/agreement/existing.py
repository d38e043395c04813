"""The Envoy configuration that stands in the project's own examples, documentation and golden cases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).parents[2]
_FOLDERS = ("demo/manifests", "deploy/examples", "examples", "tests/golden")
_TEXTS = ("README.md", "docs")
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TYPES = {
    "Cluster": "envoy.config.cluster.v3.Cluster",
    "Endpoint": "envoy.config.endpoint.v3.ClusterLoadAssignment",
    "Listener": "envoy.config.listener.v3.Listener",
    "Route": "envoy.config.route.v3.RouteConfiguration",
}
"""What the kinds of bootes.io hold."""

Resources = tuple[Mapping[str, Any], ...]


def existing() -> Mapping[str, Resources]:
    """Return the resources of each object there that holds some, good and bad, by where it stands."""
    return {
        f"{path.relative_to(_ROOT)} {index}": resources
        for path in _files()
        for index, resources in enumerate(_of_text(path))
    }


def _files() -> Iterator[Path]:
    for folder in _FOLDERS:
        yield from sorted(path for path in (_ROOT / folder).rglob("*.yaml") if "out" not in path.parts)
    for name in _TEXTS:
        yield from sorted((_ROOT / name).glob("*.md")) if (_ROOT / name).is_dir() else (_ROOT / name,)


def _of_text(path: Path) -> Iterator[Resources]:
    text = path.read_text()
    for block in _BLOCK.findall(text) if path.suffix == ".md" else [text]:
        try:
            documents = list(yaml.safe_load_all(block))
        except yaml.YAMLError:
            continue
        for document in documents:
            if isinstance(document, dict) and (found := tuple(_of_object(document))):
                yield found


def _of_object(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spec = manifest.get("spec")
    match manifest.get("kind"), spec:
        case "EnvoyResources", {"resources": [*resources]}:
            yield from (each for each in resources if isinstance(each, dict) and "resource" not in each)
        case str(kind), {"config": dict(config)} if kind in _TYPES:
            yield {"@type": f"type.googleapis.com/{_TYPES[kind]}", **config}
        case _:
            pass
