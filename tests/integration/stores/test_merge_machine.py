"""Two people never hold one identity, whatever races and dies: random runs, compared with a model.

The use cases run over the adapters of the tables and over their fakes. A process may die before or after any
call, and another process may do something between any two calls.
"""

import uuid
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chat4all.adapters.dynamodb.conversations import DynamoConversations
from chat4all.adapters.dynamodb.directory import DynamoDirectory
from chat4all.adapters.dynamodb.people import DynamoPeople
from chat4all.domain.conversation import ConversationState
from chat4all.domain.errors import Conflict, Invalid, Unavailable
from chat4all.domain.person import Identity, Moved, User
from chat4all.services.directory.merge_users import MergeUsers
from chat4all.services.directory.ports import Conversations, Directory, People
from tests.fakes.audit import MemoryAudit
from tests.fakes.clock import FakeClock
from tests.fakes.conversations import MemoryConversations
from tests.fakes.directory import MemoryDirectory
from tests.fakes.fate import Died
from tests.fakes.fingerprints import keyed
from tests.fakes.merges import MemoryPeople
from tests.fakes.people import NOW, agent, conversation_of, customer
from tests.integration.aws import Aws

REFUSALS: Final = (Conflict, Invalid, Unavailable)
SPOTS: Final = st.integers(0, 7)
PERSONS: Final = st.integers(0, 4)


class Meddled:
    """A port at whose n-th call something else happens first, or the process dies before or after it."""

    def __init__(self, port: object, plan: "Plan") -> None:
        self._port = port
        self._plan = plan

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:  # noqa: ANN401 - of any port
            self._plan.before()
            answer = getattr(self._port, name)(*arguments)
            self._plan.after()
            return answer

        return call


class Plan:
    """What happens at the n-th call: another's act before it, or a death before or after it."""

    def __init__(self, number: int, act: Callable[[], object] | None, *, dies_after: bool) -> None:
        self._left = number
        self._act = act
        self._dies_after = dies_after

    def before(self) -> None:
        self._left -= 1
        if self._left == 0 and self._act is not None:
            act, self._act = self._act, None
            self._left = -1
            act()
        elif self._left == 0 and not self._dies_after:
            raise Died

    def after(self) -> None:
        if self._left == 0 and self._dies_after:
            raise Died


