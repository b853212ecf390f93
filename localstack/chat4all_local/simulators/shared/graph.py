"""The parts that WhatsApp and Instagram share: the addresses and errors of Meta's Graph API.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

import re
import secrets
from typing import Final
from urllib.parse import parse_qsl

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
    user_message: str | None = None,
) -> Answer:
    """Build an error in the Graph API's shape: `{"error": {message, type, code, ...}}`."""
    error: JsonObject = {"message": message, "type": kind, "code": code}
    if error_data is not None:
        error["error_data"] = error_data
    if subcode is not None:
        error["error_subcode"] = subcode
    if user_message is not None:
        error["error_user_msg"] = user_message
    error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return Answer(status, meta_json({"error": error}), code=code)


def edge_of(call: Call) -> str | None:
    """Return `messages` of `/vNN.N/{id}/messages`; None for a path of another form."""
    match = _PATH.fullmatch(call.path)
    return match.group(2) if match else None


def account_id_of(call: Call) -> str | None:
    """Return the id of `/vNN.N/{id}/messages`; None for a path of another form."""
    match = _PATH.fullmatch(call.path)
    return match.group(1) if match else None


def object_id_of(call: Call) -> str | None:
    """Return the id of `/vNN.N/{id}`; None for a path of another form."""
    match = _OBJECT.fullmatch(call.path)
    return match.group(1) if match else None


def refuse_address(call: Call, *edges: str) -> Answer | None:
    """Return the error of a path other than `/vNN.N/{id}/{edge}` with an edge of `edges`.

    The Graph API answers a malformed version or an unknown edge with 400 and code 2500.
    """
    if edge_of(call) in edges:
        return None
    return graph_error(400, 2500, f"Unknown path components: {call.path}")


def account_of(call: Call, settings: Settings) -> Settings | None:
    """Return the settings of the account that the token of `Authorization: Bearer` gives access to."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return settings.with_token(token) if scheme == "Bearer" else None


def refuse_token(call: Call, settings: Settings) -> Answer | None:
    """Return the error of a missing or wrong `Authorization: Bearer`: 401 and code 190."""
    if account_of(call, settings) is not None:
        return None
    return graph_error(401, 190, "Invalid OAuth access token - Cannot parse access token")


def debugged_token(call: Call, settings: Settings) -> Answer | None:
    """Answer `GET /vNN.N/debug_token?input_token=`, after the token was checked; None for another path.

    https://developers.facebook.com/docs/graph-api/reference/debug_token
    """
    if object_id_of(call) != "debug_token" or call.method != "GET":
        return None
    token = dict(parse_qsl(call.query)).get("input_token")
    if not token:
        return graph_error(400, 100, "(#100) The parameter input_token is required")
    is_valid = settings.with_token(token) is not None
    data: JsonObject = {"is_valid": is_valid, "type": "SYSTEM_USER", "expires_at": settings.token_expires_at}
    return Answer(200, meta_json({"data": data}))


def asked_fields(call: Call, known: JsonObject) -> JsonObject:
    """Return the fields of an object that the request asks for; `id` is always there."""
    asked = dict(parse_qsl(call.query)).get("fields", "").split(",")
    return {name: value for name, value in known.items() if name == "id" or name in asked}


def missing_object(method: str, object_id: str) -> Answer:
    """Build the error of a missing or foreign object, or of an unsupported method: code 100, subcode 33."""
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation. Please read the Graph API "
        f"documentation at {_DOCS}"
    )
    return graph_error(400, 100, message, subcode=33, kind="GraphMethodException")


def is_json(call: Call) -> bool:
    return call.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
