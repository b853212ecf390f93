"""Check a template of a client against the account's template, and give it its readable text.

::

    known ── the account's template as it was known last: enough if it can be sent and is not too old
       │
    ask ── else the provider; if the provider does not answer, what is known serves all the same
       │
    fill ── the values are checked, and the text is made of the template's words

The case that breaks a naive order: a POST is repeated after its template was paused or changed. The message
was accepted, so the repeated POST finds it, with the text of then.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

import msgspec

from chat4all.domain.channel import Capabilities, ChannelAccounts
from chat4all.domain.clock import Clock, iso, parse_iso
from chat4all.domain.content import Content
from chat4all.domain.errors import (
    AccountDisabled,
    Detail,
    NotPossible,
    TemplateNotUsable,
    Unavailable,
    WindowClosed,
)
from chat4all.domain.events import Route
from chat4all.domain.kinds import Template
from chat4all.domain.message import Message
from chat4all.domain.person import User
from chat4all.domain.plan import Step, as_posted, step_as_posted, templates_of
from chat4all.domain.planning import Check, Obstacle, Wanted, plan
from chat4all.domain.purpose import Purpose
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.templates import (
    AccountTemplate,
    KnownTemplate,
    TemplateCategory,
    filled,
    require_usable,
)
from chat4all.services.accounts.enabled_accounts import EnabledAccounts
from chat4all.services.messaging.accept_message import NewMessage
from chat4all.services.messaging.connector import ChannelSecret
from chat4all.services.messaging.conversation_cache import ConversationCache
from chat4all.services.messaging.ports import KnownTemplates, Messages, Secrets
from chat4all.services.messaging.template_catalogue import Catalogues, TemplateCatalogue, named

KEEP: Final = timedelta(hours=1)
"""How long a template that can be sent is used without asking the provider."""
ASK_AGAIN_S: Final = 10.0
"""After a template that cannot be sent, the provider is asked again no sooner: it limits such calls. After no
answer, nothing is asked for so long: messages that are due at once would wait for the provider one by one.
"""
MOST_NAMES: Final = 20
"""Of templates that could be sent, in an error."""
_MOST_ASKED: Final = 1_000

Place = tuple[str, str]
"""A channel and an account of ours there."""
Fill = Callable[[Template, Sequence[Place], str], Template]
"""Fills the template of a field for the accounts over which it may go."""


class FillTemplate:
    def __init__(
        self,
        *,
        known: KnownTemplates,
        catalogue: Catalogues,
        secrets: Secrets,
        messages: Messages,
        conversation_cache: ConversationCache,
        capabilities: Mapping[str, Capabilities],
        accounts: ChannelAccounts,
        enabled: EnabledAccounts,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._known = known
        self._catalogue = catalogue
        self._secrets = secrets
        self._messages = messages
        self._conversation_cache = conversation_cache
        self._capabilities = capabilities
        self._accounts = accounts
        self._enabled = enabled
        self._clock = clock
        self._monotonic = monotonic
        self._asked: dict[tuple[str, ...], float] = {}

    def __call__(self, new: NewMessage) -> NewMessage:
        """Return the message with its template filled; any other message as it is, without a read.

        A template for marketing makes a message for marketing of it.

        Raises:
            NotFound: no such conversation.
            TemplateNotUsable: the account has no such template, or it cannot be sent now.
            TemplateMismatch: the values do not fit the template.
            Unavailable: the template is not known, and the provider does not answer.
        """
        if not templates_of(new.content, new.steps):
            return new
        try:
            content, steps = self._with_texts(new, self.filled)
        except (NotPossible, Unavailable):
            stored = self._messages.get(new.message_id)
            if stored is None or not _is_as_posted(stored, new):
                raise
            content, steps = stored.content, stored.steps
        return _purposed(new, content, steps)

    def again(self, new: NewMessage) -> tuple[NewMessage, Sequence[Check]]:
        """Return a message that waited with its templates as they are now, and a check that they can be sent.

        A template that cannot be sent any more keeps its words, and the check speaks against it. A template
        that is for marketing by now makes a message for marketing of it. Any other message costs no read.

        Raises:
            NotFound: no such conversation.
            Unavailable: a template is not known, and the provider does not answer.
        """
        if not templates_of(new.content, new.steps):
            return new, ()
        found: dict[tuple[Place, bytes], Template | NotPossible] = {}

        def now(template: Template, place: Place) -> Template | NotPossible:
            asked = place, msgspec.json.encode(template.as_posted)
            if asked not in found:
                try:
                    found[asked] = self._filled(template, *place)
                except NotPossible as refused:
                    found[asked] = refused
            return found[asked]

        def fill(template: Template, places: Sequence[Place], _field: str) -> Template:
            tried = (now(template, place) for place in dict.fromkeys(places))
            return next((each for each in tried if isinstance(each, Template)), template)

        def check(_user: User, route: Route, content: Content) -> Obstacle | None:
            if not isinstance(content, Template) or not self._capabilities[route.channel].has_templates:
                return None
            refused = now(content, (route.channel, route.account))
            return None if isinstance(refused, Template) else _obstacle(refused)

        content, steps = self._with_texts(new, fill)
        return _purposed(new, content, steps), (check,)

    def filled(self, template: Template, places: Sequence[Place] = (), field: str = "content") -> Template:
        """Return the template in `field` filled for the accounts, which all must have it.

        Without an account that has templates, it is a template of the first account that has some: its text
        goes out.
        """
        try:
            found = [self._filled(template, *place) for place in dict.fromkeys(places or [self._default()])]
        except NotPossible as refused:
            details = (_in_field(detail, field) for detail in refused.details)
            raise type(refused)(refused.message, *details) from None
        return found[0]

    def _with_texts(self, new: NewMessage, fill: Fill) -> tuple[Content, tuple[Step, ...]]:
        """Return the content and the steps of the message with their templates filled."""

        def with_text(content: Content, places: Sequence[Place], field: str) -> Content:
            return fill(content, places, field) if isinstance(content, Template) else content

        places = self._places(new)
        own = [place for number, place in places if number == 0 or new.steps[number].content is None]
        content = with_text(new.content, own, "content")
        steps = tuple(
            step
            if step.content is None
            else Step(
                step.channel,
                with_text(
                    step.content,
                    [place for at, place in places if at == number],
                    f"fallback[{number - 1}].content",
                ),
            )
            for number, step in enumerate(new.steps)
        )
        return content, steps

    def usable_templates(self, channel: str, account: str) -> tuple[str, ...]:
        """Return names of templates that could be sent from the account, as far as they are known."""
        catalogue = self._catalogue(channel)
        if catalogue is None:
            return ()
        owner = catalogue.owner(self._secret(channel, account))
        return tuple(self._known.usable(channel, owner, MOST_NAMES)) if owner else ()

    def advised(self, closed: WindowClosed) -> WindowClosed:
        """Return the refusal with the names of known templates that could be sent instead."""
        advice = []
        for channel, account in closed.places:
            with suppress(Unavailable, NotPossible):
                if names := self.usable_templates(channel, account):
                    advice.append(
                        Detail("content", f"templates that {channel} would take: {', '.join(names)}")
                    )
        return WindowClosed(closed.message, *closed.details, *advice, places=closed.places)

    def _places(self, new: NewMessage) -> list[tuple[int, Place]]:
        """Return the step and the account of each route to somebody over a channel with templates."""
        snapshot = self._conversation_cache.recent(new.conversation_id)
        planned = plan(
            snapshot.conversation,
            snapshot.users,
            new.sender_id,
            Wanted(new.content, new.steps or (Step(),)),
            capabilities=self._capabilities,
            checks=(),
            prefers=(self._enabled.exact(),),
        )
        routes = (route for recipient in planned.recipients for route in recipient.routes)
        return [
            (route.step, (route.channel, route.account))
            for route in routes
            if self._capabilities[route.channel].has_templates
            and not self._enabled.was_removed(route.channel, route.account)
        ]

    def _default(self) -> Place:
        for channel, capabilities in self._capabilities.items():
            if capabilities.has_templates:
                return channel, self._accounts[channel][0]
        raise TemplateNotUsable("No channel has templates.", Detail("content.name", "needs such a channel"))

    def _filled(self, template: Template, channel: str, account: str) -> Template:
        found = self._usable(template, channel, account)
        return filled(template, found, self._capabilities[channel])

    def _usable(self, template: Template, channel: str, account: str) -> AccountTemplate:
        catalogue = self._catalogue(channel)
        if catalogue is None:
            issue = f"the channel {channel} has no templates"
            raise TemplateNotUsable("The channel has no templates.", Detail("content.name", issue))
        secret = self._secret(channel, account)
        owner = catalogue.owner(secret)
        if not owner:
            issue = f"needs the field business_account_id in the secret of {channel}"
            raise TemplateNotUsable("The account's templates are not known.", Detail("content.name", issue))
        known = self._known.get(channel, owner, template.name, template.language)
        if known is not None and self._is_enough(known):
            return known.template
        asked = (channel, owner, template.name, template.language)
        if self._was_asked(asked):
            return require_usable(known.template if known else None, template, [])
        try:
            return self._read(catalogue, secret, channel, template)
        except Unavailable:
            if known is None:
                raise
            return require_usable(known.template, template, [])

    def _was_asked(self, asked: tuple[str, ...]) -> bool:
        return self._monotonic() - self._asked.get(asked, float("-inf")) < ASK_AGAIN_S

    def _is_enough(self, known: KnownTemplate) -> bool:
        return known.template.is_usable and parse_iso(known.as_of) > self._clock() - KEEP

    def _read(
        self, catalogue: TemplateCatalogue, secret: ChannelSecret, channel: str, template: Template
    ) -> AccountTemplate:
        """Read the template from the provider; raise TemplateNotUsable or Unavailable."""
        owner, at = catalogue.owner(secret), iso(self._clock())
        if self._was_asked((channel, owner)):
            raise Unavailable("The provider did not answer a moment ago.", retry_after=math.ceil(ASK_AGAIN_S))
        try:
            languages = {found.language: found for found in named(catalogue, secret, template.name)}
        except Unavailable:
            self._note_asked((channel, owner))
            raise
        found = languages.get(template.language)
        if found is None:
            self._known.remove(channel, owner, template.name, template.language)
        else:
            self._known.put(channel, owner, KnownTemplate(found, at))
        if found is None or not found.is_usable:
            self._note_asked((channel, owner, template.name, template.language))
        return require_usable(found, template, list(languages))

    def _note_asked(self, asked: tuple[str, ...]) -> None:
        if len(self._asked) >= _MOST_ASKED:
            self._asked.clear()
        self._asked[asked] = self._monotonic()

    def _secret(self, channel: str, account: str) -> ChannelSecret:
        """Return the account's credentials; raise Unavailable if it has none any more."""
        secret = self._secrets.of(channel, account)
        if isinstance(secret, SendError):
            if secret.outcome is Outcome.PERMANENT:
                raise AccountDisabled(secret.reason, Detail("conversation_id", f"{channel}: {account}"))
            raise Unavailable(secret.reason, retry_after=5)
        return secret


def _purposed(new: NewMessage, content: Content, steps: tuple[Step, ...]) -> NewMessage:
    """Return the message with its filled contents, for marketing if a template among them is."""
    categories = {template.category for template in templates_of(content, steps)}
    purpose = Purpose.MARKETING if TemplateCategory.MARKETING in categories else new.purpose
    return msgspec.structs.replace(new, content=content, steps=steps, purpose=purpose)


def _obstacle(refused: NotPossible) -> Obstacle:
    issues = [detail.issue for detail in refused.details]
    field = refused.details[0].field if refused.details else "content"
    return Obstacle(type(refused), "; ".join(issues) or refused.message, field, refused.message)


def _in_field(detail: Detail, field: str) -> Detail:
    """Return the detail of a template with `field` in the place of `content`."""
    if detail.field.partition(".")[0] != "content":
        return detail
    return Detail(f"{field}{detail.field.removeprefix('content')}", detail.issue)


def _is_as_posted(stored: Message, new: NewMessage) -> bool:
    """Return whether the stored message has the contents that are posted, whatever its templates were."""
    posted, before = tuple(map(step_as_posted, new.steps)), tuple(map(step_as_posted, stored.steps))
    return as_posted(stored.content) == as_posted(new.content) and before == posted
