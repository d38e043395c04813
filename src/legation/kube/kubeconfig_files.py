"""Several kubeconfig files as one: the first that says something wins.

It knows which files count and how they go together, as kubectl does it. It refuses to know what is in an entry.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from legation.errors import KubeConfigError
from legation.kube.kubeconfig_fields import Fields, read

_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}
"""And the field of an entry that holds its content."""


class Kubeconfig:
    """All entries of all files, by name."""

    def __init__(self, files: Sequence[Fields], *, place: str) -> None:
        """Put the files together.

        Args:
            files: What they hold, the first one first.
            place: What to call them.

        Raises:
            KubeConfigError: An entry has no name, or one that is taken in the same file.
        """
        self.place = place
        self.current = next(filter(None, (each.text("current-context") for each in files)), "")
        """The name of the current context; empty if there is none."""
        self._entries: dict[str, dict[str, Fields]] = {section: {} for section in _SECTIONS}
        for each in files:
            for section, inner in _SECTIONS.items():
                # What is there already came from an earlier file.
                self._entries[section] = _named(each, section=section, inner=inner) | self._entries[section]

    def entry(self, section: str, name: str) -> Fields | None:
        """Return the content of an entry, if there is one of that name."""
        return self._entries[section].get(name)

    def known(self, section: str) -> str:
        """Say which entries there are."""
        names = sorted(self._entries[section])
        return f"the {section} are {', '.join(names)}" if names else f"there are no {section}"


def found(*, environment: Mapping[str, str], home: Path, path: str = "") -> Kubeconfig:
    """Return what the files say that count.

    Args:
        environment: Where `KUBECONFIG` may name several, of which some may be missing.
        home: Where `.kube/config` is, which counts if nothing else is told.
        path: The one file to read, whatever the environment says; empty for what that says.

    Raises:
        KubeConfigError: There is none, or one cannot be read.
    """
    listed = environment.get("KUBECONFIG", "")
    if path:
        names, asker = [path], ""
    elif listed:
        names, asker = [each for each in dict.fromkeys(listed.split(os.pathsep)) if each], "KUBECONFIG: "
    else:
        names, asker = [str(home / ".kube" / "config")], ""
    files: dict[str, Fields] = {}
    for name in names:
        try:
            files[name] = read(Path(name).absolute())
        except FileNotFoundError:
            continue
    if not files:
        raise KubeConfigError(f"{asker}there is no {' and no '.join(names)}; write one, or name another by KUBECONFIG")
    return Kubeconfig(list(files.values()), place=" and ".join(files))


def _named(file: Fields, *, section: str, inner: str) -> dict[str, Fields]:
    entries: dict[str, Fields] = {}
    for each in file.children(section):
        name = each.text("name")
        if not name:
            raise each.wrong("name", "it is missing")
        if name in entries:
            raise each.wrong("name", f"there is another {name} in {section}; leave one of them")
        content = each.child(inner) or Fields({}, file=file.file)
        entries[name] = content.at(f"{section}.{name}")
    return entries
