"""The templates of an account at its provider, and the values of a message for one of them.

The limits are those of the only provider with templates so far, WhatsApp:
https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from chat4all.domain.channel import Capabilities
from chat4all.domain.errors import Detail, TemplateMismatch, TemplateNotUsable
from chat4all.domain.kinds import (
    HeaderFile,
    HeaderPlace,
    HeaderText,
    Location,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.purpose import Purpose
from chat4all.domain.text import MAX_CHARACTERS, shortened
from chat4all.domain.wording import worded

LONGEST_BODY: Final = 1_024
"""Characters of a body below or above other components, with the values of its variables."""
LONGEST_HEADER: Final = 60
LONGEST_TEMPLATE_NAME: Final = 512
LONGEST_LANGUAGE: Final = 20
MOST_PARAMETERS: Final = 100
APPROVED: Final = "APPROVED"
DELETED: Final = "DELETED"
OUTDATED: Final = "OUTDATED"
"""The status of news that only say that what is known of a template is wrong by now."""

_VARIABLE: Final = re.compile(r"\{\{([^{}]{1,100})\}\}")
_SECONDS: Final = len("2026-01-31T12:00:00")
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


class TemplateCategory(StrEnum):
    """What a template is for. Its price, and whether people may refuse it, depend on it."""

    UTILITY = "UTILITY"
    MARKETING = "MARKETING"
    AUTHENTICATION = "AUTHENTICATION"


class HeaderFormat(StrEnum):
    """What a template has above its body."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    LOCATION = "location"


class ButtonType(StrEnum):
    """The buttons of templates. A tap on any `other` button needs no value of the message."""

    QUICK_REPLY = "quick_reply"
    URL = "url"
    PHONE_NUMBER = "phone_number"
    COPY_CODE = "copy_code"
    OTHER = "other"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header of a template: a text with at most one variable, or a file or a place of each message.

    `sample` is a value of the variable, or the provider's handle of a file, for the provider's review.
    """

    format: HeaderFormat
    text: str = ""
    sample: str = ""


class ButtonOfTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A button of a template. `url` may end in a variable; `sample` is a whole address, or a code."""

    type: ButtonType
    text: str = ""
    url: str = ""
    phone_number: str = ""
    sample: str = ""


class NewTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A template to create. `samples` has a value of each variable of the body, for the provider's review."""

    name: str
    language: str
    category: TemplateCategory
    body: str
    samples: dict[str, str] = {}
    header: Header | None = None
    footer: str = ""
    buttons: Annotated[tuple[ButtonOfTemplate, ...], msgspec.Meta(max_length=10)] = ()


class AccountTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template of our account at the provider.

    `category` and `status` are the provider's words: a template can be sent while it is APPROVED. `reason`
    says why it was rejected. `quality` is GREEN, YELLOW, RED or UNKNOWN, as people react to it.
    `unsupported` names the components that Chat4All does not send: a template with one cannot be sent.
    """

    template_id: str
    name: str
    language: str
    category: str
    status: str
    body: str = ""
    samples: dict[str, str] = {}
    header: Header | None = None
    footer: str = ""
    buttons: tuple[ButtonOfTemplate, ...] = ()
    reason: str | None = None
    quality: str | None = None
    unsupported: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        return self.status == APPROVED and not self.unsupported


class KnownTemplate(msgspec.Struct, frozen=True):
    """A template as it was known at `as_of`, the time of the provider's answer or of its latest news."""

    template: AccountTemplate
    as_of: str

    def is_after(self, at: str) -> bool:
        """Return whether the template was known later than at this time.

        The provider's times are in whole seconds. Of the same second, what arrives last counts.
        """
        return self.as_of[:_SECONDS] > at[:_SECONDS]


class TemplateNews(msgspec.Struct, frozen=True, omit_defaults=True):
    """What changed of a template. A field that did not change is None."""

    status: str | None = None
    category: str | None = None
    reason: str | None = None
    quality: str | None = None

    def applied(self, template: AccountTemplate) -> AccountTemplate | None:
        """Return the template after the news; None if it has to be read from the provider again."""
        if self.status in {DELETED, OUTDATED}:
            return None
        changes: Mapping[str, str | None] = msgspec.structs.asdict(self)
        return replace(template, **{name: value for name, value in changes.items() if value is not None})


def variables(text: str) -> list[str]:
    """Return the names of the variables of a text, each once, in their order."""
    return list(dict.fromkeys(found.group(1).strip() for found in _VARIABLE.finditer(text)))


def is_template_name(text: str) -> bool:
    return 1 <= len(text) <= LONGEST_TEMPLATE_NAME and _NAME.issuperset(text)


