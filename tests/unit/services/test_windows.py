"""A message to a person whose window is closed is refused; what the person writes opens the window."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chat4all.domain.clock import iso
from chat4all.domain.content import Content, Notice, Text
from chat4all.domain.conversation import ConversationType
from chat4all.domain.errors import NotPossible, TagNotPossible, WindowClosed
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.kinds import Location, Reaction
from chat4all.domain.person import Identity, User
from chat4all.domain.plan import Step
from chat4all.domain.received import Author, AuthorKind
from chat4all.domain.retry import DELIVERY_GRACE
from chat4all.domain.sending import Outcome, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.windows import HUMAN_AGENT, Window
from chat4all.services.messaging.conversation_cache import KEEP_S
from chat4all.services.messaging.deliver import Settled
from chat4all.services.messaging.preview_message import PreviewMessage
from chat4all.services.messaging.read_windows import ReadWindows
from chat4all.services.messaging.record_status import Recorded
from tests.fakes.clock import BEGINNING
from tests.fakes.connector import ACCOUNT, PIGEON, SECOND_ACCOUNT, TELEX
from tests.fakes.directory import MemoryDirectory
from tests.fakes.people import agent, customer
from tests.fakes.product import AGENT, MESSAGE_ID, Product, a_message, over

HOUR_S = 3600
DAY_S = 24 * HOUR_S
WINDOWED = replace(
    PIGEON, window_h=24, human_agent_h=168, kinds_outside_window=("location",), group_prefix="group:"
)
CAPABILITIES = {"pigeon": WINDOWED, "telex": TELEX}
BLOCKED = SendError(Outcome.PERMANENT, "131026", "Cannot be delivered.")
PLACE = Location(1.0, 2.0, text="here")


@dataclass
class CountedDirectory(MemoryDirectory):
    """Counts the reads and the writes of users."""

    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def get_many(self, user_ids: Iterable[str]) -> dict[str, User]:
        self.calls.append("get_many")
        return super().get_many(user_ids)


def wrote(user: User, hours_ago: float | None, channel: str = "pigeon") -> User:
    """Return the user as they are if they wrote on the channel so long ago."""
    at = iso(BEGINNING - timedelta(hours=hours_ago)) if hours_ago is not None else None
    identities = (
        replace(known, wrote_at=at) if known.channel == channel else known for known in user.identities
    )
    return replace(user, identities=tuple(identities))


def settled(*members: User, kind: ConversationType = ConversationType.ONE_TO_ONE) -> Product:
    product = Product(capabilities=CAPABILITIES)
    product.settle(AGENT, *members, kind=kind)
    return product


def a_product(hours_ago: float | None) -> Product:
    return settled(wrote(customer("ana", "pigeon"), hours_ago))


def written(
    product: Product, number: int, *, ago_s: float = 0, but: Mapping[str, object] | None = None
) -> None:
    """Ana writes on her pigeon; `but` replaces fields of the event."""
    at = iso(product.clock() - timedelta(seconds=ago_s))
    event = replace(InboundMessage("ana@pigeon", f"hers-{number}", Text("hi"), at), **(but or {}))
    product.take(WebhookEvent("pigeon", event.account or ACCOUNT, "webhook-1", event))


def identities_of(product: Product, user_id: str = "ana") -> dict[str, Identity]:
    user = product.directory.get(user_id)
    assert user is not None
    return {f"{known.account}/{known.address}": known for known in user.identities}


def recorded(product: Product, place: str = "main/ana@pigeon") -> str | None:
    return identities_of(product)[place].wrote_at


def work(product: Product) -> None:
    """Route, deliver and record until no event is left."""
    product.route_all()
    while product.events.requested:
        requested = list(product.events.requested)
        product.events.requested.clear()
        for request in requested:
            outcome = product.deliver()(request)
            if isinstance(outcome, Settled):
                assert product.record(outcome.update) is Recorded.DONE
        product.route_all()


def ended(product: Product) -> tuple[Status, str | None]:
    message = product.message()
    return message.status, message.error_code


@pytest.mark.parametrize("hours_ago", [None, 25.0, 24.0 * 30])
def test_a_message_outside_the_window_is_refused(hours_ago: float | None) -> None:
    product = a_product(hours_ago)

    with pytest.raises(WindowClosed) as refused:
        product.accept(a_message())

    assert (refused.value.http_status, refused.value.code) == (422, "WINDOW_CLOSED")
    (detail,) = refused.value.details
    assert all(told in detail.issue for told in ("ana", "pigeon", "send a location"))
    assert product.events.submitted == []
    assert product.messages.get(MESSAGE_ID) is None


def test_a_message_within_the_window_costs_no_further_read() -> None:
    directory = CountedDirectory()
    product = Product(capabilities=CAPABILITIES, directory=directory)
    product.settle(AGENT, wrote(customer("ana", "pigeon"), 23))
    product.say(message_id=product.ids())
    directory.calls.clear()

    product.say(message_id=product.ids())
    product.route_submitted()

    assert directory.calls == []


def test_the_window_closes_while_the_user_is_in_memory() -> None:
    product = a_product(24 - 30 / HOUR_S)
    product.say(message_id=product.ids())

    product.clock.advance(29)
    product.say(message_id=product.ids())
    product.clock.advance(1)

    with pytest.raises(WindowClosed):
        product.say(message_id=product.ids())


def test_a_stale_memory_refuses_nothing() -> None:
    product = a_product(None)
    with pytest.raises(WindowClosed):
        product.say()

    written(product, 1)
    product.clock.advance(KEEP_S / 2)

    assert product.say().message.status is Status.PENDING


def test_what_was_accepted_within_the_window_is_the_same_message_after_it() -> None:
    product = a_product(23)
    first = product.say()
    product.clock.advance(2 * HOUR_S)

    again = product.say()

    assert (again.replayed, again.message) == (True, first.message)


def test_in_the_undecided_hour_the_latest_message_counts() -> None:
    product = a_product(None)
    written(product, 1)
    product.clock.advance(HOUR_S / 2)
    written(product, 2)
    assert recorded(product) == iso(BEGINNING), "a second message within the hour costs no write"

    product.clock.advance(DAY_S - 1)
    product.say(message_id=product.ids())
    product.clock.advance(1)

    with pytest.raises(WindowClosed):
        product.say(message_id=product.ids())


def test_a_message_whose_webhook_is_a_day_late_counts_all_the_same() -> None:
    product = a_product(24.2)

    written(product, 1, ago_s=23.5 * HOUR_S)

    assert recorded(product) == iso(BEGINNING - timedelta(hours=24.2))
    product.say(message_id=product.ids())


def test_the_exact_end_of_a_window_is_told_where_it_is_asked_for() -> None:
    product = a_product(None)
    written(product, 1)
    product.clock.advance(HOUR_S / 2)
    written(product, 2)
    end = iso(product.clock() + timedelta(days=1))
    read = ReadWindows(product.conversation_cache, product.accept.windows)

    for seconds in (0, DAY_S - 1, 1, 30 * DAY_S):
        product.clock.advance(seconds)
        _agent, ana = read("conversation")
        assert ana.windows[0].closes_at == end

    with pytest.raises(WindowClosed) as refused:
        product.say(message_id=product.ids())
    assert f"closed at {end}" in refused.value.details[0].issue


@pytest.mark.parametrize(
    "another",
    [
        {"account": SECOND_ACCOUNT},
        {"author": Author(AuthorKind.OWN)},
        {"content": Notice("title", "A new title")},
    ],
)
def test_only_the_persons_own_messages_to_the_account_count(another: dict[str, object]) -> None:
    product = a_product(None)
    written(product, 1)
    product.clock.advance(HOUR_S / 2)
    written(product, 2, but=another)
    product.clock.advance(DAY_S - HOUR_S / 2)

    with pytest.raises(WindowClosed):
        product.accept(replace(a_message(), steps=over("pigeon")))


def test_one_closed_window_refuses_a_message_to_a_group_and_is_named() -> None:
    people = [
        wrote(customer("ana", "pigeon"), 1),
        wrote(customer("ben", "pigeon"), 30),
        customer("cem", "telex"),
    ]
    product = settled(*people, kind=ConversationType.GROUP)

    with pytest.raises(WindowClosed) as refused:
        product.say()

    assert ["ben" in detail.issue for detail in refused.value.details] == [True]


@pytest.mark.parametrize(
    ("content", "is_taken"), [(PLACE, True), (Text("hi"), False), (Reaction("👍"), False)]
)
def test_a_kind_that_is_free_of_windows_goes_out_at_any_time(content: Content, *, is_taken: bool) -> None:
    full = tuple(
        replace(rule, treatment="full") if rule.kind in {"location", "reaction"} else rule
        for rule in WINDOWED.kinds
    )
    product = Product(capabilities={**CAPABILITIES, "pigeon": replace(WINDOWED, kinds=full)})
    product.settle(AGENT, customer("ana", "pigeon"))

    try:
        product.accept(replace(a_message(), content=content))
    except WindowClosed:
        assert not is_taken
    else:
        assert is_taken


@pytest.mark.parametrize(
    ("hours_ago", "is_taken"), [(1, True), (25, True), (167.9, True), (168, False), (None, False)]
)
def test_with_the_tag_a_person_may_answer_for_a_week(hours_ago: float | None, *, is_taken: bool) -> None:
    product = a_product(hours_ago)
    tagged = replace(a_message(), tag=HUMAN_AGENT)

    if not is_taken:
        with pytest.raises(WindowClosed):
            product.accept(tagged)
        return
    product.accept(tagged)
    work(product)

    (submission,) = product.connector.asked
    assert (submission.tag, product.message().tag) == (HUMAN_AGENT, HUMAN_AGENT)


def test_a_tag_needs_a_channel_that_has_it() -> None:
    product = settled(customer("ben", "telex"))

    with pytest.raises(TagNotPossible) as refused:
        product.accept(replace(a_message(), tag=HUMAN_AGENT))

    assert [detail.field for detail in refused.value.details] == ["tag"]


def test_another_tag_makes_another_message() -> None:
    product = a_product(1)
    product.say()

    with pytest.raises(Exception, match="belongs to another message"):
        product.accept(replace(a_message(), tag=HUMAN_AGENT))


def test_a_closed_channel_is_left_out_where_another_is_open() -> None:
    product = settled(wrote(customer("ana", "pigeon", "telex"), 30))

    product.accept(replace(a_message(), steps=over("pigeon", "telex"), delivery_timeout_s=300))
    work(product)

    assert [submission.address for submission in product.connector.asked] == ["ana@telex"]
    assert ended(product) == (Status.SENT, None)


def test_a_closed_step_is_skipped_with_its_reason_for_a_kind_that_is_free_of_windows() -> None:
    product = a_product(30)

    product.accept(replace(a_message(), steps=(Step(), Step(content=PLACE)), delivery_timeout_s=300))
    work(product)

    assert [submission.content for submission in product.connector.asked] == [Text("here")]
    (fallback,) = product.fallbacks.of_message(MESSAGE_ID)
    (skipped,) = fallback.event.recipients[0].skipped
    assert (skipped.step, skipped.code) == (0, "WINDOW_CLOSED")
    assert "closed at" in skipped.reason


def test_without_a_possible_step_each_closed_channel_is_told() -> None:
    product = Product(capabilities={"pigeon": WINDOWED, "telex": replace(TELEX, window_h=24)})
    product.settle(AGENT, customer("ana", "pigeon", "telex"))

    with pytest.raises(WindowClosed) as refused:
        product.accept(
            replace(a_message(), steps=(*over("drum", "pigeon", "telex"), Step(content=Text("?"))))
        )

    channels = ["pigeon" in detail.issue for detail in refused.value.details]
    assert channels == [True, False]


def test_the_latest_message_is_looked_up_once_for_all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    product = a_product(24.5)
    asked: list[object] = []
    monkeypatch.setattr(product.messages, "latest_from", lambda *given: asked.append(given))
    steps = tuple(Step(content=Text(f"step {number}")) for number in range(5))

    with pytest.raises(WindowClosed):
        product.accept(replace(a_message(), steps=steps))

    assert len(asked) == 1


def test_a_step_without_the_tag_is_skipped() -> None:
    product = settled(wrote(customer("ana", "pigeon", "telex"), 30))

    product.accept(replace(a_message(), tag=HUMAN_AGENT, steps=over("telex", "pigeon")))

    (recipient,) = product.events.submitted[-1].recipients
    assert [to.channel for to in recipient.routes] == ["pigeon"]
    assert [skipped.code for skipped in recipient.skipped] == ["TAG_NOT_POSSIBLE"]


def test_a_next_channel_that_is_closed_by_then_fails_with_the_code() -> None:
    product = settled(wrote(customer("ana", "pigeon", "telex"), 23))
    product.accept(replace(a_message(), steps=over("telex", "pigeon"), delivery_timeout_s=300))
    product.route_all()
    product.clock.advance(2 * HOUR_S)
    product.connector.answers = [BLOCKED]

    work(product)

    assert [submission.address for submission in product.connector.asked] == ["ana@telex"]
    assert ended(product) == (Status.FAILED, "WINDOW_CLOSED")
    reasons = {
        part.error_reason for part in product.deliveries.of_message(MESSAGE_ID) if part.channel == "pigeon"
    }
    assert all(reason is not None and "closed at" in reason for reason in reasons)


def test_a_next_channel_that_is_open_by_then_is_taken() -> None:
    product = settled(wrote(customer("ana", "pigeon", "telex"), None))
    product.accept(replace(a_message(), steps=over("telex", "pigeon"), delivery_timeout_s=300))
    product.route_all()
    written(product, 1)
    product.connector.answers = [BLOCKED]

    work(product)

    assert [submission.address for submission in product.connector.asked] == ["ana@telex", "ana@pigeon"]
    assert ended(product) == (Status.SENT, None)


def test_a_redrive_outside_the_window_is_refused_until_the_person_writes() -> None:
    product = a_product(23)
    product.say()
    product.connector.answers = [BLOCKED]
    work(product)
    product.clock.advance(2 * HOUR_S)

    with pytest.raises(WindowClosed):
        product.redrive.message(MESSAGE_ID)
    written(product, 1)
    product.redrive.message(MESSAGE_ID)
    work(product)

    assert ended(product) == (Status.SENT, None)


def test_a_redrive_whose_window_closes_meanwhile_fails_with_the_code() -> None:
    product = a_product(23)
    product.say()
    product.connector.answers = [BLOCKED]
    work(product)
    product.redrive.message(MESSAGE_ID)
    product.clock.advance(2 * HOUR_S)

    work(product)

    assert len(product.connector.asked) == 1
    assert ended(product) == (Status.FAILED, "WINDOW_CLOSED")


def test_a_lost_delivery_is_requested_again_after_the_window_and_the_provider_decides() -> None:
    product = a_product(23)
    product.say()
    product.route_submitted()
    product.events.requested.clear()
    product.clock.advance(max(2 * HOUR_S, DELIVERY_GRACE.total_seconds() + 1))
    product.connector.answers = [SendError(Outcome.PERMANENT, "131047", "The window is closed.")]

    product.relay()
    work(product)

    assert ended(product) == (Status.FAILED, "131047")


def test_words_of_a_person_go_on_to_a_group_whatever_the_windows_are() -> None:
    people = [wrote(customer("ana", "pigeon"), 1), wrote(customer("ben", "pigeon"), 30)]
    product = settled(*people, kind=ConversationType.GROUP)

    written(product, 1)
    work(product)

    assert [submission.address for submission in product.connector.asked] == ["ben@pigeon"]


def test_a_refusal_names_the_account_of_the_closed_window() -> None:
    product = a_product(25)

    with pytest.raises(WindowClosed) as refused:
        product.say()

    assert refused.value.places == (("pigeon", ACCOUNT),)


def test_a_preview_with_a_time_asks_no_windows() -> None:
    product = a_product(25)
    preview = PreviewMessage(
        product.conversation_cache,
        product.messages,
        CAPABILITIES,
        product.accept.windows,
        product.accept.accounts,
    )

    (rendering,) = preview(replace(a_message(), send_at=iso(product.clock() + timedelta(days=1))))

    assert rendering.recipient_id == "ana"


def test_a_preview_is_refused_like_the_message() -> None:
    product = a_product(25)
    preview = PreviewMessage(
        product.conversation_cache,
        product.messages,
        CAPABILITIES,
        product.accept.windows,
        product.accept.accounts,
    )

    with pytest.raises(WindowClosed):
        preview(a_message())
    (rendering,) = preview(replace(a_message(), tag=HUMAN_AGENT))

    assert rendering.recipient_id == "ana"


def test_a_preview_refuses_a_tag_like_the_message() -> None:
    product = settled(customer("ben", "telex"))
    preview = PreviewMessage(
        product.conversation_cache,
        product.messages,
        CAPABILITIES,
        product.accept.windows,
        product.accept.accounts,
    )

    with pytest.raises(TagNotPossible):
        preview(replace(a_message(), tag=HUMAN_AGENT))


def test_the_windows_of_a_conversation_are_told_by_identity() -> None:
    product = settled(wrote(customer("ana", "pigeon", "telex"), 25))
    read = ReadWindows(product.conversation_cache, product.accept.windows)

    of_agent, of_ana = read("conversation")

    wrote_at, closes_at = iso(BEGINNING - timedelta(hours=25)), iso(BEGINNING - timedelta(hours=1))
    assert (of_agent.user_id, of_agent.windows) == ("agent", ())
    assert of_ana.windows == (
        Window(
            "pigeon",
            ACCOUNT,
            "ana@pigeon",
            is_open=False,
            closes_at=closes_at,
            wrote_at=wrote_at,
            tag=HUMAN_AGENT,
            kinds=("location",),
        ),
        Window("telex", ACCOUNT, "ana@telex", is_open=True, closes_at=None, wrote_at=None),
    )


def test_a_new_persons_window_opens_with_their_first_message() -> None:
    product = Product(capabilities=CAPABILITIES)
    written(product, 1, but={"aliases": ("ana@alias",)})

    user_id = product.directory.resolve("pigeon", ACCOUNT, "ana@pigeon")
    assert user_id is not None

    found = identities_of(product, user_id)
    assert {place: known.wrote_at for place, known in found.items()} == dict.fromkeys(
        ("main/ana@pigeon", "main/ana@alias"), iso(BEGINNING)
    )


def test_a_message_to_a_second_account_opens_the_window_with_that_account_only() -> None:
    shared = replace(WINDOWED, addresses_by_account=False)
    product = Product(capabilities={**CAPABILITIES, "pigeon": shared})
    written(product, 1, but={"account": SECOND_ACCOUNT})

    user_id = product.directory.resolve("pigeon", SECOND_ACCOUNT, "ana@pigeon")
    assert user_id is not None

    found = identities_of(product, user_id)
    assert found["second/ana@pigeon"].wrote_at == iso(BEGINNING)
    assert found["main/ana@pigeon"].wrote_at is None


def test_every_address_that_a_webhook_names_gets_the_time() -> None:
    product = a_product(None)
    written(product, 1, but={"aliases": ("ana@alias",)})
    product.clock.advance(2 * HOUR_S)

    written(product, 2, but={"aliases": ("ana@alias",)})

    now = iso(product.clock())
    assert (recorded(product), recorded(product, "main/ana@alias")) == (now, now)


@pytest.mark.parametrize("ago_s", [2 * HOUR_S, 3 * DAY_S])
def test_a_webhook_that_comes_late_never_moves_the_time_back(ago_s: float) -> None:
    product = a_product(None)
    written(product, 1)

    written(product, 2, ago_s=ago_s)

    assert recorded(product) == iso(BEGINNING)


def test_history_counts_with_its_own_time() -> None:
    product = a_product(None)

    written(product, 1, ago_s=2 * DAY_S)

    assert recorded(product) == iso(BEGINNING - timedelta(days=2))
    with pytest.raises(WindowClosed):
        product.say()


def test_a_time_ahead_of_our_clock_counts_as_now() -> None:
    product = a_product(None)

    written(product, 1, ago_s=-30 * 365 * DAY_S)

    assert recorded(product) == iso(BEGINNING)


@pytest.mark.parametrize(
    "another",
    [
        {"author": Author(AuthorKind.OWN)},
        {"content": Notice("title", "A new title")},
        {"address": "group:1", "author": Author(AuthorKind.PERSON, "ana@pigeon")},
        {"address": "group:1"},
    ],
)
def test_what_the_person_did_not_write_opens_no_window(another: dict[str, object]) -> None:
    product = a_product(None)

    written(product, 1, but=another)

    times = [
        known.wrote_at
        for user_id in product.directory._users
        for known in identities_of(product, user_id).values()
    ]
    assert set(times) == {None}


def test_an_agent_who_writes_from_an_app_has_a_time_and_no_window_to_mind() -> None:
    helper = replace(agent("helper"), identities=customer("helper", "pigeon").identities)
    product = settled(helper, wrote(customer("ana", "pigeon"), 1), kind=ConversationType.GROUP)

    assert product.say().message.status is Status.PENDING


def test_a_sent_message_opens_nothing() -> None:
    product = a_product(23)
    product.connector.answers = [Sent("theirs")]
    product.say()
    work(product)
    product.clock.advance(2 * HOUR_S)

    with pytest.raises(NotPossible):
        product.say(message_id=product.ids())
