"""A merge of two people: their messages, conversations and consents, and its undo."""

from contextlib import suppress

import pytest
from msgspec.structs import replace

from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.content import Text
from chat4all.domain.conversation import ConversationState, ConversationType
from chat4all.domain.errors import (
    CannotMerge,
    ConversationJoined,
    IdentityInUse,
    Invalid,
    NoIdentity,
    SamePerson,
    TooManyIdentities,
    UserMerged,
    UserNotFound,
    UserNotMerged,
)
from chat4all.domain.events import InboundMessage, WebhookEvent
from chat4all.domain.fingerprints import told
from chat4all.domain.merging import consents_of_both
from chat4all.domain.message import Message
from chat4all.domain.pages import HistoryOrder
from chat4all.domain.person import INBOX_USER_ID, Identity, User, UserType
from chat4all.domain.purpose import Purpose
from chat4all.domain.status import Status
from chat4all.services.batches.find_one_to_one import FindOneToOne
from chat4all.services.directory.list_conversations import ConversationQuery
from chat4all.services.directory.manage_conversations import NewConversation
from chat4all.services.directory.manage_users import NewIdentity
from chat4all.services.directory.merge_users import MergeUsers
from chat4all.services.inbound.take_inbound import inbound_message_id
from chat4all.services.messaging.conversation_cache import CONVERSATION_KEEP_S, KEEP_S
from chat4all.services.messaging.ports import MessageQuery
from tests.fakes.fate import Died
from tests.fakes.fingerprints import keyed
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.fakes.product import AGENT, ANA, BEN, Product, a_message

PAIR = conversation_of(AGENT, ANA, conversation_id="of-ana")
OTHER = conversation_of(AGENT, BEN, conversation_id="of-ben")


@pytest.fixture
def product() -> Product:
    product = Product()
    for user in (AGENT, ANA, BEN):
        product.directory.create(user)
    product.conversations.create(PAIR, ["ana"])
    product.conversations.create(OTHER, ["ben"])
    return product


def write(
    product: Product, address: str, name: str, text: str = "hello", quoted: str | None = None
) -> Message:
    """A person writes from the address, `<user>@<channel>`."""
    channel = address.partition("@")[2]
    event = InboundMessage(address, name, Text(text), NOW, quoted_provider_message_id=quoted)
    product.take(WebhookEvent(channel, "main", "webhook", event))
    product.route_submitted()
    return product.message(inbound_message_id(channel, "main", name))


def say(product: Product, conversation_id: str, message_id: str, **more: str) -> Message:
    product.accept(a_message(message_id=message_id, conversation_id=conversation_id, **more))  # type: ignore[arg-type]
    product.route_all()
    return product.message(message_id)


def reached(product: Product, message_id: str) -> list[tuple[str, str]]:
    return [
        (request.recipient.user_id, request.recipient.address)
        for request in product.events.requested
        if request.message_id == message_id
    ]


