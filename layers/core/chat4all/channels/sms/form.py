"""The form in a webhook of Twilio.

https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from typing import Final
from urllib.parse import parse_qsl

from chat4all.domain.errors import Invalid

_MOST_FIELDS: Final = 1_000


def read_form(body: bytes) -> list[tuple[str, str]]:
    """Read the fields of a form in their order, empty ones too; raise Invalid if it is not a form."""
    try:
        return parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise Invalid("The webhook is not in the provider's form.") from error