class Persons(RuleBasedStateMachine):
    """Five customers, eight addresses and two agents."""

    aws: Aws | None = None

    def __init__(self) -> None:
        super().__init__()
        self.run = str(uuid.uuid4())
        self.directory: Directory
        self.conversations: Conversations
        self.people: People
        if self.aws is None:
            memory, places = MemoryDirectory(), MemoryConversations()
            self.directory, self.conversations = memory, places
            self.people = MemoryPeople(memory, places, MemoryAudit())
        else:
            tables = [
                self.aws.output(f"Data.{name}Table") for name in ("Directory", "Conversations", "Audit")
            ]
            self.directory, self.conversations = DynamoDirectory(tables[0]), DynamoConversations(tables[1])
            self.people = DynamoPeople(*tables)
        self.ids = [f"{self.run}-{number}" for number in range(5)]
        self.begun: list[str] = []
        for user_id in self.ids:
            self.directory.create(customer(user_id))
        self.agents = [agent(f"{self.run}-agent-{number}") for number in range(2)]

    def user(self, number: int) -> User:
        found = self.directory.get(self.ids[number])
        assert found is not None
        return found

    def identity(self, spot: int) -> Identity:
        return Identity("pigeon", "main", f"{self.run}@{spot}", NOW)

    def merges(self, plan: Plan | None = None) -> MergeUsers:
        plan = plan or Plan(0, None, dies_after=False)
        directory, people = Meddled(self.directory, plan), Meddled(self.people, plan)
        return MergeUsers(directory, people, FakeClock(), lambda: str(uuid.uuid4()), keyed)

    def attempt(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except REFUSALS:
            return False
        return True

    @rule(number=PERSONS, spot=SPOTS)
    def link(self, number: int, spot: int) -> None:
        self.attempt(lambda: self.directory.link(self.ids[number], self.identity(spot)))

    @rule(number=PERSONS)
    def unlink(self, number: int) -> None:
        user = self.user(number)
        if user.identities:
            self.attempt(lambda: self.directory.unlink(user, user.identities[0]))

    @rule(number=PERSONS, spot=SPOTS)
    def move(self, number: int, spot: int) -> None:
        user, present = self.user(number), self.identity(spot)
        if user.identities and user.identities[0].place != present.place:
            moved = Moved(present.address, NOW)
            self.attempt(lambda: self.directory.move(user, user.identities[0], present, moved, 2**31))

    @rule(number=PERSONS, other=PERSONS, spot=SPOTS)
    def take(self, number: int, other: int, spot: int) -> None:
        """Take an identity from its owner, as a message does that names two addresses of one chat."""
        taken = self.directory.link(self.ids[number], self.identity(spot)) if self.is_own(number) else None
        owner = self.directory.get(taken.user_id) if taken is not None else None
        if owner is not None:
            known = next(known for known in owner.identities if known.place == self.identity(spot).place)
            self.attempt(lambda: self.merges().merge(self.ids[other], owner.user_id, "key"))
            self.attempt(lambda: self.directory.unlink(owner, known))
            self.attempt(lambda: self.directory.link(self.ids[number], self.identity(spot)))

    def is_own(self, number: int) -> bool:
        return self.user(number).merged_into is None

    @rule(number=PERSONS, agent_number=st.integers(0, 1))
    def begin(self, number: int, agent_number: int) -> None:
        user, by = self.user(number), self.agents[agent_number]
        conversation = conversation_of(by, user, conversation_id=str(uuid.uuid4()))
        self.conversations.create(conversation, [user.user_id])
        self.begun.append(conversation.conversation_id)

    @rule(one=PERSONS, two=PERSONS)
    def begin_between(self, one: int, two: int) -> None:
        if one != two:
            pair = (self.user(one), self.user(two))
            conversation = conversation_of(*pair, conversation_id=str(uuid.uuid4()))
            ids = [user.user_id for user in pair]
            if self.attempt(lambda: self.conversations.create(conversation, ids)):
                self.begun.append(conversation.conversation_id)

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), state=st.sampled_from(list(ConversationState)))
    def archive_or_reactivate(self, data: st.DataObject, state: ConversationState) -> None:
        conversation = self.conversations.get(data.draw(st.sampled_from(self.begun)))
        assert conversation is not None
        if conversation.state is not state:
            self.attempt(lambda: self.conversations.set_state(conversation, state))

    @precondition(lambda self: self.begun)
    @rule(data=st.data())
    def speak(self, data: st.DataObject) -> None:
        self.attempt(lambda: self.conversations.give_turn(data.draw(st.sampled_from(self.begun))))

    @rule(kept=PERSONS, merged=PERSONS)
    def merge(self, kept: int, merged: int) -> None:
        one, other = self.user(kept), self.user(merged)
        is_possible = kept != merged and one.merged_into is None and other.merged_into is None
        is_possible &= not self.talk_together(one, other)
        is_done = other.merged_into == one.user_id

        succeeded = self.attempt(lambda: self.merges().merge(one.user_id, other.user_id, "key"))

        assert succeeded == (is_possible or is_done)
        if succeeded and not is_done:
            now = self.user(kept)
            assert {*now.identities} == {*one.identities, *other.identities}
            assert self.user(merged).merged_into == one.user_id

    def talk_together(self, one: User, other: User) -> bool:
        turns = self.conversations.get_many(self.conversations.one_to_ones(one.user_id, 100))
        return any(conversation.has(user_id) for conversation in turns for user_id in other.ids)

    @rule(merged=PERSONS)
    def unmerge(self, merged: int) -> None:
        before = self.user(merged)
        holder = self.directory.get(before.merged_into) if before.merged_into is not None else None
        succeeded = self.attempt(lambda: self.merges().unmerge(before.user_id, "key"))
        assert succeeded == (holder is not None and holder.merged_into is None)
        if succeeded:
            assert before.merge is not None
            kept = {identity.place for identity in self.user(merged).identities}
            assert kept <= {identity.place for identity in before.merge.identities}

    @rule(kept=PERSONS, merged=PERSONS, number=st.integers(1, 6), after=st.booleans())
    def die_while_merging(self, kept: int, merged: int, number: int, *, after: bool) -> None:
        before = self.user(kept), self.user(merged)
        plan = Plan(number, None, dies_after=after)
        try:
            self.attempt(lambda: self.merges(plan).merge(self.ids[kept], self.ids[merged], "key"))
        except Died:
            now = self.user(kept), self.user(merged)
            assert now == before or now[1].merged_into == self.ids[kept]

    @rule(merged=PERSONS, number=st.integers(1, 4), after=st.booleans())
    def die_while_unmerging(self, merged: int, number: int, *, after: bool) -> None:
        before = self.user(merged)
        plan = Plan(number, None, dies_after=after)
        try:
            self.attempt(lambda: self.merges(plan).unmerge(self.ids[merged], "key"))
        except Died:
            assert self.user(merged) == before or self.is_own(merged)

    @rule(data=st.data(), kept=PERSONS, merged=PERSONS, number=st.integers(1, 4))
    def race(self, data: st.DataObject, kept: int, merged: int, number: int) -> None:
        """Another process acts between two calls of a merge, or of its undo."""
        one, other, spot = data.draw(PERSONS), data.draw(PERSONS), data.draw(SPOTS)
        rivals: list[Callable[[], object]] = [
            lambda: self.link(one, spot),
            lambda: self.unlink(one),
            lambda: self.move(one, spot),
            lambda: self.begin(one, 0),
            lambda: self.attempt(lambda: self.merges().merge(self.ids[one], self.ids[other], "key")),
            lambda: self.attempt(lambda: self.merges().unmerge(self.ids[one], "key")),
        ]
        plan = Plan(number, data.draw(st.sampled_from(rivals)), dies_after=False)
        merges = self.merges(plan)
        if data.draw(st.booleans()):
            self.attempt(lambda: merges.merge(self.ids[kept], self.ids[merged], "key"))
        else:
            self.attempt(lambda: merges.unmerge(self.ids[merged], "key"))

    @invariant()
    def each_identity_has_one_owner(self) -> None:
        owners = {
            identity.place: user.user_id for user in map(self.user, range(5)) for identity in user.identities
        }
        held = [identity for user in map(self.user, range(5)) for identity in user.identities]
        assert len(held) == len(owners)
        for spot in range(8):
            identity = self.identity(spot)
            assert self.directory.resolve(*identity.place) == owners.get(identity.place)

    @invariant()
    def merged_users_are_known_by_their_holder(self) -> None:
        users = {user.user_id: user for user in map(self.user, range(5))}
        for user in users.values():
            below = [other for other in users.values() if other.merged_into == user.user_id]
            expected = {user_id for other in below for user_id in other.ids}
            assert {*user.merged} == expected
            assert not (user.merged_into and user.identities)

    @invariant()
    def the_turns_are_with_the_holders(self) -> None:
        found = self.conversations.get_many(self.begun)
        for user in map(self.user, range(5)):
            turns = self.conversations.one_to_ones(user.user_id, 100)
            places = self.conversations.places(user.user_id)
            assert places.merged_into == user.merged_into
            if user.merged_into is None:
                active = {
                    conversation.conversation_id
                    for conversation in found
                    if conversation.state is ConversationState.ACTIVE
                    and any(conversation.has(user_id) for user_id in user.ids)
                }
                assert {*turns} == active
                assert places.one_to_one == (turns[0] if turns else None)

    @invariant()
    def joined_conversations_name_each_other(self) -> None:
        found = {known.conversation_id: known for known in self.conversations.get_many(self.begun)}
        for conversation_id, conversation in found.items():
            below = [other for other in found.values() if other.joined_into == conversation_id]
            ids = {known for other in below for known in (other.conversation_id, *other.joined)}
            assert {*conversation.joined} == ids
            assert conversation.joined_into is None or conversation.state is ConversationState.ARCHIVED


@pytest.mark.parametrize("over", ["memory", "dynamodb"])
def test_an_identity_never_belongs_to_two_people(over: str, aws: Aws) -> None:
    run_state_machine_as_test(
        type("PersonsOverIt", (Persons,), {"aws": aws if over == "dynamodb" else None}),
        settings=settings(
            max_examples=3 if over == "dynamodb" else 150,
            phases=(Phase.explicit, Phase.generate),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("over", ["memory", "dynamodb"])
def test_the_latest_of_the_conversations_that_two_merges_move_is_the_active_one(over: str, aws: Aws) -> None:
    persons = type("PersonsOverIt", (Persons,), {"aws": aws if over == "dynamodb" else None})()
    persons.begin(1, 0)
    persons.begin(2, 0)
    persons.begin(2, 1)

    persons.merge(0, 1)
    persons.merge(0, 2)

    persons.the_turns_are_with_the_holders()
