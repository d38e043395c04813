"""ConfigMaps -> files: each key is one, byte for byte, and the weights of TrafficSplits are put into the text. Pure.

Without a plan of splits nothing is read: no schema is checked, bytes are bytes. With one, a text that may hold virtual
hosts is read once, and patched as often as the splits change. A text that cannot be read stays as it was written.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.texts.kubectl_yaml import YamlFault
from legation.texts.patching import Template, Unpatchable
from legation.translate.faults import fault, kind_of
from legation.translate.splitting import SplitPlan

_WEIGHTS = ("weight", "total_weight", "totalWeight")
_SIGNS_OF_HOSTS = ("virtual_hosts", "virtualHosts", "VirtualHost")
_SIGNS_IN_BYTES = tuple(sign.encode() for sign in _SIGNS_OF_HOSTS)
_UNREADABLE_ENDINGS = (".pb", ".pb_text", ".pb_length_delimited")
"""Formats of Envoy's that are neither YAML nor JSON."""
_FILE_NAME = re.compile(r"(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}", re.ASCII)
"""As the API server has it; manifests in files are checked by nobody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a file is not as its splits say, though they may speak of it."""

    reason: str
    """A clause: the line of the text, and what is wrong there."""
    problem: Problem
    """How it is told where the content is taken as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfigMapFile:
    """A file that is to be. The same Python object for as long as nothing of it changes."""

    name: str
    content: bytes = field(repr=False)
    origin: ObjectKey
    path: FieldPath
    """Where in the ConfigMap it stands."""
    fault: Fault | None = None
    """None: it is as its splits say. Else who knows an older content that was may like that better."""

    @property
    def may_be_split(self) -> bool:
        """Whether there may be a split that changes it."""
        return (
            self.path[0] == "data"
            and not self.name.endswith(_UNREADABLE_ENDINGS)
            and any(sign in self.content for sign in _SIGNS_IN_BYTES)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Files:
    """The files of all ConfigMaps."""

    files: Mapping[str, ConfigMapFile]
    """By name, in the order of the ConfigMaps and of their keys."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the ConfigMaps, and with the splits; the faults of files among it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Text:
    """A key whose text was read, and what became of it."""

    text: str
    template: Template | YamlFault


@dataclass(slots=True, kw_only=True, eq=False)
class _Made:
    """What was made of one ConfigMap."""

    manifest: ManifestObject
    plan: SplitPlan | None
    files: dict[str, ConfigMapFile] = field(default_factory=dict)
    texts: dict[str, _Text] = field(default_factory=dict)
    met: set[ObjectKey] = field(default_factory=set)
    looked_through: bool = True
    """Whether all was read that may hold virtual hosts."""
    problems: list[Problem] = field(default_factory=list)


class ConfigMapFiles:
    """Makes files of ConfigMaps, and remembers what it made: what stays the same costs nothing."""

    def __init__(self) -> None:
        self._made: dict[ObjectKey, _Made] = {}

    def update(self, config_maps: Iterable[tuple[ManifestObject, SplitPlan | None]]) -> Files:
        """Return the files that these ConfigMaps make now.

        Args:
            config_maps: Each once, with the plan of the splits that speak of it. Where two have the same key, the first
                one counts. A ConfigMap and a plan are taken for unchanged if they are the same Python objects.
        """
        before, self._made = self._made, {}
        for manifest, plan in config_maps:
            known = before.get(manifest.key)
            if known is None or known.manifest is not manifest or known.plan is not plan:
                known = _Maker(manifest, plan, known).made()
            self._made.setdefault(manifest.key, known)
        files: dict[str, ConfigMapFile] = {}
        problems: list[Problem] = []
        for made in self._made.values():
            problems += made.problems
            for name, file in made.files.items():
                first = files.setdefault(name, file)
                if first is not file:
                    problems.append(_duplicate(made.manifest, file, first))
        problems += _problems_of_plans(self._made.values())
        return Files(files=MappingProxyType(files), problems=tuple(problems))


def _problems_of_plans(made: Iterable[_Made]) -> Iterator[Problem]:
    by_plan: dict[SplitPlan, list[_Made]] = {}
    for each in made:
        if each.plan is not None:
            by_plan.setdefault(each.plan, []).append(each)
    for plan, every in by_plan.items():
        met = frozenset(key for each in every for key in each.met)
        looked_through = all(each.looked_through for each in every)
        where = [str(each.manifest.key) for each in every]
        yield from plan.problems(met if looked_through else None, where=where)


def _duplicate(manifest: ManifestObject, file: ConfigMapFile, first: ConfigMapFile) -> Problem:
    message = f"the file is made by {first.origin} already, which comes first; this one is left out"
    mend = "give one of the two another key"
    return fault(manifest, "duplicate-file", message, file.path, level=Level.WARNING, mend=mend)


