"""The exchange of kinds: the agent sends what is no text, and the customer taps, reacts and speaks.

Where the channel has templates, the agent also begins a conversation by one, with a person who never wrote.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from chat4all.channels.registry import manifest_of
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Media, Plain, Text
from chat4all.domain.files.file import Form
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Location,
    Reaction,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.routing import parts_of
from chat4all.domain.templates import ButtonOfTemplate, ButtonType, NewTemplate, TemplateCategory
from chat4all.domain.treatments import treatment_of
from chat4all.domain.wording import worded
from chat4all.entrypoints.http.message_views import MessageView
from chat4all.entrypoints.http.users import PostIdentity
from chat4all_local.api_client import ApiClient
from chat4all_local.demo.kinds.judging import KindsVerdict, Seen, judge_kinds
from chat4all_local.demo.stage import Stage
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord, TemplateChange
from chat4all_local.simulators.registry import manifest
from chat4all_local.traffic.participants import AGENT, BY_CHANNEL, Conversation
from chat4all_local.traffic.transcripts import is_taken
from chat4all_local.waiting import wait_until

PATIENCE_S: Final = 30.0
"""The time within which a message arrives at the other side."""
AT_ONCE: Final = 2
"""Customers whose kinds are exchanged concurrently. More would be no faster on two cores."""
NOW: Final = Button("now", "Now")
QUESTION: Final = Buttons("May we call you?", (NOW, Button("later", "Later")))
SHOP: Final = Location(48.2082, 16.3738, "Our shop", "Stephansplatz 1, Vienna")
HEART: Final = "❤"
COMING: Final = "coming"
ORDER_READY: Final = NewTemplate(
    name="order_ready",
    language="en",
    category=TemplateCategory.UTILITY,
    body="Hello {{1}}, your order is ready.",
    samples={"1": "Maria"},
    buttons=(ButtonOfTemplate(ButtonType.QUICK_REPLY, "I am coming"),),
)
_STRANGER: Final = "Ines"
ORDER: Final = Template(
    ORDER_READY.name,
    ORDER_READY.language,
    {"1": _STRANGER},
    buttons=(TemplateButton(0, TemplateButtonKind.QUICK_REPLY, COMING),),
)
_NUMBERS: Final = 10**8
_LATEST: Final = 10
"""The latest messages of a conversation, among which an answer is."""

T = TypeVar("T")


class _Sent(msgspec.Struct, frozen=True):
    """What the agent sent, and how the app shows it."""

    message_id: str
    treatment: Treatment
    how: str
    provider_message_id: str | None = None
    fault: str | None = None


class KindsExchange:
    def __init__(self, api: ApiClient, simulators: Mapping[str, Simulator], stage: Stage) -> None:
        self._api = api
        self._simulators = simulators
        self._stage = stage

    def perform(self) -> KindsVerdict:
        """Exchange every kind with each customer. Raises ApiError, ApiUnreachable."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kinds") as pool:
            return judge_kinds(
                dict(zip(self._simulators, pool.map(self._with, self._simulators), strict=True))
            )

    def _with(self, channel: str) -> dict[str, Seen]:
        seen = {}
        if manifest_of(channel).capabilities.has_templates:
            self._offer(channel)
            seen["template, and the answer"] = self._customer(self._stranger(channel)).asked_by_template()
        address = BY_CHANNEL[channel].address
        known = Conversation(self._stage.conversations[channel], self._stage.users[AGENT], channel, address)
        return {**seen, **dict(self._customer(known).exchanged())}

    def _customer(self, conversation: Conversation) -> "_Customer":
        return _Customer(self._api, self._simulators[conversation.channel], conversation)

    def _offer(self, channel: str) -> None:
        """Submit the template, which the provider approves."""
        self._api.create_template(channel, ORDER_READY)
        self._simulators[channel].change_template(TemplateChange(ORDER_READY.name, ORDER_READY.language))

    def _stranger(self, channel: str) -> Conversation:
        """Begin a conversation with a person who never wrote to us."""
        address = manifest_of(channel).address_form.format(secrets.randbelow(_NUMBERS))
        self._simulators[channel].register(address, _STRANGER, window_open=False)
        user = self._api.create_user("CUSTOMER", _STRANGER, [PostIdentity(channel, address)])
        agent = self._stage.users[AGENT]
        begun = self._api.create_conversation("1:1", [agent, user.user_id])
        return Conversation(begun.conversation_id, agent, channel, address)


