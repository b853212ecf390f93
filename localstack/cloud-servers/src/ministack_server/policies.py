"""Policies parsed once.

MiniStack parses every policy of the caller's role again, twice or more for each request. This took more
processor time than the request itself.
"""

from functools import lru_cache
from typing import Any, Final

from ministack.core import iam_evaluator

MOST_POLICIES: Final = 1024

_parse = iam_evaluator.parse_policy_document


def install() -> None:
    """Replace MiniStack's parser of policies."""
    iam_evaluator.parse_policy_document = _parsed


def _parsed(document: str | dict[str, Any]) -> list[Any]:
    """Return the statements of a policy, which nothing changes afterwards."""
    if isinstance(document, str):
        return _parsed_text(document)
    statements: list[Any] = _parse(document)
    return statements


@lru_cache(MOST_POLICIES)
def _parsed_text(document: str) -> list[Any]:
    statements: list[Any] = _parse(document)
    return statements
