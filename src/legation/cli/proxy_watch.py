"""Watching the Envoys: a table that follows on a terminal, and a line for each change anywhere else.

The server is asked once a second. That it does not answer is told once, and so is that it answers again: who watches
wants to see a restart, not to be thrown out by it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from legation.cli.printing import printable, short_version
from legation.cli.where import Unreadable

_PERIOD = 1.0

Page = Mapping[str, Any]
Envoys = dict[tuple[str, str], dict[str, Any]]
"""Each by its node id and its address."""


def watch(ask: Callable[[], Page], *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show the Envoys until interrupted.

    Args:
        ask: Returns the page `/proxies`.
        sleep: Waits so many seconds.

    Raises:
        Unreadable: Nobody answers from the start.
    """
    try:
        if sys.stdout.isatty():
            _follow(ask, sleep)
        else:
            _tell(ask, sleep)
    except KeyboardInterrupt:
        # That is how it ends.
        return


def _tell(ask: Callable[[], Page], sleep: Callable[[float], None]) -> None:
    before: Envoys = {}
    for page, trouble in _pages(ask, sleep):
        if page is None:
            _say(trouble)
            continue
        if trouble:
            _say(trouble)
        after = _envoys(page)
        for line in changes(before, after):
            _say(line)
        before = after


def _say(line: str) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    click.echo(printable(f"{now} {line}"))


def _follow(ask: Callable[[], Page], sleep: Callable[[float], None]) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from legation.cli.proxy_table import table

    with Live(console=Console(), auto_refresh=False, vertical_overflow="ellipsis") as live:
        last: Any = Text("no Envoy is connected")
        for page, trouble in _pages(ask, sleep):
            if page is not None:
                found = list(page["proxies"])
                last = table(found) if found else Text("no Envoy is connected")
            shown = last if page is not None else Group(last, Text(printable(trouble), style="red"))
            live.update(shown, refresh=True)


def _pages(ask: Callable[[], Page], sleep: Callable[[float], None]) -> Iterator[tuple[Page | None, str]]:
    """Yield the page again and again, or None and why there is none, which is told once."""
    yield ask(), ""
    silent = False
    while True:
        sleep(_PERIOD)
        try:
            page = ask()
        except Unreadable as error:
            if not silent:
                silent = True
                yield None, str(error)
            continue
        yield page, "the server answers again" if silent else ""
        silent = False


def _envoys(page: Page) -> Envoys:
    return {(each["node"], each["address"]): each for each in page["proxies"]}


def changes(before: Envoys, after: Envoys) -> Iterator[str]:
    """Yield a line for everything that is another: who came and went, and what each has of each type."""
    for key in before.keys() - after.keys():
        yield f"{_who(key)}: gone"
    for key, envoy in sorted(after.items()):
        earlier = before.get(key)
        if earlier is None:
            waits = ", and is told nothing yet" if envoy.get("waits") else ""
            yield f"{_who(key)}: connected, of {envoy['group']}{waits}"
        elif earlier["group"] != envoy["group"]:
            yield f"{_who(key)}: now of {envoy['group']}"
        known = {} if earlier is None else {each["type"]: each for each in earlier["types"]}
        for status in envoy["types"]:
            for line in _type_changes(known.get(status["type"]), status):
                yield f"{_who(key)}: {status['type']} {line}"


def _type_changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Iterator[str]:
    sent, accepted = after["sent"], after["accepted"]
    if accepted and (before is None or before["accepted"] != accepted):
        yield f"accepted {short_version(accepted)}"
    if sent and sent != accepted and (before is None or before["sent"] != sent):
        yield f"sent {short_version(sent)}"
    known = set() if before is None else {(each["name"], each["version"]) for each in before["refused"]}
    now = {(each["name"], each["version"]): each for each in after["refused"]}
    for key, each in now.items():
        if key not in known:
            origin = f" of {each['object']}" if each["object"] else ""
            perhaps = "perhaps " if each["together"] > 1 else ""
            yield f"refused {perhaps}{each['name']} {short_version(each['version'])}{origin}: {each['reason']}"
    for name, version in sorted(known - now.keys()):
        yield f"no longer refuses {name} {short_version(version)}"


def _who(key: tuple[str, str]) -> str:
    node, address = key
    return f"{node} at {address}"
