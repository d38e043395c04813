"""From flags, the environment and the file to Settings. What is wrong is told under the name that its writer used."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from legation.errors import SettingsError
from legation.settings.setting import CONFIG, PREFIX, Table, Value

# Kubernetes sets such variables in every Pod for each Service of the namespace, and a Service may be called
# legation-xds: https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
_SERVICE_LINK_NAME = re.compile(PREFIX + r"(.*_)?(SERVICE_(HOST|PORT)(_.*)?|PORT_\d+_.*)")
_SERVICE_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")

_OF_CLIENTS = frozenset(
    {
        "LEGATION_ADMIN_CA",
        "LEGATION_CA",
        "LEGATION_CERT",
        "LEGATION_KEY",
        "LEGATION_SERVER",
        "LEGATION_SERVER_NAME",
        "LEGATION_TOKEN_FILE",
    }
)
"""Variables of commands that ask a server, which are no settings of one."""


def load(table: Table[Value], *, flags: Mapping[str, object], environ: Mapping[str, str]) -> Value:
    """Return the settings that hold.

    Args:
        table: Which settings there are.
        flags: What the command line said, by the settings' names, None where it said nothing; `config` is the file.
        environ: The environment.

    Raises:
        SettingsError: A value is wrong, a name is unknown, or the file cannot be read.
    """
    given = _from_environment(table, environ)
    given |= {name: (value, table.by_name[name].flag) for name, value in flags.items() if value is not None}
    found: dict[str, Any] = {}
    if CONFIG.name in given:
        value, wrote = given[CONFIG.name]
        found = _from_file(table, CONFIG.read(value, wrote=wrote), wrote=wrote)
    for row in table.rows:
        if row.name in given:
            value, wrote = given[row.name]
            found[row.key] = row.read(value, wrote=wrote)
    return table.build(found)


def _from_environment(table: Table[Any], environ: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    given: dict[str, tuple[object, str]] = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable in _OF_CLIENTS or _SERVICE_LINK_VALUE.match(value):
            continue
        if row := table.by_variable.get(variable):
            given[row.name] = (value, variable)
        # A variable that resembles none of ours may be there for somebody else.
        elif not _SERVICE_LINK_NAME.fullmatch(variable) and (near := _nearest_variable(table, variable)):
            raise SettingsError(variable, f"there is no such setting; did you mean {near}?")
    return given


def _nearest_variable(table: Table[Any], wrote: str) -> str:
    # What all variables begin with tells nothing of likeness.
    near = _nearest(wrote.removeprefix(PREFIX).lower(), table.by_name)
    return table.by_name[near].variable if near else ""


def _from_file(table: Table[Any], path: Path, *, wrote: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value, place in _entries(path, sections=table.sections, wrote=wrote):
        row = table.by_key.get(key)
        if row is None:
            near = _nearest(key, table.by_key)
            mend = f"did you mean {near}?" if near else "the settings are " + ", ".join(table.by_key)
            raise SettingsError(key, f"there is no such setting ({place}); {mend}")
        if key in found:
            raise SettingsError(key, f"it is set twice ({place}); leave one")
        found[key] = row.read(value, wrote=key, place=place)
    return found


def _entries(path: Path, *, sections: Collection[str], wrote: str) -> Iterator[tuple[str, object, str]]:
    """Yield (key, value, place) of each setting in the file, with the section's name in front of the key."""
    import yaml  # noqa: PLC0415 - most runs have no file of settings, and a command's help needs no YAML

    try:
        loader = yaml.CSafeLoader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        yield from _settings(loader, node, path=path, sections=sections, wrote=wrote)
    except OSError as error:
        raise SettingsError(wrote, f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(wrote, f"{path} is not UTF-8 text; save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        place = f"{path}:{error.problem_mark.line + 1}" if error.problem_mark else str(path)
        raise SettingsError(wrote, f"{place}: this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise SettingsError(wrote, f"{path}: this is not YAML: {error!s:.200}") from error


def _settings(
    loader: Any, node: Any, *, path: Path, wrote: str, sections: Collection[str] = (), section: str = ""
) -> Iterator[tuple[str, object, str]]:
    """Yield the settings of a mapping node. Any: YAML nodes, whose kinds are known where `yaml` is loaded."""
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return
    if node.id != "mapping":
        raise SettingsError(section or wrote, f"{path}:{node.start_mark.line + 1}: write one `name: value` a line")
    for key_node, value_node in node.value:
        name = key_node.value if key_node.id == "scalar" else "?"
        if name in sections:
            yield from _settings(loader, value_node, path=path, section=name, wrote=wrote)
        else:
            key = f"{section}.{name}" if section else name
            place = f"{path}:{key_node.start_mark.line + 1}"
            try:
                value = loader.construct_document(value_node)
            except ValueError as error:  # a date that no calendar has
                raise SettingsError(key, f"the value cannot be read ({place}); put it in quotes") from error
            yield key, value, place


def _nearest(wrote: str, known: Iterable[str]) -> str:
    """Return the known name that resembles what was written, or nothing."""
    for candidate in difflib.get_close_matches(wrote, known, n=1, cutoff=0.75):
        return candidate
    return ""
