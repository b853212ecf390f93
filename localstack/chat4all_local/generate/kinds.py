"""docs/api.md: what becomes of each kind of content on each channel."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from chat4all.channels.shared.manifest import Manifest
from chat4all.domain.channel import Capabilities, KindRule, MediaRule, OtherFiles, Treatment
from chat4all.domain.files.file import FILE_TYPES, Form, MediaKind

_WORDS: Final[Mapping[Treatment, str]] = {
    Treatment.FULL: "full",
    Treatment.SEPARATE: "file by file",
    Treatment.NUMBERED_TEXT: "numbered text",
    Treatment.TEXT: "text",
    Treatment.LINK: "a link",
    Treatment.REJECTED: "refused",
}
_FORMS: Final[Mapping[Form, str]] = {
    Form.VOICE: "voice note",
    Form.STICKER: "sticker",
    Form.VIDEO_NOTE: "video note",
}
_PIECES: Final = {"buttons": "buttons", "list": "rows", "carousel": "cards"}
_MB: Final = 1_000_000


def _table(channels: Sequence[Manifest]) -> str:
    capabilities = [channel.capabilities for channel in channels]
    kinds = [rule.kind for rule in capabilities[0].kinds]
    rows = (
        *(_row(f"`{kind}`", [_plain(known.kind_rule(kind)) for known in capabilities]) for kind in kinds),
        *(_row(kind.value, [_files(known, kind) for known in capabilities]) for kind in MediaKind),
        *(_row(f"`{form.value}`", [_form(known, form) for known in capabilities]) for form in Form),
        _row("`album`", [_albums(known) for known in capabilities]),
        _row("caption", [_caption(known) for known in capabilities]),
    )
    head = _row("", [channel.title for channel in channels])
    return "\n".join((head, "|---" * (1 + len(channels)) + "|", *rows))


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {' | '.join((first, *cells))} |"


def _plain(rule: KindRule) -> str:
    limits = "; ".join(_limits(rule))
    if not limits:
        return _WORDS[rule.treatment]
    return f"{_WORDS[rule.treatment]}: {limits}; else {_WORDS[rule.otherwise]}"


def _limits(rule: KindRule) -> Iterator[str]:
    """Yield the limits outside of which the content gets the other treatment."""
    if rule.most is not None and rule.kind != "contacts":
        least = f"{rule.least} to " if rule.least is not None else ""
        yield f"{least}{rule.most} {_PIECES[rule.kind]}"
    if rule.most_sections is not None:
        yield f"{rule.most_sections} sections"
    yield from _lengths(rule)
    yield from _of_cards(rule)
    if rule.answers_bytes is not None:
        yield f"titles and ids of {rule.answers_bytes} bytes together"
    if rule.emoji:
        yield f"{len(rule.emoji)} emoji"
    if rule.longest_live_s is not None:
        yield f"moving for {rule.longest_live_s} s" if rule.longest_live_s else "not moving"
    if rule.needs_phone:
        yield "each with a phone number"
    if not rule.in_groups:
        yield "not in groups"


def _of_cards(rule: KindRule) -> Iterator[str]:
    if rule.card_lines is not None:
        yield f"cards of {rule.card_lines} lines"
    if rule.most_buttons is not None:
        yield f"{rule.most_buttons} buttons of a card"
    if rule.alike:
        yield "every card with a picture and the same buttons"


def _lengths(rule: KindRule) -> Iterator[str]:
    lengths = {
        "text": rule.text_length,
        "titles" if rule.kind != "carousel" else "buttons": rule.label_length,
        "titles of cards": rule.title_length,
        "texts of cards" if rule.kind == "carousel" else "descriptions": rule.description_length,
        "cards": rule.card_length,
        "section titles": rule.section_length,
        "button": rule.button_length,
    }
    for name, length in lengths.items():
        if length is not None:
            yield f"no {name}" if length == 0 else f"{name} of {length}"


def _form(capabilities: Capabilities, form: Form) -> str:
    rules = [rule for rule in capabilities.media if rule.form is form]
    return _types(rules) if rules else "as any file"


def _files(capabilities: Capabilities, kind: MediaKind) -> str:
    rules = [rule for rule in capabilities.media if rule.kind is kind and rule.form is None]
    other = Treatment.REJECTED if capabilities.other_files is OtherFiles.REJECTED else Treatment.LINK
    return f"{_types(rules)}; else {_WORDS[other]}" if rules else _WORDS[other]


def _types(rules: Sequence[MediaRule]) -> str:
    """Return the most that the rules take of each type of file, the types of one size together."""
    most: dict[str, int] = {}
    for rule in rules:
        for content_type in rule.content_types:
            most[content_type] = max(rule.most_bytes, most.get(content_type, 0))
    by_size: dict[int, list[str]] = {}
    for content_type, size in most.items():
        by_size.setdefault(size, []).append(content_type)
    named = ", ".join(f"{_names(types)} {_size(size)}" for size, types in by_size.items())
    prefixes = sorted({prefix for rule in rules for prefix in rule.address_prefixes if prefix})
    return f"{named} to {', '.join(f'`{prefix}`' for prefix in prefixes)}" if prefixes else named


def _names(content_types: Sequence[str]) -> str:
    if set(content_types) == set(FILE_TYPES):
        return "any file"
    return ", ".join(FILE_TYPES[content_type].extensions[0].upper() for content_type in content_types)


def _albums(capabilities: Capabilities) -> str:
    """Name the files that go out together."""
    kinds = (f"{rule.most} of {' and '.join(rule.kinds)}" for rule in capabilities.albums)
    together = ", or ".join(kinds)
    apart = _WORDS[Treatment.SEPARATE]
    return f"full: {together}; else {apart}" if together else apart


def _caption(capabilities: Capabilities) -> str:
    lengths = {rule.caption_length for rule in capabilities.media}
    without = sorted(
        {(rule.form or rule.kind).value for rule in capabilities.media if not rule.caption_length}
    )
    longest = max(lengths, default=0)
    if not longest:
        return "none"
    unit = capabilities.text_unit.value.replace("_", " ")
    return f"{longest} {unit}" + (f", none with {', '.join(without)}" if without else "")


def _size(size: int) -> str:
    return f"{size // _MB} MB" if size >= _MB else f"{size // 1_000} KB"


BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {"kinds-by-channel": _table}
