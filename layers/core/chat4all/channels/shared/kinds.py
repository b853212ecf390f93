"""Rules for the plain kinds, as a channel's manifest states them."""

from typing import Final

from chat4all.domain.channel import KindRule, Treatment

_WORDS: Final = (
    KindRule("text"),
    KindRule("location", Treatment.TEXT),
    KindRule("contacts", Treatment.TEXT),
    KindRule("reaction", Treatment.REJECTED),
    KindRule("buttons", Treatment.NUMBERED_TEXT, Treatment.NUMBERED_TEXT),
    KindRule("list", Treatment.NUMBERED_TEXT, Treatment.NUMBERED_TEXT),
    KindRule("carousel", Treatment.NUMBERED_TEXT, Treatment.NUMBERED_TEXT),
)
"""What becomes of each kind where the app shows texts only. A reaction alone would say nothing there."""


def kind_rules(*own: KindRule) -> tuple[KindRule, ...]:
    """Return a rule for every plain kind: the channel's own, or the rule of a channel with texts only."""
    by_kind = {rule.kind: rule for rule in own}
    return tuple(by_kind.get(rule.kind, rule) for rule in _WORDS)
