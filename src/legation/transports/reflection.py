"""gRPC server reflection that imports a schema when it is asked for: `grpcurl` sees every service and message.

Reflection answers from what is imported already, and the schema of all services would cost every start what only
people at a terminal need.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from grpc_reflection.v1alpha._async import ReflectionServicer

_PACKAGE = re.compile(r"(?:envoy|udpa|xds)(?:\.[a-z0-9_]+)+")
"""The lower-case front part of a symbol: `envoy.config.cluster.v3` of `envoy.config.cluster.v3.Cluster`."""

_FILE = re.compile(r"((?:envoy|udpa|xds)(?:/[a-z0-9_]+)+)\.proto")


class LazyReflection(ReflectionServicer):
    """The reflection service over all protos of Envoy, xDS and UDPA that are installed."""

    def __init__(self, service_names: Iterable[str]) -> None:
        super().__init__(service_names)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """End every stream, also those that come yet: nobody is waited for who might ask something more."""
        self._leaving.set()

    async def ServerReflectionInfo(  # type: ignore[override]  # noqa: N802 - the method of the service, no coroutine
        self, request_iterator: AsyncIterable[Any], unused_context: Any
    ) -> AsyncIterator[Any]:
        """Answer each question, after the import of what it asks for."""
        answers: Any = super().ServerReflectionInfo(_importing(self._asked(request_iterator)), unused_context)
        async for answer in answers:
            yield answer

    async def _asked(self, requests: AsyncIterable[Any]) -> AsyncIterator[Any]:
        """Return what is asked, until the server goes."""
        questions = aiter(requests)
        leaving = asyncio.ensure_future(self._leaving.wait())
        try:
            while True:
                question = asyncio.ensure_future(anext(questions, None))
                try:
                    await asyncio.wait((question, leaving), return_when=asyncio.FIRST_COMPLETED)
                    if not question.done() or (asked := question.result()) is None:
                        return
                finally:
                    question.cancel()
                yield asked
        finally:
            leaving.cancel()


async def _importing(requests: AsyncIterable[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        _import_file(request.file_by_filename)
        _import_package(request.file_containing_symbol)
        _import_package(request.file_containing_extension.containing_type)
        _import_package(request.all_extension_numbers_of_type)
        yield request


def _import_file(name: str) -> None:
    if path := _FILE.fullmatch(name):
        _import(path[1].replace("/", ".") + "_pb2")


def _import_package(symbol: str) -> None:
    if (package := _PACKAGE.match(symbol)) and (module := _import(package[0])):
        # A module that is no package has no others in it.
        for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
            if found.name.endswith("_pb2"):
                _import(f"{package[0]}.{found.name}")


def _import(name: str) -> Any:
    """Import what a client named, which need not exist."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None
