"""How far a list was read: page by page, and of each page object by object. It does not read the objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from legation.kube.watch_wire import Page

if TYPE_CHECKING:
    import msgspec


@dataclass(slots=True)
class Paging:
    """One list."""

    whole: bool = False
    """Whether it is asked for all at once, because the pages became too old."""
    token: str = ""
    """Of the next page; empty for the first one, and after the last."""
    version: str = ""
    """That of the first page; empty before it."""
    _page: Page | None = None
    _digested: int = 0

    @property
    def open(self) -> bool:
        """Whether objects of a page still have to be read."""
        return self._page is not None

    @property
    def over(self) -> bool:
        """Whether the whole list was read."""
        return bool(self.version) and self._page is None and not self.token

    def begin(self, page: Page) -> bool:
        """Take a page; return whether it is the first one."""
        first = not self.token
        if first:
            self.version = page.version
        self._page, self._digested = page, 0
        return first

    def take(self, limit: int) -> list[msgspec.Raw]:
        """Return so many objects of the page that were not read yet; after the last one it is over."""
        if self._page is None:
            return []
        items, begin = self._page.items, self._digested
        self._digested += limit
        if self._digested >= len(items):
            self.token, self._page = self._page.rest, None
        return items[begin : begin + limit]
