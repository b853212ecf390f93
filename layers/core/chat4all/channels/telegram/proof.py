"""Prove the token of a bot: https://core.telegram.org/bots/api#getme"""

import msgspec

from chat4all.channels.shared.answers import proof_unread
from chat4all.channels.shared.decoding import decoded
from chat4all.channels.shared.http import HttpAnswer
from chat4all.channels.shared.proofs import shown
from chat4all.channels.telegram.failures import TELEGRAM_FAILURES
from chat4all.domain.sending import SendError
from chat4all.services.messaging.connector import Proof


class _Bot(msgspec.Struct, frozen=True):
    id: int
    username: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    result: _Bot


def proof_in(answer: HttpAnswer) -> Proof | SendError:
    """Return the bot that an accepted getMe names."""
    found = decoded(answer.body, _Answer)
    if found is None:
        return proof_unread(TELEGRAM_FAILURES)
    return Proof(str(found.result.id), shown(found.result.username))
