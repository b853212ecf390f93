import pytest

from chat4all_local.simulators.control_api import Signature
from chat4all_local.simulators.telegram.updates import token_headers


@pytest.mark.parametrize(
    ("signature", "token"),
    [(True, "Secret"), ("upper", "SECRET"), ("wrong", "another-secret"), (False, None)],
)
def test_an_update_of_telegram_carries_the_secret_token(signature: Signature, token: str | None) -> None:
    assert token_headers("Secret", signature).get("x-telegram-bot-api-secret-token") == token


def test_a_bot_without_a_secret_sends_no_token() -> None:
    assert "x-telegram-bot-api-secret-token" not in token_headers("", signature=True)
