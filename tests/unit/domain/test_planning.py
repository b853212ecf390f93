"""Planning: which steps are possible for whom, in which order, and why the others are skipped."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.domain.channel import Capabilities, Charging
from chat4all.domain.content import Content, Media, Text, Unsupported
from chat4all.domain.conversation import Conversation, ConversationType
from chat4all.domain.errors import FileNotPossible, KindNotPossible, NoIdentity, NotPossible
from chat4all.domain.events import Recipient, Route
from chat4all.domain.files.file import Attachment
from chat4all.domain.kinds import Button, Buttons, Location, Reaction
from chat4all.domain.person import User
from chat4all.domain.plan import Choose, Step
from chat4all.domain.plan_checks import fits
from chat4all.domain.planning import REPEATED, Check, Obstacle, Plan, Wanted, plan, require_all
from chat4all.domain.snapshot import Snapshot
from tests.fakes.connector import CAPABILITIES
from tests.fakes.people import agent, conversation_of, customer
from tests.fakes.product import over

AGENT = agent("agent")
ANA = customer("ana", "pigeon", "telex")
BEN = customer("ben", "telex")
PRICED = {
    name: replace(of_channel, charging=Charging.SEGMENTS if name == "telex" else Charging.MESSAGES)
    for name, of_channel in CAPABILITIES.items()
}


class Closed(NotPossible):
    """A window that is closed."""

    code = "CLOSED"


def group(*customers: User, primary: str | None = None) -> Conversation:
    return conversation_of(AGENT, *customers, kind=ConversationType.GROUP, primary_channel=primary)


def planned(
    wanted: Wanted,
    *customers: User,
    capabilities: Mapping[str, Capabilities] = CAPABILITIES,
    checks: Sequence[Check] = (fits(CAPABILITIES),),
    primary: str | None = None,
) -> Plan:
    return plan(
        Snapshot(group(*customers, primary=primary), {user.user_id: user for user in (AGENT, *customers)}),
        AGENT.user_id,
        wanted,
        capabilities=capabilities,
        checks=checks,
    )


def tried(recipient: Recipient) -> list[tuple[str, int]]:
    return [(on_route.channel, on_route.step) for on_route in recipient.routes]


def skipped(recipient: Recipient) -> list[tuple[int, str]]:
    return [(step.step, step.code) for step in recipient.skipped]


def test_of_several_channels_those_where_a_customer_is_known_are_tried_in_turn() -> None:
    first, second = planned(Wanted(Text("hi"), over("pigeon", "telex")), ANA, BEN).recipients

    assert (tried(first), first.skipped) == ([("pigeon", 0), ("telex", 1)], ())
    assert (tried(second), skipped(second)) == ([("telex", 1)], [(0, "NO_IDENTITY")])
    assert first.at(1) == Recipient("ana", "telex", "main", "ana@telex", 1, (), 1, step=1)


@pytest.mark.parametrize(("primary", "best"), [(None, "pigeon"), ("telex", "telex")])
def test_a_step_without_a_channel_stays_on_the_channel_of_the_step_before(
    primary: str | None, best: str
) -> None:
    steps = (
        Step(),
        Step(content=Text("once more")),
        Step("telex", Text("by telex")),
        Step(content=Text("!")),
    )

    (recipient,) = planned(Wanted(Text("hi"), steps), ANA, primary=primary).recipients

    assert tried(recipient) == [(best, 0), (best, 1), ("telex", 2), ("telex", 3)]


def test_a_step_that_says_the_same_on_the_same_channel_is_skipped() -> None:
    steps = (Step(), Step("pigeon"), Step("pigeon", Text("hi")), Step("telex"))

    (recipient,) = planned(Wanted(Text("hi"), steps), ANA).recipients

    assert tried(recipient) == [("pigeon", 0), ("telex", 3)]
    assert skipped(recipient) == [(1, REPEATED), (2, REPEATED)]


def test_a_step_whose_content_the_channel_rejects_is_skipped_with_the_limit() -> None:
    picture = Media(Attachment("file-1", "it", "image/png", 400))

    (recipient,) = planned(
        Wanted(picture, (Step("telex"), Step(content=Text("see our page")))), ANA
    ).recipients

    assert tried(recipient) == [("telex", 1)]
    (step,) = recipient.skipped
    assert (step.code, step.reason) == (
        "FILE_NOT_POSSIBLE",
        "telex takes image/png up to 100 bytes, not 400",
    )


@pytest.mark.parametrize(
    ("wanted", "error", "field", "issue"),
    [
        (
            Wanted(Text("hi"), over("pigeon")),
            NoIdentity,
            "conversation_id",
            "user ben has no identity on the channel pigeon",
        ),
        (
            Wanted(Reaction("👍", "👍"), (Step(),)),
            KindNotPossible,
            "content",
            "pigeon does not take the kind reaction",
        ),
        (
            Wanted(Media(Attachment("f", "it", "audio/ogg", 1)), over("telex")),
            FileNotPossible,
            "content.file_id",
            "telex does not take audio/ogg",
        ),
    ],
)
def test_without_a_possible_step_the_error_is_that_of_the_first_step(
    wanted: Wanted, error: type[NotPossible], field: str, issue: str
) -> None:
    with pytest.raises(error) as refused:
        require_all(planned(wanted, ANA, BEN), wanted)

    details = [(detail.field, detail.issue) for detail in refused.value.details]
    assert details[0] == (field, issue)
    assert len(set(details)) == len(details)


def test_every_check_is_asked_about_every_step() -> None:
    def check(user: User, route: Route, content: Content) -> Obstacle | None:
        is_closed = route.channel == "pigeon" and content == Text("hi")
        return Obstacle(Closed, f"pigeon is closed for {user.user_id}") if is_closed else None

    steps = (Step("pigeon"), Step(content=Text("a template")))
    wanted = Wanted(Text("hi"), steps)

    (recipient,) = planned(wanted, ANA, checks=(fits(CAPABILITIES), check)).recipients
    assert (tried(recipient), skipped(recipient)) == ([("pigeon", 1)], [(0, "CLOSED")])

    alone = Wanted(Text("hi"), over("pigeon"))
    with pytest.raises(Closed) as refused:
        require_all(planned(alone, ANA, checks=(check,)), alone)
    assert [detail.issue for detail in refused.value.details] == ["pigeon is closed for ana"]


@pytest.mark.parametrize(
    ("own", "other", "order"),
    [
        # The units of a text of 200 letters: ten messages on pigeon, two segments on telex.
        ("x" * 200, None, ["telex", "pigeon"]),
        ("x" * 20, None, ["pigeon", "telex"]),
        ("x" * 200, "y", ["pigeon", "telex"]),
    ],
)
def test_the_cheapest_has_the_fewest_units(own: str, other: str | None, order: list[str]) -> None:
    steps = (Step("telex"), Step("pigeon", Text(other) if other else None))
    wide = {**PRICED, "telex": replace(PRICED["telex"], text_length=1600)}

    wanted = Wanted(Text(own), steps, Choose.CHEAPEST)
    (recipient,) = planned(wanted, ANA, capabilities=wide).recipients
    (in_order,) = planned(replace(wanted, choose=Choose.IN_ORDER), ANA, capabilities=wide).recipients

    assert [on_route.channel for on_route in in_order.routes] == ["telex", "pigeon"]
    if own == "x" * 20:
        # A tie keeps the sender's order.
        assert [on_route.channel for on_route in recipient.routes] == ["telex", "pigeon"]
    else:
        assert [on_route.channel for on_route in recipient.routes] == order


def test_what_costs_nothing_is_cheaper_than_one_unit() -> None:
    free = {**PRICED, "pigeon": replace(PRICED["pigeon"], charging=Charging.FREE)}
    wanted = Wanted(Text("x" * 200), over("telex", "pigeon"), Choose.CHEAPEST)

    (recipient,) = planned(wanted, ANA, capabilities=free).recipients

    assert tried(recipient) == [("pigeon", 1), ("telex", 0)]


CONTENTS: st.SearchStrategy[Content | None] = st.sampled_from(
    [
        None,
        Text("short"),
        Text("long " * 50),
        Media(Attachment("f", "it", "image/png", 400)),
        Media(Attachment("f", "it", "audio/ogg", 4_000)),
        Buttons("Which?", (Button("1", "One"),)),
        Location(1.0, 2.0, text="there"),
        Reaction("👍", "👍"),
        Unsupported("poll", "?"),
    ]
)
STEPS = st.lists(
    st.builds(Step, st.sampled_from([None, "pigeon", "telex", "drum"]), CONTENTS), min_size=1, max_size=6
)
PEOPLE = st.lists(st.lists(st.sampled_from(["pigeon", "telex"]), unique=True), min_size=1, max_size=4)


@given(STEPS, CONTENTS.filter(lambda content: content is not None), PEOPLE, st.sampled_from(Choose))
def test_no_step_is_lost_tried_twice_or_tried_although_it_is_not_possible(
    steps: list[Step], own: Content, people: list[list[str]], choose: Choose
) -> None:
    customers = [customer(f"user-{number}", *channels) for number, channels in enumerate(people)]
    wanted = Wanted(own, tuple(steps), choose)
    check = fits(PRICED)

    found = planned(wanted, *customers, capabilities=PRICED, checks=(check,))

    assert found == planned(wanted, *customers, capabilities=PRICED, checks=(check,))
    reached = [recipient.user_id for recipient in found.recipients]
    left = [unreached.user_id for unreached in found.unreached]
    assert sorted(reached + left) == [user.user_id for user in customers]
    by_id = {user.user_id: user for user in customers}
    for recipient in found.recipients:
        routes = list(recipient.routes)
        numbers = [on_route.step for on_route in routes]
        assert sorted([*numbers, *(step.step for step in recipient.skipped)]) == list(range(len(steps)))
        if choose is Choose.IN_ORDER:
            assert numbers == sorted(numbers)
        for on_route in routes:
            user = by_id[recipient.user_id]
            route = Route(on_route.channel, on_route.account, on_route.address)
            assert on_route.channel in {identity.channel for identity in user.identities}
            assert check(user, route, wanted.content_of(steps[on_route.step])) is None
    for unreached in found.unreached:
        assert [step.step for step in unreached.skipped] == list(range(len(steps)))
        codes = [step.code for step in unreached.skipped]
        first = next((code for code in codes if code != "NO_IDENTITY"), "NO_IDENTITY")
        assert unreached.obstacle.error.code == first


@pytest.mark.parametrize(
    ("closed", "choose", "order", "codes"),
    [
        ({"telex"}, Choose.IN_ORDER, ["pigeon", "telex"], []),
        ({"pigeon"}, Choose.IN_ORDER, ["telex"], [(0, "CLOSED")]),
        ({"pigeon"}, Choose.CHEAPEST, ["telex", "pigeon"], []),
        ({"telex"}, Choose.CHEAPEST, ["pigeon"], [(1, "CLOSED")]),
    ],
)
def test_what_may_pass_skips_no_later_step(
    closed: set[str], choose: Choose, order: list[str], codes: list[tuple[int, str]]
) -> None:
    def check(_user: User, route: Route, _content: Content) -> Obstacle | None:
        return Obstacle(Closed, "closed", may_pass=True) if route.channel in closed else None

    free = {**PRICED, "telex": replace(PRICED["telex"], charging=Charging.FREE)}
    wanted = Wanted(Text("hi"), over("pigeon", "telex"), choose)

    (recipient,) = planned(wanted, ANA, capabilities=free, checks=(check,)).recipients

    assert ([on_route.channel for on_route in recipient.routes], skipped(recipient)) == (order, codes)


def test_where_every_step_may_pass_the_message_is_refused() -> None:
    def check(_user: User, route: Route, _content: Content) -> Obstacle | None:
        return Obstacle(Closed, f"{route.channel} is closed", may_pass=True)

    wanted = Wanted(Text("hi"), over("drum", "pigeon", "telex"))

    with pytest.raises(Closed) as refused:
        require_all(planned(wanted, ANA, checks=(check,)), wanted)

    assert [detail.issue for detail in refused.value.details] == ["pigeon is closed", "telex is closed"]
