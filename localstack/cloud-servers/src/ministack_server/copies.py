"""Items of DynamoDB that are copied as the trees of JSON that they are.

MiniStack copies a whole item twice or more for each update, with `copy.deepcopy`, which keeps a record of
every object that it copies in case the object occurs again.
"""

import copy
from types import SimpleNamespace
from typing import Final

from ministack.services import dynamodb

_LEAVES: Final = frozenset({str, int, float, bool, bytes, type(None)})


def install() -> None:
    """Replace the module `copy` in MiniStack's DynamoDB."""
    dynamodb.copy = SimpleNamespace(deepcopy=_copied, copy=copy.copy)


def _copied(tree: object) -> object:
    """Return a copy of `tree` that shares only what cannot change."""
    kind = type(tree)
    if kind is dict:
        return {name: _copied(value) for name, value in tree.items()}  # type: ignore[attr-defined]
    if kind is list:
        return [_copied(value) for value in tree]  # type: ignore[attr-defined]
    return tree if kind in _LEAVES else copy.deepcopy(tree)
