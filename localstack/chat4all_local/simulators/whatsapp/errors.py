"""The errors of the Cloud API, from `support/error-codes` of its documentation."""

from typing import Final

from chat4all_local.simulators.provider import Answer, Refused
from chat4all_local.simulators.shared.graph import graph_error

UNDELIVERABLE: Final = 131026
WINDOW_CLOSED: Final = 131047
THROUGHPUT: Final = 130429
PAIR_RATE: Final = 131056
SOMETHING_WENT_WRONG: Final = 131000
UNSUPPORTED_TYPE: Final = 131051
MISSING: Final = 131008
INVALID_VALUE: Final = 131009

_TITLES: Final = {
    100: "Invalid parameter",
    THROUGHPUT: "Rate limit hit",
    PAIR_RATE: "(Business Account, Consumer Account) pair rate limit hit",
    SOMETHING_WENT_WRONG: "Something went wrong",
    MISSING: "Required parameter is missing",
    INVALID_VALUE: "Parameter value is not valid",
    UNSUPPORTED_TYPE: "Unsupported message type",
}


def refused(code: int, details: str) -> Refused:
    return Refused(error_answer(400, code, details))


def error_answer(status: int, code: int, details: str) -> Answer:
    message = f"(#{code}) {_TITLES.get(code, 'Error')}"
    return graph_error(
        status, code, message, error_data={"messaging_product": "whatsapp", "details": details}
    )
