"""Tell what each recipient would get of a message, without accepting it."""

from collections.abc import Iterator, Mapping

import msgspec

from chat4all.domain.channel import Capabilities, Treatment
from chat4all.domain.charges import charge_of
from chat4all.domain.content import Content
from chat4all.domain.decisions import Decision
from chat4all.domain.errors import FileNotPossible, KindNotPossible
from chat4all.domain.events import Recipient
from chat4all.domain.grouping import albums_in
from chat4all.domain.plan import Skipped
from chat4all.domain.plan_checks import checks_of
from chat4all.domain.planning import Unreached, Wanted, plan, require_all
from chat4all.domain.routing import parts_of
from chat4all.domain.treatments import treatment_of, unfit
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.messaging.accept_message import NewMessage, check_reply, require_own_place, wanted_of
from chat4all.services.messaging.check_windows import CheckWindows
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import Messages


class Rendering(msgspec.Struct, frozen=True):
    """What a recipient would get by a step of the plan.

    `code` and `reason` say why the step is skipped; else `reason` says why the content does not get there as
    its kind. `parts` are the provider messages, in their order; a skipped step has none. Only a step whose
    channel is known for the recipient has an `account`.
    """

    recipient_id: str
    step: int
    channel: str | None
    account: str | None
    decision: Decision
    treatment: Treatment
    code: str | None
    reason: str | None
    is_charged: bool
    parts: tuple[Content, ...]
    albums: tuple[tuple[int, ...], ...] = ()
    """The numbers of the parts that go out together, for each album."""


class PreviewMessage:
    def __init__(
        self,
        conversation_cache: ConversationCache,
        messages: Messages,
        capabilities: Mapping[str, Capabilities],
        windows: CheckWindows,
        accounts: EnabledAccounts,
    ) -> None:
        self._conversation_cache = conversation_cache
        self._messages = messages
        self._capabilities = capabilities
        self._windows = windows
        self._accounts = accounts

    def __call__(self, new: NewMessage) -> tuple[Rendering, ...]:
        """Return the renderings for each recipient: the step that is tried first, the next ones, the skipped.

        Raises:
            NotFound: no such conversation.
            Forbidden: the sender is not a participant.
            Conflict: the conversation is archived, or goes on in another conversation.
            NoIdentity: a recipient cannot be reached.
            TagNotPossible, WindowClosed, OptedOut, AccountDisabled: no step is possible for a recipient, and
                this is why the first is not.
            Invalid: `reply_to` names no message of the conversation.
        """
        snapshot = self._conversation_cache.fresh(new.conversation_id)
        require_own_place(snapshot)
        wanted = wanted_of(snapshot, new)
        # Nobody knows whether the person writes before a later time.
        asked = (self._windows.exact(new.tag),) if new.send_at is None else ()
        others = self._accounts.exact(), *asked
        planned = plan(
            snapshot,
            new.sender_id,
            wanted,
            capabilities=self._capabilities,
            checks=checks_of(new.purpose, new.tag, others, self._capabilities),
        )
        shown = (FileNotPossible, KindNotPossible)
        refused = tuple(one for one in planned.unreached if one.obstacle.error not in shown)
        require_all(msgspec.structs.replace(planned, unreached=refused), wanted)
        check_reply(new, snapshot.conversation, self._messages)
        if not wanted.is_shown:
            return ()
        renderings = [rendering for to in planned.recipients for rendering in self._of(to, wanted)]
        impossible = [rendering for to in planned.unreached for rendering in _skipped(to)]
        return (*renderings, *impossible)

    def _of(self, to: Recipient, wanted: Wanted) -> Iterator[Rendering]:
        yield from (self._rendering(on_route, wanted) for on_route in to.routes)
        yield from _skipped(to)

    def _rendering(self, to: Recipient, wanted: Wanted) -> Rendering:
        capabilities = self._capabilities[to.channel]
        content = wanted.content_of(wanted.steps[to.step])
        treatment = treatment_of(content, capabilities, to.address)
        parts = tuple(parts_of(content, capabilities, to.address))
        return Rendering(
            recipient_id=to.user_id,
            step=to.step,
            channel=to.channel,
            account=to.account,
            decision=Decision.NEXT if to.position else Decision.TRIED,
            treatment=treatment,
            code=None,
            reason=None if treatment is Treatment.FULL else unfit(content, capabilities, to.address),
            is_charged=charge_of(parts, capabilities.charging).is_charged,
            parts=parts,
            albums=tuple(map(tuple, albums_in(parts, capabilities, to.address))),
        )


def _skipped(to: Recipient | Unreached) -> Iterator[Rendering]:
    return (_of_skipped(to.user_id, skipped) for skipped in to.skipped)


def _of_skipped(user_id: str, skipped: Skipped) -> Rendering:
    return Rendering(
        recipient_id=user_id,
        step=skipped.step,
        channel=skipped.channel,
        account=None,
        decision=Decision.SKIPPED,
        treatment=Treatment.REJECTED,
        code=skipped.code,
        reason=skipped.reason,
        is_charged=False,
        parts=(),
    )
