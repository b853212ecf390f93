"""What becomes of a content on a channel: the table of the API, the check at POST and the parts agree."""

import functools
from collections.abc import Iterable, Sequence

import msgspec

from chat4all.domain.channel import Capabilities, KindRule, LengthUnit, OtherFiles, Treatment
from chat4all.domain.content import (
    Album,
    Content,
    Deleted,
    Media,
    Notice,
    Plain,
    Text,
    Unsupported,
    kind_of,
)
from chat4all.domain.files.file import Attachment
from chat4all.domain.grouping import albums_in, in_messages
from chat4all.domain.kinds import (
    Buttons,
    Card,
    Carousel,
    Choices,
    Contacts,
    Location,
    Reaction,
    Template,
    card_words,
    without_variation,
)


def treatment_of(content: Content, capabilities: Capabilities, address: str) -> Treatment:
    """Return what becomes of `content` on its way to `address`."""
    match content:
        case Media(file=file):
            if capabilities.media_rule(file, address) is not None:
                return Treatment.FULL
            is_refused = capabilities.other_files is OtherFiles.REJECTED
            return Treatment.REJECTED if is_refused else Treatment.LINK
        case Album():
            worst = worst_of(content, capabilities, address)
            if worst is None:
                return Treatment.TEXT
            treatment = treatment_of(content.singles[worst], capabilities, address)
            is_apart = treatment is Treatment.FULL and not _goes_together(content, capabilities, address)
            return Treatment.SEPARATE if is_apart else treatment
        case Unsupported() | Notice() | Deleted():
            return Treatment.TEXT
        case plain:
            rule = capabilities.kind_rule(kind_of(plain))
            is_outside = _exceeded(plain, rule, capabilities) or _is_misplaced(rule, capabilities, address)
            return rule.otherwise if is_outside else rule.treatment


def _goes_together(album: Album, capabilities: Capabilities, address: str) -> bool:
    """Return whether all files go out as one album, each with its caption, or as one provider message."""
    singles = album.singles
    if len(singles) > 1 and len(in_messages(singles, capabilities, address)) == 1:
        return True
    captions_fit = all(capabilities.captioned_rule(single.file, single.text, address) for single in singles)
    return captions_fit and albums_in(singles, capabilities, address) == [range(len(singles))]


def worst_of(album: Album, capabilities: Capabilities, address: str) -> int | None:
    """Return the place of the file that the channel treats worst; None if the album has no file."""
    ranks = [list(Treatment).index(treatment_of(single, capabilities, address)) for single in album.singles]
    return ranks.index(max(ranks)) if ranks else None


def unfit(content: Content, capabilities: Capabilities, address: str = "") -> str:
    """Return why the channel does not show `content` as its kind, as the end of a sentence."""
    kind = kind_of(content)
    match content:
        case Media(file=file):
            return _unfit_file(file, capabilities)
        case Album() as album:
            if treatment_of(album, capabilities, address) is Treatment.SEPARATE:
                return "does not show these files as one album"
            worst = worst_of(album, capabilities, address)
            return (
                "has no files to send"
                if worst is None
                else unfit(album.singles[worst], capabilities, address)
            )
        case Unsupported() | Notice() | Deleted():
            return f"does not take the kind {kind}"
        case plain:
            rule = capabilities.kind_rule(kind)
            where = "" if rule.in_groups else " in groups"
            return _exceeded(plain, rule, capabilities) or f"does not take the kind {kind}{where}"


def _is_misplaced(rule: KindRule, capabilities: Capabilities, address: str) -> bool:
    return not rule.in_groups and capabilities.is_group(address)


def _unfit_file(file: Attachment, capabilities: Capabilities) -> str:
    sizes = [rule.most_bytes for rule in capabilities.media if file.content_type in rule.content_types]
    if sizes and (file.size or 0) > max(sizes):
        return f"takes {file.content_type} up to {max(sizes)} bytes, not {file.size}"
    where = ", or not to this recipient, of these sides or of this codec" if sizes else ""
    return f"does not take {file.content_type}{where}"


