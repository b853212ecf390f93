"""The checks of a new template, as strict as the provider's pages.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
A template that the review would reject for its form is refused before it is submitted: a variable at the
begin or the end of the body, two variables side by side, numbers with a gap, a variable without a sample.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from chat4all.domain.errors import Detail, Invalid
from chat4all.domain.template_values import (
    LANGUAGE_ISSUE,
    LONGEST_CODE,
    LONGEST_URL,
    NAME_ISSUE,
    value_issue,
)
from chat4all.domain.templates import (
    LONGEST_BODY,
    LONGEST_HEADER,
    ButtonOfTemplate,
    ButtonType,
    Header,
    HeaderFormat,
    NewTemplate,
    TemplateCategory,
    is_language,
    is_template_name,
    is_variable_name,
    variables,
)
from chat4all.domain.text import is_blank, unprintable

_LONGEST_FOOTER: Final = 60
_LONGEST_BUTTON: Final = 25
_LONGEST_PHONE: Final = 20
_LONGEST_HANDLE: Final = 4_096
_MOST: Final = {ButtonType.URL: 2, ButtonType.PHONE_NUMBER: 1, ButtonType.COPY_CODE: 1}
_MARKUP: Final = frozenset("*_~`")
_OPEN: Final = "{{"
_CLOSE: Final = "}}"


def checked_template(template: NewTemplate) -> NewTemplate:
    """Return the template; raise Invalid with every issue of its fields."""
    issues = [Detail(field, issue) for field, issue in _issues(template)]
    if issues:
        raise Invalid("The template is not valid.", *issues)
    return template


def _issues(template: NewTemplate) -> Iterator[tuple[str, str]]:
    if not is_template_name(template.name):
        yield "name", NAME_ISSUE
    if not is_language(template.language):
        yield "language", LANGUAGE_ISSUE
    if template.category is TemplateCategory.AUTHENTICATION:
        yield "category", "must be UTILITY or MARKETING: the provider itself words authentication"
    yield from _body(template)
    if template.header is not None:
        yield from _header(template.header)
        yield from _same_names(template.header, template.body)
    yield from _line("footer", template.footer, _LONGEST_FOOTER, is_needed=False)
    if variables(template.footer) or _OPEN in template.footer:
        yield "footer", "must have no variables"
    yield from _all_buttons(template.buttons)


def _body(template: NewTemplate) -> Iterator[tuple[str, str]]:
    body = template.body
    if is_blank(body):
        yield "body", "must have a visible character"
        return
    yield from _length("body", body, LONGEST_BODY)
    yield from _braces("body", body)
    names = variables(body)
    yield from _names("body", names)
    stripped = body.strip()
    if names and (stripped.startswith(_OPEN) or stripped.endswith(_CLOSE)):
        yield "body", "must neither begin nor end with a variable"
    if f"{_CLOSE}{_OPEN}" in body:
        yield "body", "must have words between two variables"
    for name in names:
        issue = value_issue(template.samples.get(name, ""), LONGEST_BODY)
        if issue is not None:
            yield f"samples.{name}", f"{issue}: the review needs a sample of each variable"
    for name in template.samples:
        if name not in names:
            yield f"samples.{name}", "is no variable of the body"


def _names(field: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """Check that variables are numbered from 1 without gaps, in their order, or all named."""
    wrong = [name for name in names if not is_variable_name(name)]
    if wrong:
        yield field, f"has the variable {wrong[0]!r}: name it in lower-case letters, or number it"
    elif any(name.isdigit() for name in names) and names != [str(n + 1) for n in range(len(names))]:
        yield field, "must have variables that are all named, or numbered from {{1}} on without gaps"


def _braces(field: str, text: str) -> Iterator[tuple[str, str]]:
    opened, closed = text.count(_OPEN), text.count(_CLOSE)
    spelled = sum(text.count(f"{_OPEN}{name}{_CLOSE}") for name in variables(text))
    if not opened == closed == spelled:
        yield field, "must have each variable in two braces without spaces, as in {{1}}"


def _header(header: Header) -> Iterator[tuple[str, str]]:
    if header.format is HeaderFormat.TEXT:
        yield from _text_header(header)
        return
    if header.text:
        yield "header.text", f"must be left out of a header of the format {header.format}"
    if header.format is HeaderFormat.LOCATION:
        if header.sample:
            yield "header.sample", "must be left out of a location"
    elif not header.sample or len(header.sample) > _LONGEST_HANDLE or not header.sample.isascii():
        yield "header.sample", "must be the handle of a file, from the provider's Resumable Upload API"


def _text_header(header: Header) -> Iterator[tuple[str, str]]:
    yield from _line("header.text", header.text, LONGEST_HEADER)
    yield from _braces("header.text", header.text)
    names = variables(header.text)
    yield from _names("header.text", names)
    words = header.text
    for name in names:
        words = words.replace(f"{_OPEN}{name}{_CLOSE}", "")
    if _MARKUP & set(words) or _has_emoji(words):
        yield "header.text", "must have no emoji, and none of * _ ~ `"
    if len(names) > 1 or header.text.count(_OPEN) > 1:
        yield "header.text", "must have at most one variable"
    issue = value_issue(header.sample, LONGEST_HEADER) if names else None
    if issue is not None:
        yield "header.sample", f"{issue}: the review needs a sample of the variable"
    elif header.sample and not names:
        yield "header.sample", "must be left out: the header has no variable"


def _same_names(header: Header, body: str) -> Iterator[tuple[str, str]]:
    kinds = {name.isdigit() for text in (header.text, body) for name in variables(text)}
    if len(kinds) > 1:
        yield "header.text", "must number its variable as the body does, or name it as the body does"


def _all_buttons(buttons: tuple[ButtonOfTemplate, ...]) -> Iterator[tuple[str, str]]:
    counts = Counter(button.type for button in buttons)
    for kind, most in _MOST.items():
        if counts[kind] > most:
            yield "buttons", f"must have at most {most} of type {kind}, not {counts[kind]}"
    replies = (button.type is ButtonType.QUICK_REPLY for button in buttons)
    groups = [is_reply for is_reply, _ in groupby(replies)]
    if len(groups) > len(set(groups)):
        yield "buttons", "must have all quick replies side by side"
    for index, button in enumerate(buttons):
        for field, issue in _button(button):
            yield f"buttons[{index}].{field}", issue


def _button(button: ButtonOfTemplate) -> Iterator[tuple[str, str]]:
    if button.type is ButtonType.OTHER:
        yield "type", "must be quick_reply, url, phone_number or copy_code"
        return
    given = {"url": button.url, "phone_number": button.phone_number, "sample": button.sample}
    for field, value in given.items():
        if value and field not in _FIELDS[button.type]:
            yield field, f"must be left out of a button of type {button.type}"
    if button.type is ButtonType.COPY_CODE:
        yield from _code(button)
        return
    yield from _line("text", button.text, _LONGEST_BUTTON)
    if _OPEN in button.text or _CLOSE in button.text:
        yield "text", "must have no variables"
    if button.type is ButtonType.PHONE_NUMBER:
        yield from _phone(button.phone_number)
    if button.type is ButtonType.URL:
        yield from _url(button)


def _code(button: ButtonOfTemplate) -> Iterator[tuple[str, str]]:
    if button.text:
        yield "text", "must be left out: the app writes it"
    if not (button.sample.isascii() and button.sample.isalnum() and len(button.sample) <= LONGEST_CODE):
        yield "sample", f"must be 1 to {LONGEST_CODE} letters and digits"


def _phone(phone: str) -> Iterator[tuple[str, str]]:
    digits = phone.removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and len(phone) <= _LONGEST_PHONE):
        yield "phone_number", f"must be 1 to {_LONGEST_PHONE} digits, with the country code"


_FIELDS: Final[Mapping[ButtonType, tuple[str, ...]]] = {
    ButtonType.QUICK_REPLY: (),
    ButtonType.URL: ("url", "sample"),
    ButtonType.PHONE_NUMBER: ("phone_number",),
    ButtonType.COPY_CODE: ("sample",),
}


def _url(button: ButtonOfTemplate) -> Iterator[tuple[str, str]]:
    url, sample = button.url, button.sample
    if not _is_address(url):
        yield "url", f"must begin with https:// or http://, and have at most {LONGEST_URL} characters"
    names = variables(url)
    yield from _braces("url", url)
    if names and (names != ["1"] or not url.endswith("{{1}}") or url.count(_OPEN) > 1):
        yield "url", "may have one variable, {{1}}, at its end"
    if names and not _is_address(sample):
        yield "sample", "must be a whole address: the review needs a sample of the variable"
    if sample and not names:
        yield "sample", "must be left out: the address has no variable"


def _is_address(text: str) -> bool:
    host = text.removeprefix("https://").removeprefix("http://")
    is_plain = text.isprintable() and not any(map(str.isspace, text))
    return host != text and bool(host) and is_plain and len(text) <= LONGEST_URL


def _line(field: str, text: str, longest: int, *, is_needed: bool = True) -> Iterator[tuple[str, str]]:
    if not text and not is_needed:
        return
    if is_blank(text):
        yield field, "must have a visible character"
    elif text.splitlines() != [text]:
        yield field, "must have no line break"
    yield from _length(field, text, longest)


def _length(field: str, text: str, longest: int) -> Iterator[tuple[str, str]]:
    if unprintable(text):
        yield field, "must not contain NUL or lone surrogates"
    elif len(text) > longest:
        yield field, f"must be at most {longest} characters, not {len(text)}"


def _has_emoji(text: str) -> bool:
    from emoji import emoji_count  # noqa: PLC0415  # only a new template needs it

    return bool(emoji_count(text))
