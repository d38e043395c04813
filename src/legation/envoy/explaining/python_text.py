"""The text of a Python module made of proto files -> its docstrings, by the names that they are of. Pure."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache

from legation.envoy.explaining.proto_text import plain


def python_comments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the classes in a module, and what is set in each, that have a docstring."""
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef):
            continue
        name = plain(node.name)
        if doc := ast.get_docstring(node):
            # Below it stands what the generator lists itself.
            yield name, doc.partition("\n\nOneofs:")[0]
        for member, after in zip(node.body, node.body[1:], strict=False):
            if doc := _docstring(after):
                yield f"{name}/{plain(_target(member))}", doc


def _target(node: ast.stmt) -> str:
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""


@cache
def _dedent(text: str) -> str:
    return inspect.cleandoc(text)


def _docstring(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str() as text)):
            return _dedent(text)
    return ""
