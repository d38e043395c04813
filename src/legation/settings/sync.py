"""The settings of `legation sync`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from legation.settings import kinds
from legation.settings.setting import Table, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Everything that may be set for `legation sync`. Times are in seconds."""

    output: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The directory that Envoy reads: files stand in OUT/current.", argument="OUT"
    )
    config_maps: tuple[str, ...] = setting(
        (), kinds.OBJECTS, "The ConfigMaps whose keys become files; of one key that two have, the first one counts."
    )
    selector: str | None = setting(
        None, kinds.TEXT, "Labels of the ConfigMaps (with --node: of the objects) that are read, such as team=edge."
    )
    node: str | None = setting(
        None, kinds.TEXT, "Deliver what the Envoy with this node id gets of all objects, in place of ConfigMaps' keys."
    )
    labels: tuple[tuple[str, str], ...] = setting(
        (), kinds.LABELS, "With --node: the Envoy's labels, where no Pod tells them."
    )
    directory: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "Read manifests below this directory, in place of a Kubernetes cluster."
    )
    kubeconfig: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The kubeconfig file; else KUBECONFIG, the Pod's own service account, or ~/.kube/config."
    )
    context: str | None = setting(None, kinds.TEXT, "The context in the kubeconfig; else its current one.")
    namespaces: tuple[str, ...] = setting(
        (), kinds.NAMESPACES, "The namespaces that are read; else those of the ConfigMaps, or the Pod's own."
    )
    secrets: bool = setting(
        False,  # noqa: FBT003 - the default of a flag
        kinds.FLAG,
        "With --node: read Secrets too; private keys then stand in the files.",
    )
    splits: bool = setting(
        True,  # noqa: FBT003 - the default of a switch
        kinds.SWITCH,
        "Whether TrafficSplits of the same namespaces set the weights of routes.",
    )
    l7mp_matching: str = setting(
        "all",
        kinds.one_of("all", "any"),
        "With --node: whom selectors of VirtualServices mean, as legation serve has it.",
    )
    unknown_fields: str = setting(
        "error",
        kinds.one_of("error", "warning"),
        "With --node: what a field is that Envoy's API does not have, as legation serve has it.",
    )
    layout: str = setting(
        "rename",
        kinds.one_of("rename", "symlink"),
        "How a file is put in place: renamed into OUT/current, or OUT/current swapped as a symlink; the latter is for"
        " config sources with watched_directory.",
    )
    envoy_path: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "With --node: OUT as Envoy sees it, where that is another path."
    )
    settle: float = setting(
        1.0, kinds.SECONDS, "How long Envoy has to take what was written before what needs it is written."
    )
    drain_grace: float = setting(
        600.0, kinds.SECONDS, "How long what a draining listener may need stays; not less than Envoy's drain time."
    )
    keep_removed: bool = setting(
        False,  # noqa: FBT003 - the default of a flag
        kinds.FLAG,
        "Leave files in place whose keys have gone.",
    )
    once: bool = setting(
        False,  # noqa: FBT003 - the default of a flag
        kinds.FLAG,
        "Write all files once and exit, as an init container does; the exit status is 1 if they cannot be written.",
    )
    timeout: float = setting(60.0, kinds.SECONDS, "With --once: how long the API server is waited for.")
    health_port: int | None = setting(
        None, kinds.PORT, "The port of /healthz, /readyz and /metrics; without it there is none."
    )
    health_bind: str = setting(kinds.LOCALHOST, kinds.HOST, "The address of that port; 0.0.0.0 or :: for a kubelet.")
    log_level: str = setting(
        "info", kinds.one_of("debug", "info", "warning", "error"), "The lowest level that is logged."
    )
    log_format: str = setting(
        "auto", kinds.one_of("auto", "console", "json"), "How the log is written; auto is console on a terminal."
    )


SYNC = Table(Sync)
"""All of them."""
