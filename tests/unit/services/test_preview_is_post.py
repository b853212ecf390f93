"""The preview says what a POST would do, whatever the accounts, windows, consents and templates are."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.account import AccountState, ChannelAccount
from chat4all.domain.channel import Capabilities, KindRule
from chat4all.domain.clock import iso
from chat4all.domain.consent import Consent, ConsentSource, ConsentState
from chat4all.domain.content import Content, Media, Text
from chat4all.domain.decisions import Decision
from chat4all.domain.errors import NotPossible
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Template
from chat4all.domain.person import Identity, User, UserType
from chat4all.domain.plan import Choose, Step
from chat4all.domain.purpose import Purpose
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.preview_message import PreviewMessage
from tests.fakes.clock import BEGINNING
from tests.fakes.connector import ACCOUNT, CAPABILITIES, SECOND_ACCOUNT
from tests.fakes.people import NOW
from tests.fakes.product import AGENT, Product, a_message
from tests.fakes.templates import FakeCatalogue, account_template

CHANNELS: Final[Mapping[str, Capabilities]] = {
    **CAPABILITIES,
    "pigeon": replace(
        CAPABILITIES["pigeon"],
        kinds=kind_rules(KindRule("template")),
        window_h=24,
        kinds_outside_window=("template",),
        verified_for_files=True,
    ),
}
PLACES: Final = (("pigeon", ACCOUNT), ("pigeon", SECOND_ACCOUNT), ("telex", ACCOUNT))
WROTE: Final = (None, iso(BEGINNING - timedelta(hours=1)), iso(BEGINNING - timedelta(days=3)))
TEMPLATE: Final = Template("order_ready", "pt_BR", {"1": "Ana"})
Outcome = str | list[tuple[object, ...]]


class State(msgspec.Struct, frozen=True):
    accounts: tuple[AccountState, ...]
    wrote: tuple[str | None, ...]
    known: tuple[int, ...]
    """The places where the person is known, the best first."""
    opted_out: frozenset[tuple[str, Purpose]]
    template: str
    category: str
    verified: tuple[bool, ...] = (True, True, True)


STATES: Final = st.builds(
    State,
    accounts=st.tuples(*[st.sampled_from(AccountState)] * 3),
    wrote=st.tuples(*[st.sampled_from(WROTE)] * 3),
    known=st.permutations(range(3)).map(tuple),
    opted_out=st.frozensets(st.tuples(st.sampled_from(("pigeon", "telex")), st.sampled_from(Purpose))),
    template=st.sampled_from(("APPROVED", "PAUSED")),
    category=st.sampled_from(("UTILITY", "MARKETING")),
    verified=st.tuples(*[st.booleans()] * 3),
)
PICTURE: Final = Media(Attachment("file-1", "a.png", "image/png", 80), "look")
CONTENTS: Final = st.sampled_from((Text("hello"), TEMPLATE, PICTURE))
STEPS: Final = st.lists(
    st.builds(Step, st.sampled_from((None, "pigeon", "telex")), st.none() | CONTENTS), max_size=3
).map(lambda steps: (Step(steps[0].channel), *steps[1:]) if steps else ())


def product_in(state: State) -> Product:
    template = replace(account_template(status=state.template), category=state.category)
    product = Product(capabilities=CHANNELS, catalogue=FakeCatalogue(template))
    for channel in CHANNELS:
        there = zip(PLACES, state.accounts, strict=True)
        rows = {name: ChannelAccount(name, known) for (at, name), known in there if at == channel}
        product.accounts.save(channel, rows, 0)
    identities = [
        Identity(
            *PLACES[at],
            f"ana-{at}",
            NOW,
            wrote_at=state.wrote[at],
            verified_at=NOW if state.verified[at] else None,
        )
        for at in state.known
    ]
    consents = tuple(
        Consent(channel, purpose, ConsentState.OPTED_OUT, NOW, ConsentSource.CLIENT)
        for channel, purpose in sorted(state.opted_out)
    )
    ana = User("ana", UserType.CUSTOMER, "Ana", tuple(identities), {}, NOW, consents=consents)
    product.settle(AGENT, ana)
    return product


def of_post(state: State, new: NewMessage) -> Outcome:
    product = product_in(state)
    try:
        product.accept(product.fill_template(CHANNELS)(new))
    except NotPossible as refused:
        return refused.code
    (to,) = product.events.submitted[0].recipients
    routes = [(each.step, each.channel, each.account, None) for each in to.routes]
    return [*routes, *((each.step, each.channel, None, each.code) for each in to.skipped)]


def of_preview(state: State, new: NewMessage) -> Outcome:
    product = product_in(state)
    accept = product.accept
    preview = PreviewMessage(
        product.conversation_cache, product.messages, CHANNELS, accept.windows, accept.accounts
    )
    try:
        shown = preview(product.fill_template(CHANNELS)(new))
    except NotPossible as refused:
        return refused.code
    assert [each.decision for each in shown].count(Decision.TRIED) == 1
    return [(each.step, each.channel, each.account, each.code) for each in shown]


@given(STATES, CONTENTS, STEPS, st.sampled_from(Purpose), st.sampled_from(Choose))
def test_the_preview_is_what_a_post_does(
    state: State, content: Content, steps: tuple[Step, ...], purpose: Purpose, choose: Choose
) -> None:
    timeout_s = 300 if len(steps) > 1 else 0
    new = replace(
        a_message(steps=steps), content=content, purpose=purpose, choose=choose, delivery_timeout_s=timeout_s
    )

    assert of_preview(state, new) == of_post(state, new)


def in_state(*accounts: AccountState, wrote: tuple[str | None, ...] = WROTE[1:2] * 3) -> State:
    return State(accounts, wrote, (0, 1, 2), frozenset(), "APPROVED", "UTILITY")


ENABLED: Final = AccountState.ENABLED


def test_the_next_identity_on_the_channel_is_taken_if_our_account_of_the_first_is_not_enabled() -> None:
    second = [(0, "pigeon", SECOND_ACCOUNT, None)]

    for state in (AccountState.DISABLED, AccountState.REMOVED, AccountState.PROVED):
        assert of_post(in_state(state, ENABLED, ENABLED), a_message()) == second
        with_template = replace(a_message(), content=TEMPLATE)
        assert of_post(in_state(state, ENABLED, ENABLED), with_template) == second


def test_the_next_identity_on_the_channel_is_taken_if_the_window_of_the_first_is_closed() -> None:
    state = in_state(ENABLED, ENABLED, ENABLED, wrote=(WROTE[2], WROTE[1], None))

    assert of_post(state, a_message()) == [(0, "pigeon", SECOND_ACCOUNT, None)]


def test_another_channel_is_taken_only_if_the_sender_names_it() -> None:
    state = in_state(ENABLED, ENABLED, ENABLED, wrote=(None, None, None))

    assert of_post(state, a_message()) == "WINDOW_CLOSED"
    over = a_message(steps=(Step("pigeon"), Step("telex")))
    assert of_post(state, over) == [(1, "telex", ACCOUNT, None), (0, "pigeon", None, "WINDOW_CLOSED")]


def test_a_message_that_is_requested_again_goes_by_the_same_identity() -> None:
    product = product_in(in_state(ENABLED, ENABLED, ENABLED, wrote=(WROTE[2], WROTE[1], None)))
    product.accept(a_message())
    product.route_all()

    again = product.accept.event_again(product.message())

    assert [to.account for to in again.recipients] == [SECOND_ACCOUNT]
