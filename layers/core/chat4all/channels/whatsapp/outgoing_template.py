"""A template of a message as the Cloud API takes it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/template-messages
A component stands in a request only if the template has variables there. A button is named by its place among
all buttons of the template.
"""

import msgspec

from chat4all.domain.files.file import MediaKind
from chat4all.domain.kinds import (
    HeaderPlace,
    HeaderText,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.sending import OutgoingMedia
from chat4all.domain.templates import in_order


class _Language(msgspec.Struct, frozen=True):
    code: str


class _File(msgspec.Struct, frozen=True, omit_defaults=True):
    link: str
    filename: str | None = None
    """Only a document has a filename."""


class _Place(msgspec.Struct, frozen=True):
    latitude: str
    longitude: str
    name: str
    address: str


class _Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    parameter_name: str | None = None
    """Only the value of a named variable has it."""
    text: str | None = None
    image: _File | None = None
    video: _File | None = None
    document: _File | None = None
    location: _Place | None = None
    payload: str | None = None
    coupon_code: str | None = None


class _Component(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    parameters: tuple[_Parameter, ...]
    sub_type: str | None = None
    index: str | None = None


class OutgoingTemplate(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    language: _Language
    components: tuple[_Component, ...] = ()


def rendered(template: Template, file: OutgoingMedia | None) -> OutgoingTemplate:
    """Return the template; `file` is the file of its header."""
    header = _header(template, file)
    body = tuple(_value(name, value) for name, value in in_order(template.parameters))
    components = (
        *((_Component("header", (header,)),) if header is not None else ()),
        *((_Component("body", body),) if body else ()),
        *(_button(button) for button in sorted(template.buttons, key=lambda button: button.index)),
    )
    return OutgoingTemplate(template.name, _Language(template.language), components)


def _value(name: str, value: str) -> _Parameter:
    return _Parameter("text", parameter_name=None if name.isdigit() else name, text=value)


def _header(template: Template, file: OutgoingMedia | None) -> _Parameter | None:
    match template.header:
        case HeaderText(text=text, variable=variable):
            return _value(variable or "1", text)
        case HeaderPlace() as place:
            point = (format(place.latitude, "f"), format(place.longitude, "f"))
            return _Parameter("location", location=_Place(*point, place.name, place.address))
        case _:
            return _file(file) if file is not None else None


def _file(file: OutgoingMedia) -> _Parameter | None:
    match file.kind:
        case MediaKind.IMAGE:
            return _Parameter("image", image=_File(file.url))
        case MediaKind.VIDEO:
            return _Parameter("video", video=_File(file.url))
        case MediaKind.DOCUMENT:
            return _Parameter("document", document=_File(file.url, file.filename))
        case MediaKind.AUDIO:
            return None


def _button(button: TemplateButton) -> _Component:
    return _Component("button", (_button_value(button),), button.type.value, str(button.index))


def _button_value(button: TemplateButton) -> _Parameter:
    match button.type:
        case TemplateButtonKind.QUICK_REPLY:
            return _Parameter("payload", payload=button.value)
        case TemplateButtonKind.URL:
            return _Parameter("text", text=button.value)
        case TemplateButtonKind.COPY_CODE:
            return _Parameter("coupon_code", coupon_code=button.value)
