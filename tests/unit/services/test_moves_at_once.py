"""The first message of a chat and the news of its move, at the same time, make one person."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Text
from chat4all.domain.errors import Unavailable
from chat4all.domain.events import InboundEvent, InboundMessage, InboundMove, WebhookEvent
from chat4all.domain.person import UserType
from chat4all.services.inbound.take_inbound import inbound_message_id
from tests.fakes.connector import ACCOUNT, SECOND_ACCOUNT
from tests.fakes.directory import MemoryDirectory
from tests.fakes.product import Product

BEFORE: Final = "2026-01-31T12:00:00.000Z"
MOVED_AT: Final = "2026-01-31T12:00:00.500Z"
AFTER: Final = "2026-01-31T12:00:05.000Z"
FIRST: Final = InboundMessage("ana@telex", "hers-1", Text("my new number follows"), BEFORE)
MOVE: Final = InboundMove("ana@telex", "new@telex", MOVED_AT)
LATER: Final = InboundMessage("new@telex", "hers-2", Text("here I am"), AFTER)
_TRIES: Final = 3


class Interrupted(MemoryDirectory):
    """A directory in which something else happens before one of the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls_left = -1
        self.meanwhile: Callable[[], None] = lambda: None

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
        if not name.startswith("_") and callable(vars(MemoryDirectory).get(name)):
            self.calls_left -= 1
            if self.calls_left == -1:
                self.meanwhile()
        return super().__getattribute__(name)


def take(product: Product, event: InboundEvent, account: str, channel: str = "telex") -> None:
    """Take the event in, again and again as the queue does."""
    for attempt in range(_TRIES):
        try:
            product.take(WebhookEvent(channel, account, "webhook-1", event))
        except Unavailable:
            if attempt == _TRIES - 1:
                raise
        else:
            return


@pytest.mark.parametrize(
    ("channel", "through", "moved_through"),
    [
        ("pigeon", ACCOUNT, ACCOUNT),
        ("pigeon", SECOND_ACCOUNT, SECOND_ACCOUNT),
        ("telex", ACCOUNT, ACCOUNT),
        ("telex", ACCOUNT, SECOND_ACCOUNT),
        ("telex", SECOND_ACCOUNT, ACCOUNT),
        ("telex", SECOND_ACCOUNT, SECOND_ACCOUNT),
    ],
)
@pytest.mark.parametrize("is_move_first", [False, True])
@pytest.mark.parametrize("first", [FIRST, replace(FIRST, aliases=("BR.1",))], ids=["phone", "phone and id"])
def test_at_whatever_call_the_other_comes_between_there_is_one_person(
    channel: str,
    through: str,
    moved_through: str,
    first: InboundMessage,
    is_move_first: bool,  # noqa: FBT001
) -> None:
    for calls in range(40):
        directory = Interrupted()
        product = Product(directory=directory)
        halves = [
            lambda product=product: take(product, first, through, channel),
            lambda product=product: take(product, MOVE, moved_through, channel),
        ]
        begun, meanwhile = reversed(halves) if is_move_first else halves
        directory.calls_left, directory.meanwhile = calls, meanwhile
        begun()
        if directory.calls_left >= 0:
            meanwhile()
        directory.calls_left = -1

        take(product, LATER, moved_through, channel)

        said = [(first, through), (LATER, moved_through)]
        senders = {
            product.message(inbound_message_id(channel, account, event.provider_message_id)).sender_id
            for event, account in said
        }
        assert len(senders) == 1, f"two people, interrupted at call {calls}"
        people = directory.listing(UserType.CUSTOMER, None, 10)
        assert [user_id for _, user_id in people] == list(senders)


def test_a_message_that_follows_more_moves_than_are_followed_is_taken_all_the_same() -> None:
    product = Product()
    for number in range(8):
        take(product, InboundMove(f"{number}@telex", f"{number + 1}@telex", MOVED_AT), ACCOUNT)

    take(product, replace(FIRST, address="0@telex"), ACCOUNT)

    assert product.message(inbound_message_id("telex", ACCOUNT, "hers-1")).content == FIRST.content


def test_a_late_message_of_somebody_who_moved_back_is_taken() -> None:
    product = Product()
    take(product, FIRST, ACCOUNT)
    take(product, MOVE, ACCOUNT)
    take(product, InboundMove("new@telex", "ana@telex", AFTER), ACCOUNT)

    take(product, replace(FIRST, provider_message_id="hers-0"), SECOND_ACCOUNT)

    first, late = (
        product.message(inbound_message_id("telex", account, name)).sender_id
        for account, name in ((ACCOUNT, "hers-1"), (SECOND_ACCOUNT, "hers-0"))
    )
    assert first == late
