"""The two programs: crossover, and envoy-xds-configmap-loader which it grew from.

They exit with 0 when the files are there (`--onetime`) or after a signal; with 1 when what is asked for cannot be done;
with 2 when the command line is wrong. `-h` is no mistake: 0, as Go has it today.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn, Protocol

from legation.crossover import crossover_flags, flags_common, loader_flags, log
from legation.crossover.go_flags import FlagFault, FlagSet, HelpWanted, Parsed
from legation.crossover.options import SERVICE_ACCOUNT, Options, Refused
from legation.leaving import Leaving, leave

_FAILURE, _WRONG_USAGE = 1, 2


class _Flags(Protocol):
    """A module with the flags of one program."""

    @property
    def flag_set(self) -> Callable[[Mapping[str, str]], FlagSet]: ...
    @property
    def options(self) -> Callable[..., Options]: ...


def crossover() -> NoReturn:
    """Be crossover."""
    _main("crossover", crossover_flags)


def configmap_loader() -> NoReturn:
    """Be envoy-xds-configmap-loader."""
    _main("envoy-xds-configmap-loader", loader_flags)


def _main(program: str, flags: _Flags) -> NoReturn:
    leaving = Leaving()
    flag_set = flags.flag_set(os.environ)
    try:
        parsed = flag_set.parse(sys.argv[1:])
    except HelpWanted:
        _say(flag_set.usage(), code=0)
    except FlagFault as fault:
        _say(f"{fault}\n{flag_set.usage()}", code=_WRONG_USAGE)
    if parsed.switch("version"):
        _show_version(program)
    try:
        options = flags.options(parsed, mounted_namespace=_mounted_namespace())
    except Refused as refusal:
        _say(f"{program}: {refusal}", code=_FAILURE)
    _run(parsed, options, leaving)


def _run(parsed: Parsed, options: Options, leaving: Leaving) -> NoReturn:
    # An init container that ends well lets Envoy start: it needs its files then.
    leaving.code = _FAILURE if options.once else 0
    log.configure(level=options.log_level, form=options.log_format)
    for each in flags_common.warnings_of(parsed):
        log.warning(each)
    # By now signals are heard and mistakes are told; what takes time to load comes last.
    from legation.crossover.running import work  # noqa: PLC0415 - signals are heard before all that loads

    leaving.run(lambda: work(options, environment=os.environ), stopping=lambda name: log.info("stopping", signal=name))


def _say(text: str, *, code: int) -> NoReturn:
    print(text, file=sys.stderr)  # noqa: T201 - to the person at the terminal
    leave(code)


def _show_version(program: str) -> NoReturn:
    from importlib.metadata import version  # noqa: PLC0415 - it loads much, and for this alone

    print(program, version("legation"))  # noqa: T201 - it is what was asked for
    leave(0)


def _mounted_namespace() -> str:
    try:
        return Path(SERVICE_ACCOUNT, "namespace").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
