"""The errors with which Chat4All refuses a request, as one small tree.

::

    Chat4AllError
    ├── Invalid            400  a value that can never be accepted
    ├── Unauthenticated    401  no key, an unknown key, a wrong signature
    ├── Forbidden          403  a key whose scope, or a sender whose role, does not allow it
    ├── NotFound           404
    ├── Conflict           409  the id is already in use, or the state forbids the request
    ├── TooLarge           413
    ├── UnsupportedMedia   415
    ├── NotPossible        422  well-formed, but not possible on this channel
    ├── Throttled          429  try again after `retry_after` seconds
    └── Unavailable        503  nothing was accepted; try again after `retry_after` seconds

The answer of a provider is not an exception but a value: `chat4all.domain.sending.SendError`.
"""

from typing import ClassVar

import msgspec


class Detail(msgspec.Struct, frozen=True):
    """An issue with a field; `field` is a path such as `participants[2]`."""

    field: str
    issue: str


class Chat4AllError(Exception):
    """The root of the tree. The API answers with `http_status` and `code`."""

    http_status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"

    def __init__(
        self, message: str, *details: Detail, code: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.error_code = code or self.code
        self.retry_after = retry_after


class Invalid(Chat4AllError):
    http_status = 400
    code = "VALIDATION_ERROR"


class Unauthenticated(Chat4AllError):
    http_status = 401
    code = "UNAUTHENTICATED"


class Forbidden(Chat4AllError):
    http_status = 403
    code = "FORBIDDEN"


class NotFound(Chat4AllError):
    http_status = 404
    code = "NOT_FOUND"


class Conflict(Chat4AllError):
    http_status = 409
    code = "CONFLICT"


class TooLarge(Chat4AllError):
    http_status = 413
    code = "TOO_LARGE"


class UnsupportedMedia(Chat4AllError):
    http_status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class NotPossible(Chat4AllError):
    http_status = 422
    code = "NOT_POSSIBLE"


class Throttled(Chat4AllError):
    http_status = 429
    code = "THROTTLED"


class Unavailable(Chat4AllError):
    http_status = 503
    code = "UNAVAILABLE"
