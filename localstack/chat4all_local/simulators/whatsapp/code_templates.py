"""The templates for one-time codes, which the provider words itself, and the messages with them.

Sources, under https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/:
`authentication-templates/authentication-templates` and its pages on copy-code, one-tap and zero-tap buttons;
131062 in `support/error-codes`: such messages need a phone number
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec

from chat4all_local.simulators.whatsapp.template_components import Button, Component, Samples
from chat4all_local.simulators.whatsapp.template_messages import SentTemplate

CATEGORY: Final = "AUTHENTICATION"
NEEDS_A_NUMBER: Final = 131062
LONGEST_CODE: Final = 15
_SAMPLE: Final = "123456"
_URL: Final = "https://www.whatsapp.com/otp/code/?otp_type={}&code=otp"
_WARNING: Final = " For your security, do not share this code."


class App(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    package_name: Annotated[str, msgspec.Meta(min_length=1, max_length=224)]
    signature_hash: Annotated[str, msgspec.Meta(min_length=11, max_length=11)]


class OtpButton(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["OTP"]
    otp_type: Literal["COPY_CODE", "ONE_TAP", "ZERO_TAP"]
    text: Annotated[str, msgspec.Meta(max_length=25)] = ""
    autofill_text: Annotated[str, msgspec.Meta(max_length=25)] = ""
    supported_apps: Annotated[tuple[App, ...], msgspec.Meta(max_length=5)] = ()
    zero_tap_terms_accepted: bool = False


class CodeComponent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["BODY", "FOOTER", "BUTTONS"]
    add_security_recommendation: bool = False
    code_expiration_minutes: Annotated[int, msgspec.Meta(ge=1, le=90)] | None = None
    buttons: Annotated[tuple[OtpButton, ...], msgspec.Meta(max_length=1)] = ()


class CodeCreation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    language: Annotated[str, msgspec.Meta(min_length=2, max_length=7)]
    category: Literal["AUTHENTICATION"]
    components: Annotated[tuple[CodeComponent, ...], msgspec.Meta(min_length=2, max_length=3)]
    message_send_ttl_seconds: Annotated[int, msgspec.Meta(ge=30, le=900)] | None = None
    parameter_format: Literal["POSITIONAL"] = "POSITIONAL"


def problems(creation: CodeCreation) -> Iterator[str]:
    """Yield the reasons for which the provider refuses to create the template."""
    kinds = [component.type for component in creation.components]
    if len(set(kinds)) < len(kinds):
        yield "A component can only be used once."
    if "BODY" not in kinds or "BUTTONS" not in kinds:
        yield "An authentication template needs the components BODY and BUTTONS."
    for component in creation.components:
        if component.type == "FOOTER" and component.code_expiration_minutes is None:
            yield "The footer needs code_expiration_minutes."
        if component.type == "BUTTONS" and not component.buttons:
            yield "An authentication template needs one OTP button."
        for button in component.buttons:
            if button.otp_type != "COPY_CODE" and not button.supported_apps:
                yield "A one-tap or zero-tap button needs supported_apps."
            if button.otp_type == "ZERO_TAP" and not button.zero_tap_terms_accepted:
                yield "zero_tap_terms_accepted must be true."


def worded(creation: CodeCreation) -> tuple[Component, ...]:
    """Return the components with the provider's words, as a list of templates shows them."""
    return tuple(map(_worded, creation.components))


def _worded(component: CodeComponent) -> Component:
    match component.type:
        case "BODY":
            warning = _WARNING if component.add_security_recommendation else ""
            text = f"*{{{{1}}}}* is your verification code.{warning}"
            return Component("BODY", text=text, example=Samples(body_text=[[_SAMPLE]]))
        case "FOOTER":
            return Component(
                "FOOTER", text=f"This code expires in {component.code_expiration_minutes} minutes."
            )
        case "BUTTONS":
            (button,) = component.buttons
            url = _URL.format(button.otp_type)
            shown = Button("URL", button.text or "Copy code", f"{url}{{{{1}}}}", example=[f"{url}{_SAMPLE}"])
            return Component("BUTTONS", buttons=(shown,))


def faults(sent: SentTemplate) -> Iterator[str]:
    """Yield what the provider refuses of a message with such a template."""
    values = [value.text or "" for component in sent.components for value in component.parameters]
    if any(len(value) > LONGEST_CODE for value in values):
        yield (
            "template parameter at index 0 exceeds the maximum length in the AUTHENTICATION category "
            f"({LONGEST_CODE} characters)."
        )
