"""Templates for one-time codes, as the provider words and judges them, and as we read and send them."""

from collections.abc import Iterator, Mapping

import httpx
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.templates import WhatsAppTemplates
from chat4all.channels.whatsapp.versions import API_VERSION
from chat4all.domain.kinds import Template, TemplateButton, TemplateButtonKind
from chat4all.domain.sending import SendError, Sent
from chat4all.domain.templates import AccountTemplate, filled
from chat4all.services.messaging.template_catalogue import TemplateQuery
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import TemplateChange
from tests.unit.channels.fake_http import submission
from tests.unit.simulators.calls import PHONE
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.whatsapp.test_both_readings import SECRET

CODE = "012345"
COPY = {"type": "OTP", "otp_type": "COPY_CODE"}
ONE_TAP = {
    **COPY,
    "otp_type": "ONE_TAP",
    "supported_apps": [{"package_name": "com.example.app", "signature_hash": "K8a/AINcGX7"}],
}
BODY = {"type": "BODY", "add_security_recommendation": True}
FOOTER = {"type": "FOOTER", "code_expiration_minutes": 10}


@pytest.fixture
def whatsapp() -> Iterator[Simulator]:
    with running_simulators(providers=("whatsapp",)) as running:
        running.whatsapp.register(PHONE, "Ana", window_open=False)
        yield running.whatsapp


def created(whatsapp: Simulator, *components: Mapping[str, object], name: str = "login") -> httpx.Response:
    url = f"{whatsapp.base_url}/{API_VERSION}/{SECRET.business_account_id}/message_templates"
    body = {"name": name, "language": "en_US", "category": "AUTHENTICATION", "components": components}
    return httpx.post(url, json=body, headers={"authorization": f"Bearer {SECRET.access_token}"})


def listed(whatsapp: Simulator) -> AccountTemplate:
    whatsapp.change_template(TemplateChange("login", "en_US"))
    catalogue = WhatsAppTemplates(HttpClient(), whatsapp.base_url)
    (template,) = catalogue.page(SECRET, TemplateQuery(status="APPROVED"), None, 10).templates
    return template


@pytest.mark.parametrize("button", [COPY, ONE_TAP])
def test_a_code_arrives_in_the_body_and_in_the_button(
    whatsapp: Simulator, button: Mapping[str, object]
) -> None:
    buttons = {"type": "BUTTONS", "buttons": [button]}
    assert created(whatsapp, BODY, FOOTER, buttons).status_code == 200
    template = listed(whatsapp)
    assert (template.category, template.is_usable) == ("AUTHENTICATION", True)

    connector = WhatsApp(HttpClient(), whatsapp.base_url)
    value = TemplateButton(0, TemplateButtonKind.URL, CODE)
    message = filled(
        Template("login", "en_US", {"1": CODE}, buttons=(value,)), template, connector.capabilities
    )

    assert isinstance(connector.send(replace(submission(PHONE), content=message), SECRET), Sent)
    (arrived,) = whatsapp.transcript().requests
    assert arrived.text == f"*{CODE}* is your verification code. For your security, do not share this code."


@pytest.mark.parametrize(
    ("code", "address", "refusal"), [("0" * 16, PHONE, "132018"), (CODE, "BR.1502", "131062")]
)
def test_a_long_code_and_a_person_without_a_number_are_refused(
    whatsapp: Simulator, code: str, address: str, refusal: str
) -> None:
    assert created(whatsapp, BODY, {"type": "BUTTONS", "buttons": [COPY]}).status_code == 200
    listed(whatsapp)
    value = TemplateButton(0, TemplateButtonKind.URL, code)
    message = Template("login", "en_US", {"1": code}, buttons=(value,), text="x")

    connector = WhatsApp(HttpClient(), whatsapp.base_url)
    answer = connector.send(replace(submission(address), content=message), SECRET)

    assert isinstance(answer, SendError)
    assert answer.code == refusal


@pytest.mark.parametrize(
    "components",
    [
        (BODY,),
        ({**BODY, "text": "{{1}} is your code of Acme."}, {"type": "BUTTONS", "buttons": [COPY]}),
        (BODY, {"type": "HEADER", "format": "TEXT", "text": "Acme"}),
        (BODY, {**FOOTER, "code_expiration_minutes": 91}, {"type": "BUTTONS", "buttons": [COPY]}),
        (BODY, {"type": "BUTTONS", "buttons": []}),
        (BODY, {"type": "BUTTONS", "buttons": [COPY, COPY]}),
        (BODY, {"type": "BUTTONS", "buttons": [{**COPY, "otp_type": "ONE_TAP"}]}),
        (BODY, {"type": "BUTTONS", "buttons": [{**ONE_TAP, "otp_type": "ZERO_TAP"}]}),
        (BODY, {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Not me"}]}),
    ],
)
def test_the_provider_words_the_template_alone(
    whatsapp: Simulator, components: tuple[Mapping[str, object], ...]
) -> None:
    assert created(whatsapp, *components).status_code == 400