class _Customer:
    """A customer, and the agent's conversation with them."""

    def __init__(self, api: ApiClient, simulator: Simulator, conversation: Conversation) -> None:
        self._api = api
        self._simulator = simulator
        self._conversation = conversation
        self._address = conversation.address
        self._capabilities = manifest_of(conversation.channel).capabilities

    def exchanged(self) -> Iterator[tuple[str, Seen]]:
        """Yield what was seen of each kind that the channel has."""
        yield "buttons, and the answer", self._asked()
        yield from self._place_and_reaction()
        voice_type = manifest(self._conversation.channel).voice_type
        if voice_type is not None:
            yield "voice note", self._voice(voice_type)

    def asked_by_template(self) -> Seen:
        """Send the template before the person wrote, and let them tap its button."""
        sent = self._send(ORDER)
        if sent.fault is not None:
            return Seen(sent.how, sent.fault)
        self._simulator.write(self._address, COMING, kind="tap", quoted=sent.provider_message_id)
        return Seen(sent.how, None if self._is_answered(COMING) else "the answer did not come back")

    def _asked(self) -> Seen:
        sent = self._send(QUESTION)
        if sent.fault is not None:
            return Seen(sent.how, sent.fault)
        if sent.treatment is Treatment.FULL:
            self._simulator.write(self._address, NOW.id, kind="tap", quoted=sent.provider_message_id)
        else:
            self._simulator.write(self._address, "1")
        return Seen(sent.how, None if self._is_answered(NOW.id) else "the answer did not come back")

    def _place_and_reaction(self) -> Iterator[tuple[str, Seen]]:
        sent = self._send(SHOP)
        yield "place", Seen(sent.how, sent.fault)
        if sent.fault is not None or self._treatment(Reaction(HEART)) is not Treatment.FULL:
            return
        self._simulator.write(self._address, HEART, kind="reaction", quoted=sent.provider_message_id)
        is_back = self._came_back(
            lambda message: isinstance(message.content, Reaction) and message.reply_to == sent.message_id
        )
        yield "reaction to the place", Seen(HEART, None if is_back else "did not come back")

    def _voice(self, content_type: str) -> Seen:
        written = self._simulator.write_media(self._address, "voice", content_type)
        wanted = written.media.sha256 if written.media is not None else None
        is_back = self._came_back(lambda message: self._is_voice(message, wanted))
        return Seen("received", None if is_back else "did not come back with its bytes")

    def _is_voice(self, message: MessageView, sha256: str | None) -> bool:
        """Return whether the message is a voice note that can be downloaded with these bytes."""
        if not isinstance(message.content, Media) or message.content.file.form is not Form.VOICE:
            return False
        file_id = message.content.file.file_id
        return self._api.file(file_id).status == "READY" and self._api.file_link(file_id).sha256 == sha256

    def _send(self, content: Plain) -> _Sent:
        """Send the content, wait for it at the provider, and compare it with what the manifest promises."""
        before = self._simulator.transcript().last
        accepted = self._api.send(self._conversation.conversation_id, self._conversation.agent_id, content)
        treatment = self._treatment(content)
        how = "shown" if treatment is Treatment.FULL else f"as {treatment.value.replace('_', ' ')}"
        sent = _Sent(accepted.message_id, treatment, how)
        (record,) = self._arrived(before) or (None,)
        if record is None:
            return replace(sent, fault="did not arrive")
        promised = parts_of(worded(content), self._capabilities, self._address)
        is_promised = (
            record.content is not None if treatment is Treatment.FULL else promised == [_text(record)]
        )
        fault = None if is_promised else f"arrived as {record.kind}"
        return replace(sent, provider_message_id=record.provider_message_id, fault=fault)

    def _arrived(self, after: int) -> Sequence[SendRecord]:
        """Return the only message that the customer gets next; () if it does not come in time."""

        def look() -> Sequence[SendRecord]:
            taken = filter(is_taken, self._simulator.transcript(after=after).requests)
            return [record for record in taken if record.address == self._address]

        return _in_time("a message arrives", look) or ()

    def _is_answered(self, payload: str) -> bool:
        """Return whether the tap on the button with this payload comes back in time."""
        return self._came_back(
            lambda message: message.context is not None and message.context.payload == payload
        )

    def _came_back(self, is_wanted: Callable[[MessageView], bool]) -> bool:
        """Return whether such a message of the customer comes into the conversation in time."""

        def look() -> bool:
            page = self._api.history_page(self._conversation.conversation_id, limit=_LATEST)
            agent = self._conversation.agent_id
            return any(is_wanted(message) for message in page.messages if message.sender_id != agent)

        return bool(_in_time("an answer comes back", look))

    def _treatment(self, content: Plain) -> Treatment:
        return treatment_of(content, self._capabilities, self._address)


def _text(record: SendRecord) -> Text:
    return Text(record.text or "")


def _in_time(what: str, look: Callable[[], T]) -> T | None:
    try:
        return wait_until(what, look, within_s=PATIENCE_S)
    except TimeoutError:
        return None