def shown(
    product: Product, conversation_id: str, order: HistoryOrder = HistoryOrder.ACCEPTED, limit: int = 3
) -> list[str]:
    """Return the ids of the whole history, page by page."""
    read = product.read.history_by_sent if order is HistoryOrder.SENT else product.read.history
    found: list[str] = []
    cursor = None
    while True:
        page = read(conversation_id, None, cursor, limit)
        found += [message.message_id for message in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def refused(product: Product, kept: str, merged: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        product.merges.merge(kept, merged, "key")


def test_the_kept_user_has_the_identities_and_the_merged_user_none(product: Product) -> None:
    kept = product.merges.merge("ana", "ben", "key")

    assert kept.identities == (*ANA.identities, *BEN.identities)
    assert kept.merged == ("ben",)
    gone = product.manage_users.get("ben")
    assert (gone.identities, gone.merged_into) == ((), "ana")
    assert product.manage_users.resolve("telex", "ben@telex").user_id == "ana"
    (entry,) = product.audit.entries.values()
    assert (entry.action, entry.subject, entry.actor) == ("user.merge", "user:ben", "key")
    assert entry.details == {"kept": "ana", "identities": f"telex:main:{told(keyed, 'ben@telex')}"}


def test_a_repeated_merge_changes_nothing(product: Product) -> None:
    assert product.merges.merge("ana", "ben", "key") == product.merges.merge("ana", "ben", "key")
    assert len(product.audit.entries) == 1


def test_who_cannot_be_merged(product: Product) -> None:
    product.directory.create(User(INBOX_USER_ID, UserType.CUSTOMER, "Inbox", (), {}, NOW))
    many = tuple(Identity("pigeon", "main", f"{number}@pigeon", NOW) for number in range(20))
    product.directory.create(replace(customer("many"), identities=many))
    refused(product, "ana", "ana", Invalid)
    refused(product, "ana", "agent", CannotMerge)
    refused(product, "agent", "ana", CannotMerge)
    refused(product, "ana", INBOX_USER_ID, CannotMerge)
    refused(product, "ana", "nobody", UserNotFound)
    refused(product, "ana", "many", TooManyIdentities)
    product.merges.merge("ana", "ben", "key")
    product.directory.create(customer("carla"))
    refused(product, "carla", "ben", UserMerged)
    refused(product, "ben", "carla", UserMerged)
    with pytest.raises(UserNotMerged):
        product.merges.unmerge("ana", "key")


def test_people_who_talk_with_each_other_are_not_merged(product: Product) -> None:
    talk = conversation_of(ANA, BEN, conversation_id="between")
    product.conversations.create(talk, ["ana", "ben"])
    refused(product, "ana", "ben", CannotMerge)
    product.manage_conversations.set_state("between", ConversationState.ARCHIVED)
    product.merges.merge("ana", "ben", "key")
    with pytest.raises(SamePerson):
        product.manage_conversations.set_state("between", ConversationState.ACTIVE)
    with pytest.raises(SamePerson):
        product.manage_conversations.create(NewConversation(ConversationType.ONE_TO_ONE, ("ana", "ben")))


def test_too_many_active_conversations_are_not_moved(product: Product) -> None:
    for number in range(20):
        other = agent(f"agent-{number}")
        product.conversations.create(conversation_of(other, BEN, conversation_id=f"{number}"), ["ben"])
    refused(product, "ana", "ben", CannotMerge)


def test_both_histories_are_one_in_the_order_of_acceptance(product: Product) -> None:
    ids = []
    for number in range(8):
        product.clock.advance(1)
        address = "ana@pigeon" if number % 2 else "ben@telex"
        ids.append(write(product, address, f"before-{number}").message_id)
    product.merges.merge("ana", "ben", "key")
    product.clock.advance(1)
    late = write(product, "ben@telex", "after")

    assert (late.conversation_id, late.sender_id) == ("of-ana", "ana")
    for order in HistoryOrder:
        assert sorted(shown(product, "of-ana", order)) == sorted([*ids, late.message_id])
    assert shown(product, "of-ana") == [late.message_id, *reversed(ids)]
    assert shown(product, "of-ben") == [*reversed(ids[::2])]


def test_a_page_from_before_the_merge_goes_on_after_it_and_after_its_undo(product: Product) -> None:
    ids = [write(product, "ana@pigeon", f"{number}").message_id for number in range(6)]
    product.read.history("of-ben", None, None, 1)
    first = product.read.history("of-ana", None, None, 2)
    product.merges.merge("ana", "ben", "key")
    second = product.read.history("of-ana", None, first.next_cursor, 2)
    product.merges.unmerge("ben", "key")
    third = product.read.history("of-ana", None, second.next_cursor, 2)
    pages = (*first.items, *second.items, *third.items)
    assert [message.message_id for message in pages] == ids[::-1]


def test_a_post_to_a_joined_conversation_names_the_other(product: Product) -> None:
    say(product, "of-ben", "first")
    product.merges.merge("ana", "ben", "key")
    product.clock.advance(CONVERSATION_KEEP_S)

    with pytest.raises(ConversationJoined, match="another") as raised:
        say(product, "of-ben", "second")
    assert raised.value.details[0].issue == "goes on in of-ana"
    with pytest.raises(ConversationJoined):
        product.manage_conversations.set_state("of-ben", ConversationState.ACTIVE)
    assert say(product, "of-ana", "third").status is not Status.FAILED
    again = product.accept(a_message(message_id="first", conversation_id="of-ben"))
    assert again.replayed


def test_what_was_accepted_before_the_merge_is_routed(product: Product) -> None:
    product.accept(a_message(message_id="ours", conversation_id="of-ben"))
    event = InboundMessage("ben@telex", "theirs", Text("hello"), NOW)
    product.take(WebhookEvent("telex", "main", "webhook", event))
    product.merges.merge("ana", "ben", "key")

    product.route_all()

    assert reached(product, "ours") == [("ben", "ben@telex")]
    assert product.message("ours").status is not Status.FAILED


def test_a_conversation_that_joins_no_other_goes_on_under_the_merged_id(product: Product) -> None:
    bob = agent("bob")
    product.directory.create(bob)
    product.conversations.create(conversation_of(bob, BEN, conversation_id="with-bob"), ["ben"])
    write(product, "ben@telex", "before")
    product.merges.merge("ana", "ben", "key")

    say(product, "with-bob", "ours", sender_id="bob")
    assert reached(product, "ours") == [("ben", "ben@telex")]

    answer = write(product, "ben@telex", "answer")
    assert answer.conversation_id == "with-bob"
    assert answer.sender_id == "ben"
    listed = product.list_conversations(ConversationQuery("ana"), None, 10).items
    assert {known.conversation_id for known in listed} == {"of-ana", "of-ben", "with-bob"}
    found = product.read.search(MessageQuery(sender_id="ana"), None, 10).items
    assert {message.message_id for message in found} >= {answer.message_id}


def test_a_quote_of_a_joined_conversation_lands_in_the_other(product: Product) -> None:
    theirs = write(product, "ben@telex", "before")
    product.merges.merge("ana", "ben", "key")

    answer = write(product, "ben@telex", "answer", quoted="before")

    assert (answer.conversation_id, answer.reply_to) == ("of-ana", theirs.message_id)
    assert say(product, "of-ana", "quoting", reply_to=theirs.message_id).status is not Status.FAILED


def test_a_group_with_both_sends_once_and_never_their_own_words(product: Product) -> None:
    carla = customer("carla", "pigeon")
    product.directory.create(carla)
    group = conversation_of(AGENT, ANA, BEN, carla, kind=ConversationType.GROUP, conversation_id="group")
    product.conversations.create(group, [])
    product.merges.merge("ana", "ben", "key")

    say(product, "group", "ours")
    assert reached(product, "ours") == [("ana", "ana@pigeon"), ("carla", "carla@pigeon")]
    say(product, "group", "theirs", sender_id="ben")
    assert [user_id for user_id, _ in reached(product, "theirs")] == ["carla"]


def test_an_opt_out_wins_and_comes_back_to_both(product: Product) -> None:
    def consent(state: ConsentState, at: str, channel: str = "telex") -> Consent:
        return Consent(channel, Purpose.MARKETING, state, at, ConsentSource.KEYWORD)

    product.record_consent(BEN, [consent(ConsentState.OPTED_OUT, "2026-01-01T00:00:00.000Z")], "key")
    product.record_consent(ANA, [consent(ConsentState.OPTED_IN, "2026-01-02T00:00:00.000Z")], "key")
    kept = product.merges.merge("ana", "ben", "key")
    assert [known.state for known in kept.consents] == [ConsentState.OPTED_OUT]

    stale = replace(BEN, consents=product.manage_users.get("ben").consents)
    stop = consent(ConsentState.OPTED_OUT, "2026-01-03T00:00:00.000Z", "pigeon")
    product.record_consent(stale, [stop], "key")  # read as ben's before the merge
    assert stop in product.manage_users.get("ana").consents

    ben = product.merges.unmerge("ben", "key")
    ana = product.manage_users.get("ana")
    assert {known.channel: known.state for known in ana.consents} == {
        "telex": ConsentState.OPTED_IN,
        "pigeon": ConsentState.OPTED_OUT,
    }
    assert {known.state for known in ben.consents} == {ConsentState.OPTED_OUT}
    assert consents_of_both((), ben.consents) == ben.consents


def test_an_unmerge_splits_everything_again(product: Product) -> None:
    before = write(product, "ben@telex", "before")
    product.merges.merge("ana", "ben", "key")
    during = write(product, "ben@telex", "during")
    ben = product.merges.unmerge("ben", "key")
    after = write(product, "ben@telex", "after")

    assert ben.identities == product.manage_users.get("ben").identities
    assert [known.place for known in ben.identities] == [known.place for known in BEN.identities]
    assert [known.place for known in product.manage_users.get("ana").identities] == [ANA.identities[0].place]
    assert (after.conversation_id, after.sender_id) == ("of-ben", "ben")
    assert shown(product, "of-ben") == [after.message_id, before.message_id]
    assert shown(product, "of-ana") == [during.message_id]
    assert product.conversation("of-ben").state is ConversationState.ACTIVE
    assert [entry.action for entry in product.audit.entries.values()] == ["user.merge", "user.unmerge"]


def test_an_identity_that_left_the_person_meanwhile_stays_away(product: Product) -> None:
    product.merges.merge("ana", "ben", "key")
    product.manage_users.unlink("ana", "telex", "ben@telex")
    assert product.merges.unmerge("ben", "key").identities == ()


def test_merges_of_merged_people_are_undone_from_the_last_on(product: Product) -> None:
    carla = customer("carla", "pigeon")
    product.directory.create(carla)
    product.conversations.create(conversation_of(AGENT, carla, conversation_id="of-carla"), ["carla"])
    theirs = write(product, "ben@telex", "before")
    product.merges.merge("ana", "ben", "key")
    kept = product.merges.merge("carla", "ana", "key")

    assert {*kept.merged} == {"ana", "ben"}
    assert theirs.message_id in shown(product, "of-carla")
    answer = write(product, "ben@telex", "answer", quoted="before")
    assert (answer.conversation_id, answer.sender_id) == ("of-carla", "carla")
    with pytest.raises(UserMerged):
        product.merges.unmerge("ben", "key")
    product.merges.unmerge("ana", "key")
    assert product.manage_users.resolve("telex", "ben@telex").user_id == "ana"
    product.merges.unmerge("ben", "key")
    assert product.manage_users.resolve("telex", "ben@telex").user_id == "ben"
    assert product.manage_users.get("carla").merged == ()


def test_linking_the_identity_of_a_person_who_just_wrote_offers_the_merge(product: Product) -> None:
    write(product, "stranger@pigeon", "first")
    stranger = product.manage_users.resolve("pigeon", "stranger@pigeon").user_id
    with pytest.raises(IdentityInUse) as raised:
        product.manage_users.link("ana", NewIdentity("pigeon", "stranger@pigeon"))
    assert raised.value.details[1].issue == f"POST /v1/users/ana/merge with the user_id {stranger}"
    product.merges.merge("ana", stranger, "key")
    with pytest.raises(UserMerged):
        product.manage_users.link(stranger, NewIdentity("pigeon", "new@pigeon"))


class Mortal:
    """A port whose process dies before or after its n-th call."""

    def __init__(self, port: object, number: int, *, after: bool) -> None:
        self._port, self._left, self._after = port, number, after

    def __getattr__(self, name: str) -> object:
        def call(*arguments: object) -> object:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Died
            answer = getattr(self._port, name)(*arguments)
            if self._left == 0:
                raise Died
            return answer

        return call


def test_a_merge_of_two_people_with_1000_messages_each_happens_whole_or_not(product: Product) -> None:
    for number in range(1_000):
        product.clock.advance(0.001)
        write(product, "ana@pigeon", f"{number}")
        write(product, "ben@telex", f"{number}")
    whole = [shown(product, conversation, limit=100) for conversation in ("of-ana", "of-ben")]
    assert [len(messages) for messages in whole] == [1_000, 1_000]

    people = product.merges._people
    for after in (False, True):
        for number in range(1, 8):
            directory = Mortal(product.directory, number, after=after)
            mortal = MergeUsers(
                directory,  # type: ignore[arg-type]
                Mortal(people, number, after=after),  # type: ignore[arg-type]
                product.clock,
                product.ids,
                keyed,
            )
            with suppress(Died):
                mortal.merge("ana", "ben", "key")
            merged = product.manage_users.get("ben").merged_into is not None
            both = shown(product, "of-ana", limit=100)
            assert sorted(both) == sorted(whole[0] + whole[1] if merged else whole[0])
            assert product.manage_users.resolve("telex", "ben@telex").user_id == ("ana" if merged else "ben")
            if merged:
                times = [product.message(message_id).accepted_at for message_id in both]
                assert times == sorted(times, reverse=True)
                product.merges.unmerge("ben", "key")
            assert [shown(product, name, limit=100) for name in ("of-ana", "of-ben")] == whole


def test_whoever_has_no_identity_left_is_not_reached(product: Product) -> None:
    product.merges.merge("ana", "ben", "key")
    product.manage_users.unlink("ana", "telex", "ben@telex")
    product.manage_users.unlink("ana", "pigeon", "ana@pigeon")
    with pytest.raises(NoIdentity):
        say(product, "of-ana", "ours")


def test_an_answer_goes_to_where_the_person_wrote_and_never_to_somebody_else_after_they_part(
    product: Product,
) -> None:
    """https://github.com/chatwoot/chatwoot/issues/15359: merged contacts got replies at stale addresses."""
    carl = customer("carl", "pigeon")
    product.directory.create(carl)
    bob = agent("bob")
    product.directory.create(bob)
    product.conversations.create(conversation_of(bob, carl, conversation_id="with-bob"), ["carl"])
    product.merges.merge("ana", "carl", "key")

    write(product, "carl@pigeon", "from the second number")
    say(product, "of-ana", "to-second")
    assert reached(product, "to-second") == [("ana", "carl@pigeon")]
    say(product, "with-bob", "to-former", sender_id="bob")
    assert reached(product, "to-former") == [("carl", "carl@pigeon")]
    write(product, "ana@pigeon", "from the first number")

    product.merges.unmerge("carl", "key")
    product.clock.advance(KEEP_S)
    say(product, "of-ana", "to-ana")
    assert reached(product, "to-ana") == [("ana", "ana@pigeon")]
    say(product, "with-bob", "to-carl", sender_id="bob")
    assert reached(product, "to-carl") == [("carl", "carl@pigeon")]


def test_a_batch_to_a_merged_customer_goes_to_the_conversation_of_the_person(product: Product) -> None:
    product.directory.create(agent("bob"))
    product.merges.merge("ana", "ben", "key")
    find = FindOneToOne(product.conversations, product.directory, product.clock)
    assert find.known("agent", "ben") == "of-ana"
    assert find.known("bob", "ben") is None

    begun = find.new("bob", "ben", product.ids())
    find.begin(begun, "ben")

    say(product, begun.conversation_id, "offer", sender_id="bob")
    assert reached(product, "offer") == [("ben", "ben@telex")]
    assert product.conversations.one_to_ones("ana", 10)[0] == begun.conversation_id
    product.merges.unmerge("ben", "key")
    assert begun.conversation_id in product.conversations.one_to_ones("ben", 10)
