"""Conversations in memory."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from chat4all.domain.conversation import Conversation, ConversationState, Origin, Participant
from chat4all.domain.desk import Desk, DeskStatus
from chat4all.domain.errors import ConversationJoined, SamePerson
from chat4all.domain.merging import desk_of_both
from chat4all.domain.pages import TimeCursor
from chat4all.domain.places import Places, place_key, writing


class MemoryConversations:
    def __init__(self) -> None:
        self._by_id: dict[str, Conversation] = {}
        self._customers: dict[str, tuple[str, ...]] = {}
        """The customers of each 1:1 conversation."""
        self._turns: dict[str, list[str]] = {}
        """The active 1:1 conversations of each customer; the conversation with the latest turn is last."""
        self._wrote: dict[str, dict[str, str]] = {}
        self._latest: dict[str, str] = {}
        self._versions: Counter[str] = Counter()
        self.lock = threading.RLock()
        self._read_up_to: dict[tuple[str, str], str] = {}
        self._holders: dict[str, str] = {}
        """The users into whom others were merged: they have the turns of both."""
        self.files: dict[str, set[str]] = {}
        """The files that were uploaded for each conversation."""
        self.desk_writes = 0
        self.reads = 0
        """The number of reads of a conversation, a list of conversations, or a person's places."""

    def read_up_to(self, conversation_id: str, user_id: str) -> str | None:
        with self.lock:
            return self._read_up_to.get((conversation_id, user_id))

    def record_read(self, conversation_id: str, user_id: str, sequence: str) -> None:
        with self.lock:
            place = conversation_id, user_id
            self._read_up_to[place] = max(sequence, self._read_up_to.get(place, ""))

    def record_file(self, conversation_id: str, file_id: str) -> None:
        with self.lock:
            self.files.setdefault(conversation_id, set()).add(file_id)

    def create(self, conversation: Conversation, customers: Collection[str]) -> None:
        with self.lock:
            if conversation.conversation_id not in self._by_id:
                self._check_two(customers)
                self._by_id[conversation.conversation_id] = conversation
                self._customers[conversation.conversation_id] = tuple(customers)
                self._put_last(conversation.conversation_id)

    def create_first(self, conversation: Conversation, customer: str, version: int) -> bool:
        with self.lock:
            if customer in self._holders or self._versions[customer] != version:
                return False
            self.create(conversation, (customer,))
            return True

    def get(self, conversation_id: str) -> Conversation | None:
        self.reads += 1
        conversation = self._by_id.get(conversation_id)
        if conversation is None:
            return None
        return replace(conversation, overtaken=self._is_overtaken(conversation_id))

    def get_many(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        found = (self._by_id.get(conversation_id) for conversation_id in dict.fromkeys(conversation_ids))
        return [conversation for conversation in found if conversation is not None]

    def give_turn(self, conversation_id: str) -> None:
        with self.lock:
            if self._by_id[conversation_id].state is ConversationState.ACTIVE and self._is_overtaken(
                conversation_id
            ):
                self._put_last(conversation_id)

    def places(self, user_id: str) -> Places:
        with self.lock:
            self.reads += 1
            one_to_one = next(reversed(self._turns.get(user_id, [])), None)
            wrote, latest = dict(self._wrote.get(user_id, {})), self._latest.get(user_id)
            return Places(one_to_one, wrote, self._versions[user_id], latest, self._holders.get(user_id))

    def record_origin(self, conversation_id: str, user_id: str, origin: Origin) -> None:
        with self.lock:
            conversation = self._by_id.get(conversation_id)
            writer = conversation.participant(user_id) if conversation else None
            if conversation is None or writer is None or writer.wrote_from == origin:
                return
            participants = tuple(
                replace(participant, wrote_from=origin) if participant is writer else participant
                for participant in conversation.participants
            )
            self._change(conversation, participants=participants)

    def record_writing(self, user_id: str, origin: Origin, conversation_id: str) -> None:
        with self.lock:
            self._wrote.setdefault(user_id, {})[place_key(origin)] = conversation_id
            self._latest[user_id] = writing(origin, conversation_id)

    def add_participant(self, conversation: Conversation, participant: Participant) -> bool:
        return self._change(conversation, participants=(*conversation.participants, participant))

    def place_participant(
        self, conversation_id: str, user_id: str, joined_at: str, joined_after: str
    ) -> None:
        with self.lock:
            conversation = self._by_id.get(conversation_id)
            joining = conversation.participant(user_id) if conversation else None
            if (
                conversation is None
                or joining is None
                or not joining.is_joining
                or joining.joined_at != joined_at
            ):
                return
            participants = tuple(
                replace(participant, joined_after=joined_after) if participant is joining else participant
                for participant in conversation.participants
            )
            self._change(conversation, participants=participants)

    def remove_participant(self, conversation: Conversation, user_id: str) -> bool:
        staying = tuple(
            participant for participant in conversation.participants if participant.user_id != user_id
        )
        assert len(staying) == len(conversation.participants) - 1, f"{user_id} is no participant"
        return self._change(conversation, participants=staying)

    def set_state(
        self, conversation: Conversation, state: ConversationState, desk: Desk | None = None
    ) -> bool:
        with self.lock:
            current = self._by_id.get(conversation.conversation_id)
            if desk is not None and (current is None or current.desk != conversation.desk):
                return False
            if current is not None and current.version == conversation.version:
                if current.joined_into is not None:
                    raise ConversationJoined("The conversation goes on in another conversation.")
                if state is ConversationState.ACTIVE:
                    self._check_two(self._customers[conversation.conversation_id])
            if not self._change(conversation, state=state):
                return False
            if desk is not None:
                changed = self._by_id[conversation.conversation_id]
                self._by_id[conversation.conversation_id] = changed.with_desk(desk)
            if state is ConversationState.ACTIVE:
                self._put_last(conversation.conversation_id)
            else:
                self._take_away(conversation.conversation_id)
            return True

    def hand_over(self, conversation_id: str, user_id: str, heir_id: str) -> None:
        with self.lock:
            conversation = self._by_id[conversation_id]
            member = conversation.participant(user_id)
            if member is None or conversation.has(heir_id):
                return
            heir = replace(member, user_id=heir_id)
            participants = tuple(heir if other is member else other for other in conversation.participants)
            self._change(conversation, participants=participants)
            customers = self._customers[conversation_id]
            self._customers[conversation_id] = tuple(
                heir_id if customer == user_id else customer for customer in customers
            )
            turns, inherited_turns = (self._turns.setdefault(name, []) for name in (user_id, heir_id))
            if conversation_id in turns:
                turns.remove(conversation_id)
                inherited_turns.insert(0, conversation_id)
            inherited = {
                place: told for place, told in self._wrote.get(user_id, {}).items() if told == conversation_id
            }
            self._wrote[heir_id] = {**inherited, **self._wrote.get(heir_id, {})}
            self._versions[user_id] += 1
            self._versions[heir_id] += 1

    def save(self, conversation: Conversation, desk: Desk) -> bool:
        with self.lock:
            known = self._by_id.get(conversation.conversation_id)
            if known is None or (known.desk, known.state) != (conversation.desk, conversation.state):
                return False
            self._by_id[conversation.conversation_id] = known.with_desk(desk)
            self.desk_writes += 1
            return True

    def by_activity(
        self, statuses: Collection[DeskStatus], after: TimeCursor | None, limit: int
    ) -> list[tuple[TimeCursor, str]]:
        found = (
            (conversation.active_at, conversation.conversation_id)
            for conversation in self._active()
            if conversation.desk.status in statuses
        )
        return newest_first(found, after, limit)

    def of_assignee(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        found = (
            (conversation.active_at, conversation.conversation_id)
            for conversation in self._active()
            if conversation.desk.assignee == user_id
        )
        return newest_first(found, after, limit)

    def idle(self, before: str, turn: int, limit: int) -> list[str]:
        found = [
            conversation.conversation_id
            for conversation in self._active()
            if conversation.desk.status is not DeskStatus.SNOOZED and conversation.active_at < before
        ]
        return found[:limit]

    def sleeping_until(self, at: str, limit: int) -> list[str]:
        found = [
            conversation.conversation_id
            for conversation in self._active()
            if (conversation.desk.snoozed_until or "~") <= at
        ]
        return found[:limit]

    def _active(self) -> list[Conversation]:
        known = self._by_id.values()
        return [conversation for conversation in known if conversation.state is ConversationState.ACTIVE]

    def of_user(self, user_id: str, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        self.reads += 1
        joined = (
            (participant.joined_at, conversation.conversation_id)
            for conversation in self._by_id.values()
            for participant in conversation.participants
            if participant.user_id == user_id
        )
        return newest_first(joined, after, limit)

    def one_to_ones(self, user_id: str, limit: int) -> list[str]:
        self.reads += 1
        return self.turns(self._holder(user_id))[:limit]

    def latest(self, after: TimeCursor | None, limit: int) -> list[tuple[TimeCursor, str]]:
        created = (
            (conversation.created_at, conversation.conversation_id) for conversation in self._by_id.values()
        )
        return newest_first(created, after, limit)

    def turns(self, user_id: str) -> list[str]:
        """Return the user's active 1:1 conversations, the latest turn first."""
        return self._turns.get(user_id, [])[::-1]

    def agents(self, conversation_ids: Iterable[str]) -> frozenset[str]:
        """Return the participants of 1:1 conversations who are no customers."""
        return frozenset(
            member.user_id
            for conversation_id in conversation_ids
            for member in self._by_id[conversation_id].participants
            if member.user_id not in self._customers[conversation_id]
        )

    def merge(self, kept_id: str, merged_id: str, joined: Mapping[str, str]) -> None:
        turns = self._turns.pop(merged_id, [])
        moved = [conversation_id for conversation_id in turns if conversation_id not in joined]
        self._turns[kept_id] = [*moved, *self._turns.get(kept_id, [])]
        wrote = {place: joined.get(told, told) for place, told in self._wrote.get(merged_id, {}).items()}
        self._wrote[kept_id] = {**wrote, **self._wrote.get(kept_id, {})}
        self._holders[merged_id] = kept_id
        self._versions.update((kept_id, merged_id))
        for conversation_id, into in joined.items():
            known = self._by_id[conversation_id]
            ids = (*self._by_id[into].joined, conversation_id, *known.joined)
            self._put(conversation_id, state=ConversationState.ARCHIVED, joined_into=into)
            self._put(into, joined=ids, desk=desk_of_both(self._by_id[into].desk, known.desk))

    def unmerge(self, kept_id: str, merged_id: str, moving: Collection[str], joined: Collection[str]) -> None:
        del self._holders[merged_id]
        staying = [other for other in self._turns.get(kept_id, []) if other not in moving]
        moved = [other for other in self._turns.get(kept_id, []) if other in moving]
        self._turns[kept_id] = staying
        self._turns[merged_id] = [*joined, *moved]
        self._versions.update((kept_id, merged_id))
        for conversation_id in joined:
            into, gone = self._by_id[conversation_id].joined_into, self._by_id[conversation_id].joined
            assert into is not None
            left = (other for other in self._by_id[into].joined if other not in (conversation_id, *gone))
            self._put(into, joined=tuple(left))
            self._put(conversation_id, state=ConversationState.ACTIVE, joined_into=None)

    def _put(self, conversation_id: str, **changes: object) -> None:
        known = self._by_id[conversation_id]
        self._by_id[conversation_id] = replace(known, version=known.version + 1, **changes)

    def _holder(self, user_id: str) -> str:
        while user_id in self._holders:
            user_id = self._holders[user_id]
        return user_id

    def _check_two(self, customers: Collection[str]) -> None:
        if len({self._holder(customer) for customer in customers}) < len(customers):
            raise SamePerson("The two participants are one person by now.")

    def _is_overtaken(self, conversation_id: str) -> bool:
        customers = map(self._holder, self._customers[conversation_id])
        return any(self._turns.get(customer, [])[-1:] != [conversation_id] for customer in customers)

    def _put_last(self, conversation_id: str) -> None:
        self._take_away(conversation_id)
        for customer in map(self._holder, self._customers[conversation_id]):
            self._turns.setdefault(customer, []).append(conversation_id)

    def _take_away(self, conversation_id: str) -> None:
        for customer in map(self._holder, self._customers[conversation_id]):
            others = (other for other in self._turns.get(customer, []) if other != conversation_id)
            self._turns[customer] = list(others)
            self._versions[customer] += 1

    def _change(
        self,
        read: Conversation,
        *,
        participants: tuple[Participant, ...] | None = None,
        state: ConversationState | None = None,
    ) -> bool:
        with self.lock:
            current = self._by_id.get(read.conversation_id)
            if current is None or current.version != read.version:
                return False
            self._by_id[read.conversation_id] = replace(
                current,
                participants=participants or current.participants,
                state=state or current.state,
                version=current.version + 1,
            )
            return True


def newest_first(
    entries: Iterable[tuple[str, str]], after: TimeCursor | None, limit: int
) -> list[tuple[TimeCursor, str]]:
    """Return the page of ids after `after`, newest first, each with its cursor."""
    assert limit > 0
    ordered = sorted(entries, reverse=True)
    past = [entry for entry in ordered if after is None or entry < (after.at, after.item_id)]
    return [(TimeCursor(at, item_id), item_id) for at, item_id in past[:limit]]