class _Maker:
    """Makes the files of one ConfigMap."""

    def __init__(self, manifest: ManifestObject, plan: SplitPlan | None, before: _Made | None) -> None:
        self._manifest = manifest
        self._plan = plan
        self._before = before or _Made(manifest=manifest, plan=None)
        self._made = _Made(manifest=manifest, plan=plan)

    def made(self) -> _Made:
        for name, text in self._values("data"):
            path: FieldPath = ("data", name)
            if isinstance(text, str):
                patched, found = self._split(name, text, path)
                self._add(name, patched, path, found)
            else:
                mend = 'write "|" behind the key, and the file below it'
                self._complain("invalid-config", f"a file is text, this is {kind_of(text)}", path, mend=mend)
        for name, text in self._values("binaryData"):
            path = ("binaryData", name)
            content = _decoded(text)
            if content is None:
                self._complain("bad-base64", "the value is not base64", path, mend="write it as `base64` prints it")
            elif name in self._made.files:
                message = "the file stands in `data` already, which counts; this one is left out"
                mend = "give one of the two another key"
                self._complain("duplicate-file", message, path, level=Level.WARNING, mend=mend)
            else:
                self._add(name, content, path)
        return self._made

    def _values(self, field_name: str) -> Iterator[tuple[str, object]]:
        values = self._manifest.body.get(field_name) or {}
        if not isinstance(values, Mapping):
            self._complain("invalid-config", f"{field_name} must be a map, this is {kind_of(values)}", (field_name,))
            return
        for name, value in values.items():
            if _FILE_NAME.fullmatch(name):
                yield name, value
            else:
                message = "this cannot be the name of a file, so it is left out"
                mend = "a name has letters, digits, -, _ and . alone, and does not begin with two dots"
                self._complain("bad-file-name", message, (field_name, name), mend=mend)

    def _add(self, name: str, content: bytes, path: FieldPath, fault: Fault | None = None) -> None:
        known = self._before.files.get(name)
        if known is None or known.path != path or known.content != content or known.fault != fault:
            known = ConfigMapFile(name=name, content=content, origin=self._manifest.key, path=path, fault=fault)
        self._made.files[name] = known

    # ----------------------------------------------------------------------------------------------------------- splits

    def _split(self, name: str, text: str, path: FieldPath) -> tuple[bytes, Fault | None]:
        """Return the content of a file with the weights that the splits say, or why they are not in it."""
        content = text.encode("utf-8", "replace")
        if self._plan is None or not any(sign in text for sign in _SIGNS_OF_HOSTS):
            return content, None
        if name.endswith(_UNREADABLE_ENDINGS):
            message = "no split changes this file, as it is neither YAML nor JSON; it stays as it is written"
            mend = "write it as YAML or JSON"
            self._complain("not-split", message, path, level=Level.WARNING, mend=mend)
            self._made.looked_through = False
            return content, None
        known = self._before.texts.pop(name, None)
        is_same = known is not None and known.text == text
        if known is None or not is_same:
            # What was read before goes first: both may be large.
            known = None
            known = _Text(text=text, template=_read(text))
        self._made.texts[name] = known
        template = known.template
        if isinstance(template, YamlFault):
            self._made.looked_through = False
            reason = f"line {template.line} of the file: {template.message}"
            told = fault(
                self._manifest,
                template.code,
                f"{reason}; no split changes it",
                path,
                level=Level.WARNING,
                mend=template.mend,
            )
            return content, self._note(Fault(reason=reason, problem=told))
        edited = self._plan.edits(template.value, what=f"file {name} of {self._manifest.key}")
        self._made.met |= edited.met
        self._made.problems += edited.problems
        try:
            patched = template.patch(edited.edits)
        except Unpatchable as broken:
            file = self._before.files.get(name) if is_same else None
            stays = "the last weights stay" if file else "the weights stay as they are written"
            reason = f"line {broken.line} of the file: {broken.message}"
            told = fault(self._manifest, "not-split", f"{reason}; {stays}", path, mend=broken.mend)
            return file.content if file else content, self._note(Fault(reason=reason, problem=told))
        return content if patched is template.text else patched.encode("utf-8", "replace"), None

    def _note(self, found: Fault) -> Fault:
        self._made.problems.append(found.problem)
        return found

    def _complain(
        self, code: str, message: str, path: FieldPath, *, level: Level = Level.ERROR, mend: str = ""
    ) -> None:
        self._made.problems.append(fault(self._manifest, code, message, path, level=level, mend=mend))


def _read(text: str) -> Template | YamlFault:
    try:
        return Template(text, keys=_WEIGHTS)
    except YamlFault as broken:
        return broken


def _decoded(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        # Line ends are no part of it.
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
