"""The checks of a template in a request that need no look at the account's template.

The provider refuses a value with a line break, a tab or more than four spaces in a row (132018, 132012):
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
"""

from collections.abc import Iterator
from typing import Final

from chat4all.domain.kinds import (
    HeaderFile,
    HeaderPlace,
    HeaderText,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.templates import (
    LONGEST_HEADER,
    LONGEST_TEMPLATE_NAME,
    MOST_PARAMETERS,
    is_language,
    is_template_name,
    is_variable_name,
)
from chat4all.domain.text import MAX_CHARACTERS, is_blank, shortened, unprintable

LONGEST_CODE: Final = 15
"""https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components#copy-code-buttons"""
LONGEST_URL: Final = 2_000
_LONGEST_PAYLOAD: Final = 256
_LONGEST_PLACE: Final = 1_000
_SPACES: Final = " " * 5
NAME_ISSUE: Final = f"must be 1 to {LONGEST_TEMPLATE_NAME} lower-case letters, digits and underscores"
LANGUAGE_ISSUE: Final = "must be a language code as the provider spells it, such as pt_BR or en"


def template_issues(template: Template) -> Iterator[tuple[str, str]]:
    """Yield each issue of the request's template, with its field."""
    if not is_template_name(template.name):
        yield "name", NAME_ISSUE
    if not is_language(template.language):
        yield "language", LANGUAGE_ISSUE
    if template.text:
        yield "text", "is made of the template's words; leave it out"
    if template.category:
        yield "category", "is the category of the account's template; leave it out"
    yield from _parameters(template.parameters)
    yield from _header(template)
    indices = [button.index for button in template.buttons]
    if len(set(indices)) < len(indices):
        yield "buttons", "must not have an index twice"
    for place, button in enumerate(template.buttons):
        issue = _button(button)
        if issue is not None:
            yield f"buttons[{place}].value", issue


def _parameters(parameters: dict[str, str]) -> Iterator[tuple[str, str]]:
    if len(parameters) > MOST_PARAMETERS:
        yield "parameters", f"must be at most {MOST_PARAMETERS}, not {len(parameters)}"
    if len({name.isdigit() for name in parameters}) > 1:
        yield "parameters", "must be numbered or named, not both"
    for name, value in parameters.items():
        field = f"parameters.{shortened(name)}"
        if not is_variable_name(name):
            yield field, "must name a variable: a number from 1 on, or lower-case letters and digits"
        issue = value_issue(value, MAX_CHARACTERS)
        if issue is not None:
            yield field, issue


def value_issue(value: str, longest: int) -> str | None:
    """Return why the provider would refuse the value of a variable, if it would."""
    if is_blank(value):
        return "must not be empty"
    if unprintable(value):
        return "must not contain NUL or lone surrogates"
    if len(value) > longest:
        return f"must be at most {longest} characters, not {len(value)}"
    if "\t" in value or value.splitlines() != [value]:
        return "must have no line break and no tab"
    return "must not have more than 4 spaces in a row" if _SPACES in value else None


def _header(template: Template) -> Iterator[tuple[str, str]]:
    match template.header:
        case HeaderText(text=text, variable=variable):
            if variable:
                yield "header.variable", "is set by the API; leave it out"
            issue = value_issue(text, LONGEST_HEADER)
            if issue is not None:
                yield "header.text", issue
        case HeaderPlace(name=name, address=address):
            for field, text in (("name", name), ("address", address)):
                issue = value_issue(text, _LONGEST_PLACE)
                if issue is not None:
                    yield f"header.{field}", issue
        case HeaderFile() | None:
            pass


def _button(button: TemplateButton) -> str | None:
    if button.type is TemplateButtonKind.QUICK_REPLY:
        longest, is_possible, form = _LONGEST_PAYLOAD, not is_blank(button.value), "characters"
    elif button.type is TemplateButtonKind.URL:
        has_space = any(map(str.isspace, button.value))
        longest, is_possible, form = LONGEST_URL, bool(button.value) and not has_space, "without spaces"
    else:
        is_code = button.value.isascii() and button.value.isalnum()
        longest, is_possible, form = LONGEST_CODE, is_code, "letters and digits"
    if is_possible and len(button.value) <= longest and not unprintable(button.value):
        return None
    return f"must be 1 to {longest} {form}"
