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

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
from chat4all.domain.sending import Outcome, SendError
from chat4all.domain.snapshot import Snapshot
from chat4all.domain.templates import (
    AccountTemplate,
    KnownTemplate,
    filled,
    purpose_with,
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
"""After a template that cannot be sent, the provider is asked again no sooner: it limits such calls."""
SILENT_S: Final = 5.0
"""After no answer, nothing is asked of the owner's templates so long: each request waits for its timeout."""
MOST_NAMES: Final = 20
"""Of templates that could be sent, in an error."""
_MOST_ASKED: Final = 1_000
"""Templates that are kept in memory, those that were asked for and those that were read."""

Place = tuple[str, str]
"""A channel and an account of ours there."""
_Key = tuple[str, str, str, str]
"""A channel, the owner of the templates there, a name and a language."""
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
        remembered_s: float = 0.0,
    ) -> None:
        """Set what the use case needs.

        `remembered_s` is how long a template that was read serves in memory, where many messages have it.
        """
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
        self._remembered_s = remembered_s
        self._remembered: dict[_Key, tuple[float, KnownTemplate | None]] = {}
        self._asked: dict[tuple[str, ...], float] = {}
        self._asking = threading.Lock()

    def __call__(self, new: NewMessage, snapshot: Snapshot | None = None) -> NewMessage:
        """Return the message with its template filled; any other message as it is, without a read.

        A template for marketing makes a message for marketing of it. `snapshot` is the conversation, if it
        was read already, or is not stored yet.

        Raises:
            NotFound: no such conversation.
            TemplateNotUsable: the account has no such template, or it cannot be sent now.
            TemplateMismatch: the values do not fit the template.
            Unavailable: the template is not known, and the provider does not answer.
        """
        if not templates_of(new.content, new.steps):
            return new
        try:
            content, steps = self._with_texts(new, self.filled, snapshot)
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

        content, steps = self._with_texts(new, fill, None)
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

    def somewhere(self, template: Template) -> Template:
        """Return the template filled for the first account that has it and takes its values.

        Raises:
            TemplateNotUsable, TemplateMismatch: what is wrong with it at the first account.
            Unavailable: no account is known to have it, and a provider does not answer.
        """
        refusals: list[NotPossible | Unavailable] = []
        for place in self._places_of_owners():
            try:
                return self._filled(template, *place)
            except (NotPossible, Unavailable) as refused:
                refusals.append(refused)
        raise next((refused for refused in refusals if isinstance(refused, Unavailable)), refusals[0])

    def _places_of_owners(self) -> Iterator[Place]:
        """Yield the default place, then an account of each other owner of templates on its channel."""
        channel, account = self._default()
        yield channel, account
        catalogue = self._catalogue(channel)
        if catalogue is None:
            return
        secrets = self._secrets.every(channel)
        owners = {catalogue.owner(secrets[account])} if account in secrets else set()
        for other, secret in secrets.items():
            owner = catalogue.owner(secret)
            if owner and owner not in owners:
                owners.add(owner)
                yield channel, other

    def _with_texts(
        self, new: NewMessage, fill: Fill, snapshot: Snapshot | None
    ) -> tuple[Content, tuple[Step, ...]]:
        """Return the content and the steps of the message with their templates filled."""

        def with_text(content: Content, places: Sequence[Place], field: str) -> Content:
            return fill(content, places, field) if isinstance(content, Template) else content

        places = self._places(new, snapshot or self._conversation_cache.recent(new.conversation_id))
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

    @contextmanager
    def advising(self) -> Iterator[None]:
        """Add the names of known templates that could be sent instead to a WindowClosed."""
        try:
            yield
        except WindowClosed as closed:
            raise self._advised(closed) from None

    def _advised(self, closed: WindowClosed) -> WindowClosed:
        advice = []
        for channel, account in closed.places:
            with suppress(Unavailable, NotPossible):
                if names := self.usable_templates(channel, account):
                    advice.append(
                        Detail("content", f"templates that {channel} would take: {', '.join(names)}")
                    )
        return WindowClosed(closed.message, *closed.details, *advice, places=closed.places)

    def _places(self, new: NewMessage, snapshot: Snapshot) -> list[tuple[int, Place]]:
        """Return the step and the account of each route to somebody over a channel with templates."""
        planned = plan(
            snapshot,
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
        found = self.usable(template, channel, account)
        return filled(template, found, self._capabilities[channel])

    def usable(self, template: Template, channel: str, account: str) -> AccountTemplate:
        """Return the account's template of this name and language, which can be sent.

        Raises:
            TemplateNotUsable: the account has no such template, or it cannot be sent now.
            AccountDisabled: the account was removed.
            Unavailable: the template is not known, and the provider does not answer.
        """
        catalogue = self._catalogue(channel)
        if catalogue is None:
            issue = f"the channel {channel} has no templates"
            raise TemplateNotUsable("The channel has no templates.", Detail("content.name", issue))
        secret = self._secret(channel, account)
        owner = catalogue.owner(secret)
        if not owner:
            issue = f"needs the field business_account_id in the secret of {channel}"
            raise TemplateNotUsable("The account's templates are not known.", Detail("content.name", issue))
        key = (channel, owner, template.name, template.language)
        known = self._recalled(key)
        if known is not None and self._is_enough(known):
            return known.template
        with self._asking:
            # Of several threads, one asks, and the others know then.
            return self._asked_for(key, catalogue, secret, template)

    def _asked_for(
        self, key: _Key, catalogue: TemplateCatalogue, secret: ChannelSecret, template: Template
    ) -> AccountTemplate:
        """Return the template, which the provider is asked for if that is needed and was not done lately."""
        known, owner = self._recalled(key), key[:2]
        if known is not None and self._is_enough(known):
            return known.template
        if not self._was_asked(key) and not self._was_asked(owner):
            try:
                return self._read(key, catalogue, secret, template)
            except Unavailable:
                self._note_asked(owner, SILENT_S)
        if known is None and self._was_asked(owner):
            raise Unavailable("The provider of the templates does not answer.", retry_after=int(SILENT_S))
        return require_usable(known.template if known else None, template, [])

    def _recalled(self, key: _Key) -> KnownTemplate | None:
        """Return what is known of the template, from memory if it was read a moment ago."""
        at, known = self._remembered.get(key, (float("-inf"), None))
        if self._monotonic() - at >= self._remembered_s:
            known = self._known.get(*key)
            if self._remembered_s:
                if len(self._remembered) >= _MOST_ASKED:
                    self._remembered.clear()
                self._remembered[key] = (self._monotonic(), known)
        return known

    def _was_asked(self, asked: tuple[str, ...]) -> bool:
        return self._monotonic() < self._asked.get(asked, float("-inf"))

    def _is_enough(self, known: KnownTemplate) -> bool:
        return known.template.is_usable and parse_iso(known.as_of) > self._clock() - KEEP

    def _read(
        self, key: _Key, catalogue: TemplateCatalogue, secret: ChannelSecret, template: Template
    ) -> AccountTemplate:
        """Read the template from the provider; raise TemplateNotUsable or Unavailable."""
        channel, owner, *_ = key
        at = iso(self._clock())
        languages = {found.language: found for found in named(catalogue, secret, template.name)}
        found = languages.get(template.language)
        if found is None:
            self._known.remove(*key)
        else:
            self._known.put(channel, owner, KnownTemplate(found, at))
        self._remembered.pop(key, None)
        if found is None or not found.is_usable:
            self._note_asked(key, ASK_AGAIN_S)
        return require_usable(found, template, list(languages))

    def _note_asked(self, asked: tuple[str, ...], for_s: float) -> None:
        if len(self._asked) >= _MOST_ASKED:
            self._asked.clear()
        self._asked[asked] = self._monotonic() + for_s

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
    purpose = purpose_with(templates_of(content, steps), new.purpose)
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
