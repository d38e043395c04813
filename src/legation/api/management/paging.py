"""A page of a list for who sees only some objects.

A token says behind which object a list goes on. The one invariant: that is always one that the caller sees.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from legation.api.management.access import Sight
from legation.management.v1 import management_pb2 as pb
from legation.model.stored import ObjectStore, Page

_MOST = 1000
"""Objects that are looked at at a time."""


async def seen_page(store: ObjectStore, request: pb.ListRequest, *, limit: int, seen: Sight) -> Page:
    """Return the next objects that somebody sees.

    Args:
        store: Who has the objects.
        request: Which are asked for, and behind which page.
        limit: How many at most.
        seen: Which of them are seen.
    """
    listed = partial(
        store.list,
        group=request.group or None,
        kind=request.kind or None,
        namespace=request.namespace or None,
        labels=request.label_selector,
    )
    if seen.whole:
        return await listed(limit=limit, token=request.page_token)
    token = request.page_token
    while True:
        page = await listed(limit=_MOST, token=token)
        shown = [number for number, each in enumerate(page.objects) if seen(each.key)]
        if shown or not page.next_token:
            break
        token = page.next_token
        await asyncio.sleep(0)
    if len(shown) <= limit and not page.next_token:
        return replace(page, objects=tuple(page.objects[number] for number in shown))
    end = shown[:limit][-1] + 1
    if end < len(page.objects):
        # Only the store can say how it goes on behind that one.
        page = await listed(limit=end, token=token)
    return replace(page, objects=tuple(each for each in page.objects if seen(each.key)))
