"""docs/api.md: which acts each channel has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.act_rules import Acts

_NONE: Final = "no"


def _table(channels: Sequence[Manifest]) -> str:
    acts = [channel.capabilities.acts for channel in channels]
    rows = {"edit": _edit, "delete": _delete, "read": _read, "typing": _typing}
    head = _row("", [channel.title for channel in channels])
    lines = (_row(name, [cell(known) for known in acts]) for name, cell in rows.items())
    return "\n".join((head, "|---" * (1 + len(channels)) + "|", *lines))


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join((first, *cells))} |"


def _edit(acts: Acts) -> str:
    if acts.edit is None:
        return _NONE
    return _limited(", ".join(f"`{kind}`" for kind in acts.edit.kinds), acts.edit.hours)


def _delete(acts: Acts) -> str:
    return _NONE if acts.delete is None else _limited("yes", acts.delete.hours)


def _limited(what: str, hours: int | None) -> str:
    return what if hours is None else f"{what}: within {hours} hours"


def _read(acts: Acts) -> str:
    if acts.read is None:
        return _NONE
    limits = [f"on accounts `{acts.read.account_prefix}…`"] if acts.read.account_prefix else []
    return _with(limits, in_groups=acts.read.in_groups)


def _typing(acts: Acts) -> str:
    rule = acts.typing
    if rule is None:
        return _NONE
    limits = [f"for {rule.seconds} seconds"] if rule.seconds is not None else []
    limits += ["after a person's message, which is marked as read"] if rule.needs_message else []
    limits += ["can be ended"] if rule.can_stop else []
    return _with(limits, in_groups=rule.in_groups)


def _with(limits: Sequence[str], *, in_groups: bool) -> str:
    named = [*limits, *(() if in_groups else ("not in groups",))]
    return f"yes: {'; '.join(named)}" if named else "yes"


BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {"acts-by-channel": _table}
