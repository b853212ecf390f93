"""Sign the cursors of all lists: a cursor is valid for the list and the parameters that it came from.

A signed cursor is 22 characters of an HMAC-SHA256, cut to 128 bits, and then the cursor of the use case. The
HMAC covers the cursor, the operation, the path, and every parameter of the query or the body but `cursor` and
`limit`. So a client may change the size of its pages, and nothing else.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Final, TypeGuard

import msgspec

from chat4all.domain.errors import Detail, Invalid
from chat4all.entrypoints.http.answers import Answer

_CURSOR: Final = "cursor"
_NEXT: Final = "next_cursor"
_NOT_BOUND: Final = (_CURSOR, "limit")
_SIGNATURE_BYTES: Final = 16
_SIGNATURE_CHARACTERS: Final = 22
_PADDING: Final = b"="


class SignedCursors:
    def __init__(self, key: Callable[[], bytes]) -> None:
        """`key` returns the key of the signatures. It is called for a cursor, and if there is a next page."""
        self._key = key

    def opened(self, operation: str, path: Mapping[str, str], given: object) -> object:
        """Return the query or body with the cursor of the use case in the place of the signed cursor.

        What asks for no page is returned as it is.

        Raises:
            Invalid: the cursor is not a next_cursor of this operation, path and parameters.
        """
        if not _is_page(given) or (signed := getattr(given, _CURSOR)) is None:
            return given
        cursor = signed[_SIGNATURE_CHARACTERS:]
        if not _is_same(self._signed(cursor, operation, path, given), signed):
            raise Invalid(
                "The cursor is not valid.",
                Detail(_CURSOR, "must be a next_cursor of this list, with the same parameters"),
            )
        return msgspec.structs.replace(given, cursor=cursor)

    def sealed(self, operation: str, path: Mapping[str, str], given: object, answer: Answer) -> Answer:
        """Return the answer with a signed next_cursor, if there is a next page."""
        cursor: str | None = getattr(answer.body, _NEXT, None)
        if cursor is None or isinstance(answer.body, str) or not _is_page(given):
            return answer
        body = msgspec.structs.replace(answer.body, next_cursor=self._signed(cursor, operation, path, given))
        return msgspec.structs.replace(answer, body=body)

    def _signed(self, cursor: str, operation: str, path: Mapping[str, str], given: msgspec.Struct) -> str:
        fields: dict[str, object] = msgspec.to_builtins(given)
        bound = {name: field for name, field in fields.items() if name not in _NOT_BOUND}
        text = msgspec.json.encode((operation, path, bound, cursor), order="sorted")
        digest = hmac.new(self._key(), text, hashlib.sha256).digest()
        signature = urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).rstrip(_PADDING)
        return signature.decode() + cursor


def _is_page(given: object) -> TypeGuard[msgspec.Struct]:
    """Return whether a query or a body asks for a page of a list."""
    return isinstance(given, msgspec.Struct) and _CURSOR in given.__struct_fields__


def _is_same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="surrogatepass"))