def is_variable_name(text: str) -> bool:
    """Return whether the text names a variable: a number from 1 on, or a word in lower case."""
    if text.isdigit():
        return text.isascii() and not text.startswith("0")
    return bool(text) and _NAME.issuperset(text) and not text[0].isdigit()


def is_language(text: str) -> bool:
    """Return whether the text is a language and maybe a country as WhatsApp spells them: `pt_BR`, `fil`.

    https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/supported-languages
    """
    language, *country = text.split("_")
    letters = text.replace("_", "")
    is_short = 2 <= len(language) <= 3 and language.islower() and len(country) <= 1
    return is_short and letters.isascii() and letters.isalnum() and all(country)


def in_order(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the parameters in the order in which a request has them: by their numbers, or as they are."""
    return sorted(parameters.items(), key=lambda item: int(item[0]) if item[0].isdigit() else 0)


def require_usable(
    template: AccountTemplate | None, asked: Template, languages: list[str]
) -> AccountTemplate:
    """Return the template if it can be sent; `languages` are those in which the name exists.

    Raises:
        TemplateNotUsable: the account has no such template, or it is not approved.
    """
    if template is None:
        field, issue = _unknown(asked, languages)
        raise TemplateNotUsable("The account has no such template.", Detail(field, issue))
    if template.status != APPROVED:
        issue = f"is {shortened(template.status)}: {_REMEDIES.get(template.status, _REMEDY)}"
        reason = f" ({shortened(template.reason)})" if template.reason else ""
        raise TemplateNotUsable("The template cannot be sent now.", Detail("content.name", issue + reason))
    if template.unsupported:
        issue = f"has components that Chat4All does not send: {', '.join(template.unsupported)}"
        raise TemplateNotUsable("The template cannot be sent.", Detail("content.name", issue))
    return template


_REMEDY: Final = "only an APPROVED template can be sent"
_REMEDIES: Final[Mapping[str, str]] = {
    "PENDING": "wait for the provider's review, or send another template",
    "IN_APPEAL": "wait for the provider's review, or send another template",
    "REJECTED": "change it and submit it again, or send another template",
    "PAUSED": "the provider resumes it by itself, after 3 or 6 hours as a rule; send another template",
    "DISABLED": "it stays disabled, because people disliked it; create another template",
    "PENDING_DELETION": "it was deleted; create a template with another name",
    "ARCHIVED": "restore it at the provider, or send another template",
    "LIMIT_EXCEEDED": "the account has too many templates; delete some",
}
"""What would do about each status that a template cannot be sent with."""


def _unknown(asked: Template, languages: list[str]) -> tuple[str, str]:
    if languages:
        known = ", ".join(sorted(languages)[:MOST_PARAMETERS])
        return "content.language", f"{asked.name} exists in {known}, not in {asked.language}"
    return "content.name", "names no template of the account; create it, and wait until it is APPROVED"


def filled(message: Template, template: AccountTemplate, capabilities: Capabilities) -> Template:
    """Return the message's template with its text, its category and the name of the header's variable.

    Raises:
        TemplateMismatch: a value is missing, is one too many, or does not fit; the details name the fields.
    """
    issues = [
        Detail(f"content.{field}", issue)
        for field, issue in (
            *_parameters(message, template),
            *_header(message, template.header, capabilities),
            *_buttons(message, template),
        )
    ]
    if issues:
        raise TemplateMismatch("The values do not fit the template.", *issues)
    header = message.header
    if isinstance(header, HeaderText) and template.header is not None:
        header = replace(header, variable=variables(template.header.text)[0])
    text = readable(message, template)
    too_long = list(_lengths(message, template, text))
    if too_long:
        raise TemplateMismatch("The values are too long for the template.", *too_long)
    return replace(message, header=header, text=text, category=template.category)


def purpose_with(templates: Iterable[Template], purpose: Purpose) -> Purpose:
    """Return the purpose of a message with the filled templates: one for marketing makes it marketing."""
    is_marketing = any(template.category == TemplateCategory.MARKETING for template in templates)
    return Purpose.MARKETING if is_marketing else purpose


def readable(message: Template, template: AccountTemplate) -> str:
    """Return everything that a person reads of the message: header, body, footer and buttons."""
    parts = (
        _header_text(message, template),
        _with_values(template.body, message.parameters),
        template.footer,
        "\n".join(_button_lines(message, template)),
    )
    return "\n\n".join(part for part in parts if part)


def _with_values(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: values.get(found.group(1).strip(), found.group(0)), text)


def _header_text(message: Template, template: AccountTemplate) -> str:
    match message.header:
        case HeaderPlace() as place:
            return worded(Location(place.latitude, place.longitude, place.name, place.address)).text
        case HeaderText(text=text) if template.header is not None:
            return _with_values(template.header.text, dict.fromkeys(variables(template.header.text), text))
        case _:
            return template.header.text if template.header is not None else ""


def _button_lines(message: Template, template: AccountTemplate) -> Iterator[str]:
    values = {button.index: button.value for button in message.buttons}
    number = 0
    for index, button in enumerate(template.buttons):
        value = values.get(index, "")
        match button.type:
            case ButtonType.QUICK_REPLY:
                number += 1
                yield f"{number}. {button.text}"
            case ButtonType.URL:
                address = _with_values(button.url, dict.fromkeys(variables(button.url), value))
                yield f"{button.text}: {address}"
            case ButtonType.PHONE_NUMBER:
                yield f"{button.text}: {button.phone_number}"
            case ButtonType.COPY_CODE:
                yield f"{button.text}: {value}"
            case ButtonType.OTHER:
                pass


def _parameters(message: Template, template: AccountTemplate) -> Iterator[tuple[str, str]]:
    needed = variables(template.body)
    for name in needed:
        if name not in message.parameters:
            yield f"parameters.{name}", "is missing: the body of the template has this variable"
    for name in message.parameters:
        if name not in needed:
            listed = ", ".join(needed) or "none"
            yield f"parameters.{name}", f"is no variable of the template's body, which has: {listed}"


def _header(
    message: Template, header: Header | None, capabilities: Capabilities
) -> Iterator[tuple[str, str]]:
    given = message.header
    if header is None or (header.format is HeaderFormat.TEXT and not variables(header.text)):
        if given is not None:
            yield "header", "must be left out: the template has no header that takes a value"
        return
    match header.format, given:
        case (HeaderFormat.TEXT, HeaderText()) | (HeaderFormat.LOCATION, HeaderPlace()):
            return
        case (HeaderFormat.IMAGE | HeaderFormat.VIDEO | HeaderFormat.DOCUMENT, HeaderFile(file=file)):
            rule = capabilities.media_rule(replace(file, form=None), "") if file is not None else None
            if file is not None and (rule is None or rule.kind.value != header.format.value):
                kind = file.content_type
                yield "header.file_id", f"must be a file that goes as {header.format}, not {kind}"
        case _:
            plain = {HeaderFormat.TEXT: "text", HeaderFormat.LOCATION: "location"}
            wanted = plain.get(header.format, "file")
            yield "header", f"must be of type {wanted}, since the template's header is {header.format}"


def _buttons(message: Template, template: AccountTemplate) -> Iterator[tuple[str, str]]:
    given = {button.index: (place, button) for place, button in enumerate(message.buttons)}
    for index, button in enumerate(template.buttons):
        is_needed = button.type is ButtonType.COPY_CODE or bool(variables(button.url))
        if is_needed and index not in given:
            yield "buttons", f"must have a value for the button {index} ({button.type}, {button.text!r})"
    for place, value in given.values():
        issue = _button_issue(value, template)
        if issue is not None:
            yield f"buttons[{place}]", issue


def _button_issue(value: TemplateButton, template: AccountTemplate) -> str | None:
    if value.index >= len(template.buttons):
        return f"has the index {value.index}, and the template has {len(template.buttons)} buttons"
    button = template.buttons[value.index]
    if button.type.value != value.type.value:
        return f"is of type {value.type}, and the template's button {value.index} of type {button.type}"
    if value.type is TemplateButtonKind.URL and not variables(button.url):
        return "must be left out: the button's address has no variable"
    return None


def _lengths(message: Template, template: AccountTemplate, text: str) -> Iterator[Detail]:
    """Yield the parts that are too long with their values; the provider answers 132005.

    A body alone may have 32,768 characters, of which a message here holds fewer.
    """
    has_more = template.header is not None or bool(template.footer) or bool(template.buttons)
    longest = LONGEST_BODY if has_more else MAX_CHARACTERS
    body = len(_with_values(template.body, message.parameters))
    if body > longest:
        yield Detail("content.parameters", f"make a body of {body} characters; it may have {longest}")
    header = len(_header_text(message, template)) if isinstance(message.header, HeaderText) else 0
    if header > LONGEST_HEADER:
        yield Detail(
            "content.header.text", f"makes a header of {header} characters; it may have {LONGEST_HEADER}"
        )
    if not has_more or len(text) <= MAX_CHARACTERS:
        return
    yield Detail("content", f"makes a text of {len(text)} characters; it may have {MAX_CHARACTERS}")
