"""What WhatsApp and Instagram have in common: Meta's Graph API, its addresses and its errors.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import re
import secrets
from typing import Final

from chat4all_local.simulators.control_api import JsonObject, Settings
from chat4all_local.simulators.provider import Answer, Call
from chat4all_local.simulators.shared.signing import meta_json

_PATH: Final = re.compile(r"/v\d{1,2}\.\d/([^/]+)/([^/]+)")
_OBJECT: Final = re.compile(r"/v\d{1,2}\.\d/([^/]+)")
_DOCS: Final = "https://developers.facebook.com/docs/graph-api"


def graph_error(
    status: int,
    code: int,
    message: str,
    *,
    subcode: int | None = None,
    kind: str = "OAuthException",
    error_data: JsonObject | None = None,
) -> Answer:
    """An error in the Graph API's shape: `{"error": {message, type, code, ...}}`."""
    error: JsonObject = {"message": message, "type": kind, "code": code}
    if error_data is not None:
        error["error_data"] = error_data
    if subcode is not None:
        error["error_subcode"] = subcode
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return Answer(status, meta_json({"error": error}), code=code)


def edge_of(call: Call) -> str | None:
    """`messages` of `/vNN.N/{id}/messages`; None where the path is not of that form."""
    match = _PATH.fullmatch(call.path)
    return match.group(2) if match else None


def object_id_of(call: Call) -> str | None:
    """The id of `/vNN.N/{id}`; None where the path is not of that form."""
    match = _OBJECT.fullmatch(call.path)
    return match.group(1) if match else None


def refuse_address(call: Call, *edges: str) -> Answer | None:
    """The error of a path that is not `/vNN.N/{id}/{edge}` with one of `edges`.

    The Graph API answers a malformed version or an unknown edge with 400 and code 2500.
    """
    if edge_of(call) in edges:
        return None
    return graph_error(400, 2500, f"Unknown path components: {call.path}")


def refuse_token(call: Call, settings: Settings) -> Answer | None:
    """The error of a missing or wrong `Authorization: Bearer`: 401 and code 190."""
    if call.headers.get("authorization") == f"Bearer {settings.access_token}":
        return None
    return graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")


def refuse_object(call: Call, settings: Settings) -> Answer | None:
    """The error of an id that is not our account's, or of another method than POST: 100, subcode 33."""
    match = _PATH.fullmatch(call.path)
    account_id = match.group(1) if match else ""
    if account_id == settings.account_id and call.method == "POST":
        return None
    return missing_object(call.method, account_id)


def missing_object(method: str, object_id: str) -> Answer:
    """The error of an object that is not there, is not ours, or knows no such method: 100, subcode 33."""
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation. Please read the Graph API "
        f"documentation at {_DOCS}"
    )
    return graph_error(400, 100, message, subcode=33, kind="GraphMethodException")


def is_json(call: Call) -> bool:
    return call.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
