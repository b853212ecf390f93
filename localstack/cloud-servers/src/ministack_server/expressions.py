"""Expressions of DynamoDB that are read once.

MiniStack splits an expression into tokens and checks its syntax at every item that it is evaluated on: a
query does so for every item of its partition.
"""

from functools import lru_cache
from typing import Final

from ministack.services import dynamodb

MOST_EXPRESSIONS: Final = 1024

_REPLACED: Final = ("_tokenize", "_condition_syntax_error")
"""Functions of strings only. Their results are never changed."""


def install() -> None:
    """Let MiniStack remember what it read of an expression."""
    for name in _REPLACED:
        setattr(dynamodb, name, lru_cache(MOST_EXPRESSIONS)(getattr(dynamodb, name)))
