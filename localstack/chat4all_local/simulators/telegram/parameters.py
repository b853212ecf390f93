"""The parameters of a Bot API request: in the query, as JSON, or as a form, which may carry files.

https://core.telegram.org/bots/api#making-requests
"""

from urllib.parse import parse_qsl

import msgspec

from chat4all_local.simulators.provider import Call


class ParameterError(ValueError):
    """The request cannot be read. The error's text is the description that the server answers with."""


class ReplyParameters(msgspec.Struct, frozen=True):
    """https://core.telegram.org/bots/api#replyparameters"""

    message_id: int
    allow_sending_without_reply: bool = False

    @classmethod
    def parse(cls, text: str | None) -> "ReplyParameters | None":
        if not text:
            return None
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            raise ParameterError("can't parse reply parameters JSON object") from None


def read_parameters(call: Call) -> dict[str, str]:
    """Return all parameters as text. A number, list or object of a JSON request becomes its JSON text."""
    parameters = _form(call.query)
    if call.form_problem is not None:
        raise ParameterError(f"can't parse the form: {call.form_problem}")
    if call.form is not None:
        return parameters | call.form.fields
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not call.body:
        return parameters
    if content_type == "application/json":
        return parameters | _json(call.body)
    if content_type == "application/x-www-form-urlencoded":
        return parameters | _form(call.body)
    # The real server also ignores a body of an unknown type.
    return parameters


def _form(form: str | bytes) -> dict[str, str]:
    try:
        text = form if isinstance(form, str) else form.decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise ParameterError("strings must be encoded in UTF-8") from None


def _json(body: bytes) -> dict[str, str]:
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return {name: _text(bytes(value)) for name, value in fields.items()}
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ParameterError("can't parse the request as a JSON object of strings encoded in UTF-8") from None


def _text(value: bytes) -> str:
    if value == b"null":
        return ""
    return msgspec.json.decode(value, type=str) if value.startswith(b'"') else value.decode("utf-8")
