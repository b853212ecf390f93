"""The errors of Instagram messaging.

https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from typing import Final

from chat4all_local.simulators.provider import Answer, Refused
from chat4all_local.simulators.shared.graph import graph_error

RATE_LIMIT: Final = 613
TOO_MANY: Final = 105


def refused(details: str) -> Refused:
    return Refused(invalid(details))


def invalid(details: str) -> Answer:
    return graph_error(400, 100, f"(#100) {details}")