def _exceeded(content: Plain, rule: KindRule, capabilities: Capabilities) -> str | None:
    """Return the limit of `rule` that `content` exceeds, as the end of a sentence; None if it fits."""
    units = _Units(capabilities.text_unit, rule.label_unit or capabilities.text_unit)
    match content:
        case Text() | Template():
            return None
        case Location(live_s=live_s):
            return _moves_too_long(live_s, rule.longest_live_s)
        case Contacts(contacts=contacts):
            has_phones = all(contact.phones for contact in contacts)
            return "takes contacts with a phone number only" if rule.needs_phone and not has_phones else None
        case Reaction(emoji=emoji):
            taken = {without_variation(taken) for taken in rule.emoji}
            is_other = bool(emoji) and bool(taken) and without_variation(emoji) not in taken
            return "does not take this emoji" if is_other else None
        case answers:
            return _answers_exceed(answers, rule, units)


class _Units(msgspec.Struct, frozen=True):
    """The units of a text, and of titles, descriptions and buttons."""

    text: LengthUnit
    label: LengthUnit


def _answers_exceed(content: Buttons | Choices | Carousel, rule: KindRule, units: _Units) -> str | None:
    too_long = functools.partial(_too_long, unit=units.label)
    text_too_long = _too_long([content.text], rule.text_length, "a text", unit=units.text)
    match content:
        case Buttons(buttons=buttons):
            return (
                _too_many(len(buttons), rule.most, "buttons")
                or text_too_long
                or too_long((button.title for button in buttons), rule.label_length, "titles")
                or _too_large(((button.title, button.id) for button in buttons), rule)
            )
        case Choices(button=button, sections=sections, rows=rows):
            return (
                _too_many(len(rows), rule.most, "rows")
                or _too_many(len(sections), rule.most_sections, "sections")
                or text_too_long
                or too_long([button], rule.button_length, "a button")
                or too_long((row.title for row in rows), rule.label_length, "titles")
                or too_long((row.description for row in rows), rule.description_length, "descriptions")
                or too_long((section.title for section in sections), rule.section_length, "section titles")
                or _too_large(
                    ((section.title, row.title, row.id) for section in sections for row in section.rows), rule
                )
            )
        case Carousel(cards=cards, buttons=buttons):
            most_buttons = max(len(card.buttons) for card in cards)
            most_lines = max(len(card_words(card).splitlines()) for card in cards)
            return (
                _too_many(len(cards), rule.most, "cards")
                or _too_few(len(cards), rule.least, "cards")
                or _too_many(most_buttons, rule.most_buttons, "buttons of a card")
                or text_too_long
                or too_long((card.title for card in cards), rule.title_length, "titles of cards")
                or too_long((card.text for card in cards), rule.description_length, "texts of cards")
                or too_long(map(card_words, cards), rule.card_length, "cards")
                or _too_many(most_lines, rule.card_lines, "lines")
                or too_long((button.title for button in buttons), rule.label_length, "titles")
                or (_unlike(cards) if rule.alike else None)
            )


def _too_long(texts: Iterable[str], longest: int | None, what: str, unit: LengthUnit) -> str | None:
    if longest is None or all(unit.measure(text) <= longest for text in texts):
        return None
    return f"takes {what} of up to {longest} {unit.value}" if longest else f"takes no {what}"


def _too_many(count: int, most: int | None, what: str) -> str | None:
    return f"takes up to {most} {what}" if most is not None and count > most else None


def _too_few(count: int, least: int | None, what: str) -> str | None:
    return f"takes {least} {what} or more" if least is not None and count < least else None


def _unlike(cards: Sequence[Card]) -> str | None:
    if not all(card.picture_url for card in cards):
        return "takes cards with a picture only"
    forms = {tuple(bool(button.url) for button in card.buttons) for card in cards}
    (first, *others) = forms
    if others or not first or (any(first) and len(first) > 1):
        return "takes cards with the same buttons only: one that opens an address, or as many others on each"
    return None


def _too_large(answers: Iterable[tuple[str, ...]], rule: KindRule) -> str | None:
    most = rule.answers_bytes
    if most is None or sum(len(msgspec.json.encode(text)) for texts in answers for text in texts) <= most:
        return None
    return f"takes titles and ids of up to {most} bytes together"


def _moves_too_long(live_s: int, longest: int | None) -> str | None:
    if longest is None or live_s <= longest:
        return None
    return f"moves a place for up to {longest} seconds" if longest else "moves no place"
