"""Read the body and the query of a request as Structs; any other input gets a clear error."""

from collections.abc import Mapping
from datetime import timedelta
from types import GenericAlias
from typing import Annotated, Final, TypeVar, cast

import msgspec
from chalice.app import Request

from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.errors import Detail, Invalid, TooLarge, UnsupportedMedia
from chat4all.domain.text import shortened

T = TypeVar("T", bound=msgspec.Struct)

MOST_BODY_BYTES: Final = 262_144
LONGEST_ID: Final = 128
MOST_PAGE: Final = 100
DEFAULT_PAGE: Final = 50
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far the clock of a client may be ahead of ours."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
"""An id of this API, known or not. DynamoDB refuses an empty key, and a key over 2,048 bytes."""

Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in ISO 8601 with its zone. `time_from` reads it."""


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of every list."""

    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_PAGE)] = DEFAULT_PAGE


_ROOT: Final = "`$[0]"
"""The beginning of a path that msgspec names in the first item of a list."""
_BEFORE_PATH: Final = " - at "
_LONGEST_PATH: Final = 200
"""The most characters of a path, which consists of the names of our fields and of item numbers."""
_NAMING: Final = ("Object contains unknown field `", "Object missing required field `")


def body_of(request: Request, kind: type[T], most_bytes: int = MOST_BODY_BYTES) -> T:
    """Read the JSON body as `kind`; raises UnsupportedMedia, TooLarge, or Invalid with the field."""
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise UnsupportedMedia("The body must be application/json.")
    raw = raw_body_of(request)
    if len(raw) > most_bytes:
        raise TooLarge(f"The body is over {most_bytes} bytes.")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _invalid("body", _complaint(raw, kind)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Invalid("The body is not valid JSON.", Detail("", "is not valid JSON")) from error


def raw_body_of(request: Request) -> bytes:
    """Return the bytes that were sent, as API Gateway passes them on; raises Invalid if not UTF-8."""
    try:
        raw = request.raw_body
    except ValueError as error:
        raise Invalid("The body is not valid UTF-8.", Detail("", "is not valid UTF-8")) from error
    return raw.encode() if isinstance(raw, str) else raw


def query_of(request: Request, kind: type[T]) -> T:
    """Read the query parameters as `kind`; the last value of a repeated parameter counts.

    Raises Invalid with the parameter's name.
    """
    given = dict(request.query_params.items()) if request.query_params else {}
    try:
        (query,) = msgspec.convert([given], GenericAlias(list, (kind,)), strict=False)
    except msgspec.ValidationError as error:
        raise _invalid("query", str(error)) from error
    _check_spellings(query, given)
    return cast("T", query)


def time_from(field: str, text: str | None) -> str | None:
    """Return a time in ISO 8601 with a zone in the spelling of this API; raises Invalid."""
    if text is None:
        return None
    try:
        at = parse_iso(text)
        if at.tzinfo is not None:
            return iso(at)
    except (ValueError, OverflowError):  # the first and last days of the calendar end in some zones
        pass
    raise Invalid(f"{field} is not valid.", Detail(field, "must be a time in ISO 8601, with its zone"))


def past_time_from(field: str, text: str, clock: Clock) -> str:
    """Return a time that is not in the future, in the spelling of this API; raises Invalid.

    A time within `CLOCKS_APART` from now becomes the time now: no two clocks are alike.
    """
    at, now = time_from(field, text), clock()
    if at is None or at > iso(now + CLOCKS_APART):
        raise Invalid(f"{field} is not valid.", Detail(field, "must not be in the future"))
    return min(at, iso(now))


def _check_spellings(query: msgspec.Struct, given: Mapping[str, str]) -> None:
    """Raise Invalid for spellings that msgspec accepts: 1e1 and 5.0 for a number, null for none."""
    names = zip(query.__struct_fields__, query.__struct_encode_fields__, strict=True)
    for field, name in names:
        read = getattr(query, field)
        if isinstance(read, int) and not given.get(name, "0").isdigit():
            raise Invalid("The query is not valid.", Detail(name, "must be a number in digits"))
        if read is None and name in given:
            raise Invalid("The query is not valid.", Detail(name, "must have a value, or be left out"))


def _complaint(raw: bytes, kind: type[T]) -> str:
    """Return msgspec's message about a body that is no `kind`, with a path at its end in every case.

    msgspec adds no path to a complaint about the outermost object, and a field that a client names
    "x` - at `$.content" would then read as a path. So msgspec reads the body as the only item of a list.
    """
    try:
        msgspec.json.decode(b"[%b]" % raw, type=GenericAlias(list, (kind,)))
    except msgspec.ValidationError as error:
        return str(error)
    except RecursionError:
        # In the list the body lies one level deeper, which may be one too many.
        return "is nested too deeply"
    return ""


def _invalid(what: str, complaint: str) -> Invalid:
    """Return the error about a body or query with its field, which msgspec names in its message only.

    The message may quote the client: before the path, and as long as the body is. The path holds no
    text of the client, so that the last beginning of a path in the message is the true one.
    """
    at = complaint.rfind(_ROOT, max(0, len(complaint) - _LONGEST_PATH))
    if at == -1:
        return Invalid(f"The {what} is not valid.", Detail("", shortened(complaint)))
    path = complaint[at + len(_ROOT) : -1].removeprefix(".")
    issue = complaint[: complaint.rfind(_BEFORE_PATH, 0, at)]
    field = ".".join(part for part in (path, shortened(_named(issue))) if part)
    return Invalid(f"The {what} is not valid.", Detail(field, shortened(issue)))


def _named(issue: str) -> str:
    """Return the unknown or missing field that the issue names; an empty text if it names none."""
    naming = next((begin for begin in _NAMING if issue.startswith(begin)), None)
    return issue[len(naming) : -1] if naming is not None else ""
