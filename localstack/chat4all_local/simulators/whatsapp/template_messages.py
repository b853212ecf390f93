"""The template of a message to send, and what the Cloud API refuses of it.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/:
`messages/template-messages`, `support/error-codes` (132000 to 132018, 131008)
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from chat4all_local.simulators.provider import Refused
from chat4all_local.simulators.whatsapp.errors import MISSING, refused
from chat4all_local.simulators.whatsapp.template_components import Button, Component, names_in, with_values

COUNT: Final = 132000
UNKNOWN: Final = 132001
TOO_LONG: Final = 132005
FORMAT: Final = 132012
PAUSED: Final = 132015
DISABLED: Final = 132016
VALUES: Final = 132018
_MEDIA: Final = ("image", "video", "document")


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(min_length=2)]
    policy: Literal["deterministic"] = "deterministic"


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    link: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")] | None = None
    id: str | None = None
    filename: str | None = None


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    latitude: str
    longitude: str
    name: str
    address: str


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["text", "image", "video", "document", "location", "payload", "coupon_code"]
    parameter_name: str | None = None
    text: str | None = None
    image: File | None = None
    video: File | None = None
    document: File | None = None
    location: Place | None = None
    payload: str | None = None
    coupon_code: str | None = None


class SentComponent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["header", "body", "button"]
    parameters: tuple[Parameter, ...] = ()
    sub_type: Literal["quick_reply", "url", "copy_code"] | None = None
    index: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] | int | None = None


class SentTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    language: Language
    components: tuple[SentComponent, ...] = ()

    def file(self) -> tuple[str, File] | None:
        """Return the kind and the file of the header."""
        for component in self.components:
            for parameter in component.parameters:
                found: File | None = getattr(parameter, parameter.type) if parameter.type in _MEDIA else None
                if found is not None:
                    return parameter.type, found
        return None


class Stored(msgspec.Struct, frozen=True):
    """A template of the account."""

    id: str
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: tuple[Component, ...]
    rejected_reason: str = "NONE"
    quality: str = "UNKNOWN"

    def part(self, kind: str) -> Component | None:
        return next((component for component in self.components if component.type == kind), None)

    @property
    def buttons(self) -> tuple[Button, ...]:
        part = self.part("BUTTONS")
        return part.buttons if part else ()


def refusal(sent: SentTemplate, stored: Stored | None) -> Refused | None:
    """Return the error of a template that cannot be sent so."""
    if stored is not None and stored.status == "PAUSED":
        return refused(PAUSED, "Template is paused due to low quality.")
    if stored is not None and stored.status == "DISABLED":
        return refused(DISABLED, "Template has been paused too many times and is permanently disabled.")
    if stored is None or stored.status != "APPROVED":
        details = f"template name ({sent.name}) does not exist in {sent.language.code}"
        return refused(UNKNOWN, details)
    return next((refused(code, details) for code, details in _faults(sent, stored)), None)


def _faults(sent: SentTemplate, stored: Stored) -> Iterator[tuple[int, str]]:
    by_type = {component.type: component.parameters for component in sent.components}
    yield from _header(by_type.get("header", ()), stored)
    yield from _texts("body", by_type.get("body", ()), stored.part("BODY"), stored)
    if len(words(sent, stored)) > (1024 if len(stored.components) > 1 else 32_768):
        yield TOO_LONG, "The text of the body is too long."
    yield from _buttons(sent, stored)


def _header(given: tuple[Parameter, ...], stored: Stored) -> Iterator[tuple[int, str]]:
    part = stored.part("HEADER")
    if part is None or part.format == "TEXT":
        yield from _texts("header", given, part, stored)
        return
    wanted = (part.format or "").lower()
    if [parameter.type for parameter in given] != [wanted]:
        yield FORMAT, f"header: Format mismatch, expected {part.format}"
    elif getattr(given[0], wanted) is None:
        yield MISSING, f"header: the parameter {wanted} is required"


def _texts(
    where: str, given: tuple[Parameter, ...], part: Component | None, stored: Stored
) -> Iterator[tuple[int, str]]:
    names = names_in(part.text or "") if part is not None else []
    if any(parameter.type != "text" for parameter in given):
        yield FORMAT, f"{where}: Format mismatch, expected TEXT"
    if len(given) != len(names):
        counts = f"({len(given)}) does not match the expected number of params ({len(names)})"
        yield COUNT, f"{where}: number of localizable_params {counts}"
    is_named = stored.parameter_format == "NAMED"
    spelled = [parameter.parameter_name for parameter in given]
    if sorted(map(str, spelled)) != sorted(names if is_named else ["None"] * len(given)):
        yield FORMAT, f"{where}: Parameter name is missing or does not match the template"
    for parameter in given:
        text = parameter.text or ""
        if not text:
            yield MISSING, f"{where}: the parameter text is required"
        if "\n" in text or "\t" in text or " " * 5 in text:
            details = "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
            yield VALUES, details


def _buttons(sent: SentTemplate, stored: Stored) -> Iterator[tuple[int, str]]:
    given = [component for component in sent.components if component.type == "button"]
    indices = [int(component.index or 0) for component in given]
    if len(set(indices)) < len(indices):
        yield VALUES, "buttons: an index is given twice"
    for component, index in zip(given, indices, strict=True):
        button = stored.buttons[index] if index < len(stored.buttons) else None
        if button is None or (component.sub_type or "").upper() != button.type or component.index is None:
            yield VALUES, f"buttons: Button at index {index} is not of type {component.sub_type}"
        elif len(component.parameters) != 1:
            yield COUNT, f"buttons: Button at index {index} takes one parameter"
        elif component.parameters[0].type != _VALUES[button.type]:
            yield FORMAT, f"buttons: Button at index {index} takes a {_VALUES[button.type]}"
        elif button.type == "URL" and not names_in(button.url):
            yield COUNT, f"buttons: Button at index {index} has no variable"
        elif button.type == "COPY_CODE" and not (component.parameters[0].coupon_code or "").isalnum():
            yield VALUES, "buttons: a coupon code is alphanumeric"
    for index, button in enumerate(stored.buttons):
        if button.needs_value and index not in indices:
            kind = button.type.capitalize()
            yield MISSING, f"buttons: Button at index {index} of type {kind} requires a parameter"


_VALUES: Final = {"QUICK_REPLY": "payload", "URL": "text", "COPY_CODE": "coupon_code", "PHONE_NUMBER": ""}


def words(sent: SentTemplate, stored: Stored) -> str:
    """Return the body as the person reads it."""
    body = stored.part("BODY")
    given = next((component.parameters for component in sent.components if component.type == "body"), ())
    values = {
        parameter.parameter_name or str(number): parameter.text or ""
        for number, parameter in enumerate(given, start=1)
    }
    return with_values((body.text if body else None) or "", values)


def payload_of(sent: SentTemplate, index: int) -> str | None:
    """Return the payload that the message gave a quick reply."""
    for component in sent.components:
        if component.type == "button" and int(component.index or 0) == index:
            return component.parameters[0].payload
    return None
