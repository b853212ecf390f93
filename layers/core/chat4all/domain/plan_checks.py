"""What speaks against a content on a route to a person, apart from the window: see `domain.planning`."""

from collections.abc import Mapping, Sequence

from chat4all.domain.channel import Capabilities, Treatment
from chat4all.domain.consent import opted_out
from chat4all.domain.content import Album, Content, Media, attachments_of
from chat4all.domain.errors import (
    FileNotPossible,
    IdentityNotVerified,
    KindNotPossible,
    OptedOut,
    TagNotPossible,
)
from chat4all.domain.events import Route
from chat4all.domain.person import User
from chat4all.domain.planning import Check, Obstacle
from chat4all.domain.purpose import Purpose
from chat4all.domain.treatments import treatment_of, unfit, worst_of
from chat4all.domain.windows import Tag


def checks_of(
    purpose: Purpose, tag: Tag | None, others: Sequence[Check], capabilities: Mapping[str, Capabilities]
) -> tuple[Check, ...]:
    """Return the checks of a message, with `others` after those for which the user is enough."""
    return fits(capabilities), has_tag(tag, capabilities), is_wanted(purpose), may_have(capabilities), *others


def fits(capabilities: Mapping[str, Capabilities]) -> Check:
    """Return the check that a channel does not reject the content."""

    def check(_user: User, route: Route, content: Content) -> Obstacle | None:
        of_channel = capabilities[route.channel]
        if treatment_of(content, of_channel, route.address) is not Treatment.REJECTED:
            return None
        reason = f"{route.channel} {unfit(content, of_channel, route.address)}"
        if isinstance(content, Media | Album):
            worst = worst_of(content, of_channel, route.address) if isinstance(content, Album) else None
            field = "content.file_id" if worst is None else f"content.files[{worst}].file_id"
            message = "Not every channel can carry this file."
            return Obstacle(FileNotPossible, reason, field, message)
        return Obstacle(KindNotPossible, reason, message="Not every channel can carry this content.")

    return check


def has_tag(tag: Tag | None, capabilities: Mapping[str, Capabilities]) -> Check:
    """Return the check that a channel has the tag of the message, if it has one."""

    def check(user: User, route: Route, _content: Content) -> Obstacle | None:
        if tag is None or capabilities[route.channel].human_agent_h is not None:
            return None
        reason = f"{route.channel} of user {user.user_id} has no tag {tag}"
        return Obstacle(TagNotPossible, reason, "tag", "Not every recipient's channel has this tag.")

    return check


def may_have(capabilities: Mapping[str, Capabilities]) -> Check:
    """Return the check that a file goes to a verified identity, on channels where it must."""

    def check(user: User, route: Route, content: Content) -> Obstacle | None:
        if not attachments_of(content) or not capabilities[route.channel].verified_for_files:
            return None
        place = (route.channel, route.account, route.address)
        if any(known.place == place and known.verified_at is not None for known in user.identities):
            return None
        reason = f"{route.channel} takes files for verified identities only, and user {user.user_id} has none"
        return Obstacle(IdentityNotVerified, reason, message="Not every recipient may get files.")

    return check


def is_wanted(purpose: Purpose) -> Check:
    """Return the check that the person has not opted out of messages of the purpose on the channel."""

    def check(user: User, route: Route, _content: Content) -> Obstacle | None:
        consent = opted_out(user, route.channel, purpose)
        if consent is None:
            return None
        reason = (
            f"user {user.user_id} opted out of {consent.purpose.value} messages on {route.channel} "
            f"since {consent.at} (source: {consent.source.value})"
        )
        message = f"Not every recipient wants {purpose.value} messages."
        return Obstacle(OptedOut, reason, "conversation_id", message)

    return check
