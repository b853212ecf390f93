"""A fake provider: a test sets its answers, and it checks every request."""

import threading
from collections.abc import Mapping

import msgspec

from chat4all.channels.shared.kinds import kind_rules
from chat4all.domain.act_rules import Acts, DeleteRule, EditRule, ReadRule, TypingRule
from chat4all.domain.acts import Done, ProviderAct
from chat4all.domain.channel import (
    Capabilities,
    ChannelAccounts,
    LengthUnit,
    LimitScope,
    MediaRule,
    OtherFiles,
    RateLimit,
    Receipts,
    Transfer,
)
from chat4all.domain.consent import EVERYTHING
from chat4all.domain.consent_words import Words
from chat4all.domain.content import ProviderFile
from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.events import InboundEvent, ParsedWebhook
from chat4all.domain.files.file import MediaKind
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent, Submission
from chat4all.services.messaging.connector import (
    ChannelSecret,
    Fetching,
    Proof,
    WebhookAnswer,
    WebhookRequest,
)
from tests.fakes.small_stores import SECRET

# Invented channels, since the core must not know any channel by name.
PIGEON = Capabilities(
    channel="pigeon",
    kinds=kind_rules(),
    text_length=20,
    text_unit=LengthUnit.CHARACTERS,
    rate_limits=(RateLimit(LimitScope.ACCOUNT, interval_s=0.1, burst=10),),
    receipts=Receipts(delivered=True, read=True),
    window_h=None,
    media=(
        MediaRule(MediaKind.IMAGE, ("image/png",), 500, Transfer.LINK, caption_length=10),
        MediaRule(MediaKind.IMAGE, ("image/png",), 5000, Transfer.UPLOAD, caption_length=10),
        MediaRule(MediaKind.AUDIO, ("audio/ogg",), 500, Transfer.LINK),
    ),
    other_files=OtherFiles.LINK,
    addresses_by_account=True,
    acts=Acts(
        edit=EditRule(kinds=("text", "media", "buttons", "list")),
        delete=DeleteRule(),
        read=ReadRule(),
        typing=TypingRule(seconds=5),
    ),
)
TELEX = Capabilities(
    channel="telex",
    kinds=kind_rules(),
    text_length=30,
    text_unit=LengthUnit.BYTES,
    rate_limits=(),
    receipts=Receipts(delivered=False, read=False),
    window_h=None,
    media=(MediaRule(MediaKind.IMAGE, ("image/png",), 100, Transfer.LINK),),
    opt_out_words=Words.ALL,
    opts_out_of=EVERYTHING,
)
CAPABILITIES = {capabilities.channel: capabilities for capabilities in (PIGEON, TELEX)}
ACCOUNT = "main"
"""The first account of each channel."""
SECOND_ACCOUNT = "second"
ACCOUNTS: ChannelAccounts = dict.fromkeys(CAPABILITIES, (ACCOUNT, SECOND_ACCOUNT))


class FakeConnector:
    """A connector whose provider accepts every message, unless `answers` has the next answer."""

    def __init__(self, capabilities: Capabilities = PIGEON) -> None:
        self.capabilities = capabilities
        self.answered: dict[bytes, WebhookAnswer] = {}
        self.ignored: tuple[str, ...] = ()
        """The kinds of the parts of each webhook that lead to no event."""
        self.fault: Exception | None = None
        """What the parser raises, as a bug in it would."""
        self.answers: list[Sent | SendError] = []
        self.proofs: list[Proof | SendError] = []
        """The next answers to credentials; without one, the provider accepts them."""
        self.proved: list[ChannelSecret] = []
        self.token = SECRET.access_token
        """The token that the provider accepts."""
        self.asked: list[Submission] = []
        self.accepted: list[Submission] = []
        self.act_answers: list[Done | SendError] = []
        self.asked_acts: list[ProviderAct] = []
        self.acts: list[ProviderAct] = []
        """The acts that the provider carried out."""
        self._lock = threading.Lock()

    def canonical_address(self, address: str) -> str:
        if not address.strip():
            raise Invalid("The address is not valid.", Detail("address", "must not be empty"))
        return address.strip().lower()

    def send(self, submission: Submission, secret: ChannelSecret) -> Sent | SendError:
        limits = self.capabilities
        text = submission.content.text
        least = 0 if isinstance(submission.content, OutgoingMedia) else 1
        assert least <= limits.text_unit.measure(text) <= limits.text_length, text
        assert len(submission.delivery_id) <= 200
        with self._lock:
            self.asked.append(submission)
            answer = self.answers.pop(0) if self.answers else None
            if secret.access_token != self.token:
                answer = SendError(Outcome.CHANNEL_PAUSED, "190", "Our token is refused.")
            if isinstance(answer, SendError):
                return answer
            self.accepted.append(submission)
            return answer or Sent(f"{limits.channel}-{len(self.accepted)}")

    def prove(self, secret: ChannelSecret) -> Proof | SendError:
        self.proved.append(secret)
        return self.proofs.pop(0) if self.proofs else Proof(secret.account_id, "Ours", "GREEN")

    def act(self, act: ProviderAct, secret: ChannelSecret) -> Done | SendError:
        assert secret == SECRET
        with self._lock:
            self.asked_acts.append(act)
            answer = self.act_answers.pop(0) if self.act_answers else Done()
            if isinstance(answer, Done):
                self.acts.append(act)
            return answer

    def fetch(self, file: ProviderFile, secret: ChannelSecret) -> Fetching:
        return Fetching(iter((b"bytes of ", file.reference.encode())))

    def webhook_answer(self, body: bytes) -> WebhookAnswer | None:
        return self.answered.get(body)

    def verify(self, request: WebhookRequest, secret: ChannelSecret) -> bool:
        return request.headers.get("x-signature") == secret.webhook_secret

    def challenge(self, query: Mapping[str, str], secret: ChannelSecret) -> str | None:
        return query.get("challenge") if query.get("token") == secret.verify_token else None

    def parse_webhook(self, body: bytes, secret: ChannelSecret, query: str = "") -> ParsedWebhook:
        if self.fault is not None:
            raise self.fault
        try:
            events = tuple(msgspec.json.decode(body, type=list[InboundEvent]))
        except msgspec.DecodeError as error:
            raise Invalid("The webhook is not in the provider's form.") from error
        return ParsedWebhook(events, self.ignored)
