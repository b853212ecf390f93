"""/v1/channels/{channel}/templates, and a message with a template, over the simulated provider."""

from collections.abc import Iterator

import msgspec
import pytest

from chat4all.bootstrap import api as api_function
from chat4all.bootstrap.settings import ApiSettings
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import TemplateChange
from chat4all_local.simulators.credentials import BY_CHANNEL
from tests.integration.aws import Aws
from tests.integration.http.conftest import Cast, a_key
from tests.integration.http.gateway import Gateway
from tests.integration.template import environment, functions
from tests.unit.simulators.conftest import running_simulators

PATH = "/v1/channels/whatsapp/templates"
NEW = {
    "name": "order_ready",
    "language": "pt_BR",
    "category": "UTILITY",
    "body": "Olá, {{1}}! Está pronto.",
    "samples": {"1": "Ana"},
}


@pytest.fixture
def whatsapp() -> Iterator[Simulator]:
    with running_simulators(providers=("whatsapp",)) as running:
        yield running.whatsapp


@pytest.fixture
def templated(
    aws: Aws, api_settings: ApiSettings, key: str, whatsapp: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """Wire the API of a process of its own, whose provider is the simulator."""
    secret_name = environment(functions(aws.template)["api"])["WHATSAPP_SECRET"]
    monkeypatch.setenv("WHATSAPP_SECRET", secret_name)
    monkeypatch.setenv("WHATSAPP_BASE_URL", whatsapp.base_url)
    secret = msgspec.json.encode(BY_CHANNEL["whatsapp"]).decode()
    before = aws.secrets.get_secret_value(SecretId=secret_name)["SecretString"]
    aws.secrets.put_secret_value(SecretId=secret_name, SecretString=secret)
    yield Gateway(api_function.app(api_settings).whole(), key)
    aws.secrets.put_secret_value(SecretId=secret_name, SecretString=before)


def body_of(cast: Cast, **template: object) -> dict[str, object]:
    content = {"type": "template", "name": "order_ready", "language": "pt_BR", **template}
    return {"conversation_id": cast.conversation, "sender_id": cast.agent, "content": content}


def test_a_template_is_created_approved_sent_and_deleted(
    templated: Gateway, whatsapp: Simulator, cast: Cast
) -> None:
    created = templated.post(PATH, NEW)
    assert (created.status, created.json["status"]) == (201, "PENDING")
    assert templated.post(PATH, NEW).refused(409, "TEMPLATE_EXISTS") == ["name"]
    pending = templated.post("/v1/messages", body_of(cast, parameters={"1": "Ana"}))
    assert pending.refused(422, "TEMPLATE_NOT_USABLE") == ["content.name"]
    assert "PENDING" in pending.json["details"][0]["issue"]

    whatsapp.change_template(TemplateChange("order_ready", "pt_BR"))
    listed = templated.get(PATH, status="APPROVED", name="order_ready", limit=1)
    assert [template["name"] for template in listed.json["templates"]] == ["order_ready"]

    preview = templated.post("/v1/messages/preview", body_of(cast, parameters={"1": "Ana"}))
    (rendering,) = preview.json["renderings"]
    assert (rendering["treatment"], rendering["parts"][0]["text"]) == ("full", "Olá, Ana! Está pronto.")
    sent = templated.post("/v1/messages", body_of(cast, parameters={"1": "Ana"}))
    assert sent.status == 202
    shown = templated.get(f"/v1/messages/{sent.json['message_id']}").json["content"]
    assert (shown["type"], shown["text"]) == ("template", "Olá, Ana! Está pronto.")

    missing = templated.post("/v1/messages", body_of(cast))
    assert missing.refused(422, "TEMPLATE_MISMATCH") == ["content.parameters.1"]
    other = templated.post("/v1/messages", body_of(cast, language="pt", parameters={"1": "Ana"}))
    assert other.refused(422, "TEMPLATE_NOT_USABLE") == ["content.language"]
    assert templated.delete(f"{PATH}/order_ready").status == 200
    templated.delete(f"{PATH}/order_ready").refused(404, "TEMPLATE_NOT_FOUND")


def test_what_the_channel_does_not_have_is_told(templated: Gateway, api_settings: ApiSettings) -> None:
    assert templated.get("/v1/channels/sms/templates").refused(422, "NOT_POSSIBLE") == ["channel"]
    templated.get("/v1/channels/carrier/templates").refused(404, "CHANNEL_NOT_FOUND")
    # A number without credentials of its own is another number of the same business.
    assert templated.get(PATH, account="1").json == templated.get(PATH).json
    assert templated.get(PATH, cursor="nonsense").refused(400, "VALIDATION_ERROR") == ["cursor"]
    wrong = templated.post(PATH, {**NEW, "name": "Order", "body": "{{1}}"})
    assert set(wrong.refused(400, "VALIDATION_ERROR")) == {"name", "body"}
    reader = templated.with_key(a_key(api_settings, "channels:read"))
    reader.post(PATH, NEW).refused(403, "MISSING_SCOPE")


@pytest.mark.usefixtures("templated")
def test_a_silent_provider_is_unavailable(
    api_settings: ApiSettings, key: str, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSAPP_BASE_URL", "http://127.0.0.1:9")
    api = Gateway(api_function.app(api_settings).whole(), key)

    answer = api.post("/v1/messages", body_of(cast, name="never_seen"))

    answer.refused(503, "UNAVAILABLE")
    assert answer.headers["retry-after"]
