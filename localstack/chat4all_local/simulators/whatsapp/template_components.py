"""The components of a template, as the Graph API takes them when a template is created.

Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
"""

import re
from collections.abc import Iterator
from string import ascii_lowercase, digits
from typing import Annotated, Final, Literal

import msgspec

_PLACEHOLDER: Final = re.compile(r"\{\{([^{}]{1,100})\}\}")
_NAME: Final = frozenset(ascii_lowercase + digits + "_")
_HEADER_MARKS: Final = frozenset("*_~`")

SampleTexts = list[str]


class NamedSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    param_name: str
    example: Annotated[str, msgspec.Meta(min_length=1)]


class Samples(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    header_text: SampleTexts = []
    header_text_named_params: list[NamedSample] = []
    header_handle: SampleTexts = []
    body_text: list[SampleTexts] = []
    body_text_named_params: list[NamedSample] = []


class Button(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE"]
    text: Annotated[str, msgspec.Meta(max_length=25)] = ""
    url: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    phone_number: Annotated[str, msgspec.Meta(max_length=20)] = ""
    example: str | list[str] | None = None

    @property
    def title(self) -> str:
        return "Copy offer code" if self.type == "COPY_CODE" else self.text

    @property
    def needs_value(self) -> bool:
        return self.type == "COPY_CODE" or bool(names_in(self.url))


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["HEADER", "BODY", "FOOTER", "BUTTONS"]
    format: Literal["TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION"] | None = None
    text: str | None = None
    example: Samples | None = None
    buttons: Annotated[tuple[Button, ...], msgspec.Meta(max_length=10)] = ()


class Creation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    language: Annotated[str, msgspec.Meta(min_length=2, max_length=7)]
    category: Literal["MARKETING", "UTILITY"]
    components: Annotated[tuple[Component, ...], msgspec.Meta(min_length=1, max_length=4)]
    parameter_format: Literal["NAMED", "POSITIONAL"] = "POSITIONAL"


def names_in(text: str) -> list[str]:
    """Return the different placeholders of a text, in their order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def with_values(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def problems(creation: Creation) -> Iterator[str]:
    """Yield the reasons for which the provider refuses to create the template."""
    if not set(creation.name) <= _NAME:
        yield "The name has lowercase letters, digits and underscores."
    if not creation.language[:2].islower() or "-" in creation.language:
        yield "The language is not supported."
    kinds = [component.type for component in creation.components]
    if len(set(kinds)) < len(kinds):
        yield "A component can only be used once."
    if "BODY" not in kinds:
        yield "The component of type BODY is required."
    named = creation.parameter_format == "NAMED"
    for component in creation.components:
        match component.type:
            case "HEADER":
                yield from _header(component, named=named)
            case "BODY":
                yield from _body(component, named=named)
            case "FOOTER":
                yield from _footer(component)
            case "BUTTONS":
                yield from _buttons(component.buttons)


def _body(component: Component, *, named: bool) -> Iterator[str]:
    text, samples = component.text or "", component.example or Samples()
    if not 1 <= len(text) <= 1024:
        yield "The body text has 1 to 1024 characters."
    names = names_in(text)
    yield from _placeholders(text, names, named=named)
    bare = text.strip()
    if names and (bare.startswith("{{") or bare.endswith("}}")):
        yield "Variables can't be at the start or end of the template."
    if "}}{{" in text:
        yield "Variables can't be next to each other."
    given = {sample.param_name for sample in samples.body_text_named_params}
    count = len(samples.body_text[0]) if samples.body_text else 0
    if (given != set(names)) if named else (count != len(names)):
        yield "Samples are required for each variable of the body."


def _header(component: Component, *, named: bool) -> Iterator[str]:
    samples = component.example or Samples()
    if component.format is None:
        yield "The header's format is required."
    elif component.format in {"IMAGE", "VIDEO", "DOCUMENT"}:
        if len(samples.header_handle) != 1 or component.text is not None:
            yield "The header needs the handle of a sample."
    elif component.format == "TEXT":
        text = component.text or ""
        if not 1 <= len(text) <= 60 or "\n" in text:
            yield "The header text has 1 to 60 characters without new lines."
        names = names_in(text)
        yield from _placeholders(text, names, named=named)
        words = with_values(text, dict.fromkeys(names, ""))
        if _HEADER_MARKS & set(words):
            yield "The header can't have formatting characters."
        count = len(samples.header_text_named_params if named else samples.header_text)
        if len(names) > 1 or count != len(names):
            yield "The header has at most one variable, with a sample."


def _footer(component: Component) -> Iterator[str]:
    text = component.text or ""
    if not 1 <= len(text) <= 60 or "{{" in text or "\n" in text:
        yield "The footer has 1 to 60 characters, no variables and no new lines."


def _placeholders(text: str, names: list[str], *, named: bool) -> Iterator[str]:
    if text.count("{{") != sum(text.count("{{" + name + "}}") for name in names):
        yield "Variables need two curly brackets on both sides."
    if named and not all(set(name) <= _NAME and not name[0].isdigit() for name in names):
        yield "Named variables have lowercase letters, digits and underscores."
    if not named and names != [str(number) for number in range(1, len(names) + 1)]:
        yield "Variables are numbered from 1 without gaps."


def _buttons(buttons: tuple[Button, ...]) -> Iterator[str]:
    if not buttons:
        yield "The component BUTTONS needs a button."
    for kind, most in (("URL", 2), ("PHONE_NUMBER", 1), ("COPY_CODE", 1)):
        if sum(button.type == kind for button in buttons) > most:
            yield f"A template has at most {most} {kind} buttons."
    replies = "".join("q" if button.type == "QUICK_REPLY" else "o" for button in buttons)
    if "qo" in replies and "oq" in replies:
        yield "Quick reply buttons must be grouped together."
    for button in buttons:
        yield from _button(button)


def _button(button: Button) -> Iterator[str]:
    if button.type != "COPY_CODE" and not button.text:
        yield "A button needs a text."
    if "{{" in button.text:
        yield "A button's text has no variables."
    if button.type == "PHONE_NUMBER" and not button.phone_number.removeprefix("+").isdigit():
        yield "A phone number has digits."
    if button.type == "COPY_CODE" and not (isinstance(button.example, str) and len(button.example) <= 15):
        yield "A code has a sample of at most 15 characters."
    if button.type == "URL":
        yield from _url(button)


def _url(button: Button) -> Iterator[str]:
    names = names_in(button.url)
    if not button.url.startswith(("https://", "http://")):
        yield "A URL begins with https:// or http://."
    if names and (names != ["1"] or not button.url.endswith("{{1}}")):
        yield "A URL has one variable, at its end."
    if bool(names) != bool(button.example):
        yield "A URL with a variable needs a sample, and no other URL has one."
