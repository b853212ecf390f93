"""The connector and the simulator, each written from the Cloud API's documentation alone, fit together."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec.structs import replace

from chat4all.channels.shared.http import HttpClient
from chat4all.channels.whatsapp.connector import WhatsApp
from chat4all.channels.whatsapp.templates import WhatsAppTemplates
from chat4all.domain.content import Notice, Plain, ReceivedMedia, Text
from chat4all.domain.errors import TemplateExists, TemplateRefused
from chat4all.domain.events import (
    AccountReported,
    InboundEvent,
    InboundMessage,
    InboundMove,
    InboundStatus,
    TemplateChanged,
)
from chat4all.domain.files.file import Form, MediaKind
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Card,
    CardButton,
    Carousel,
    Choices,
    Contact,
    Contacts,
    HeaderFile,
    HeaderPlace,
    HeaderText,
    Location,
    Reaction,
    Row,
    Section,
    Template,
    TemplateButton,
    TemplateButtonKind,
)
from chat4all.domain.received import Context
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.status import Status
from chat4all.domain.templates import (
    AccountTemplate,
    ButtonOfTemplate,
    ButtonType,
    Header,
    HeaderFormat,
    NewTemplate,
    TemplateCategory,
    TemplateNews,
    filled,
)
from chat4all.services.messaging.connector import ChannelSecret, WebhookRequest
from chat4all.services.messaging.template_catalogue import TemplateQuery
from chat4all_local.simulators.client import Simulator, SimulatorError
from chat4all_local.simulators.control_api import (
    BusinessReport,
    OwnReport,
    QualityReport,
    SendRecord,
    TemplateChange,
)
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.whatsapp.manifest import BUSINESS_ACCOUNT_ID, DISPLAY_PHONE_NUMBER
from tests.unit.channels.fake_http import DELIVERY_ID, file_submission, submission
from tests.unit.simulators.calls import PHONE, file_of
from tests.unit.simulators.conftest import running_simulators
from tests.unit.simulators.file_host import FileHost, Page
from tests.unit.simulators.receiver import Receiver, eventually

ACCOUNT = BY_CHANNEL["whatsapp"]
SECRET = ChannelSecret(
    account_id=ACCOUNT.account_id,
    access_token=ACCOUNT.access_token,
    webhook_secret=ACCOUNT.webhook_secret,
    verify_token=ACCOUNT.verify_token,
    business_account_id=ACCOUNT.business_account_id,
)
BUTTONS = Buttons("When?", (Button("today", "Today"), Button("later", "Later")))
LIST = Choices(
    "Which?",
    "Choose",
    (
        Section((Row("r", "Red", "like fire"), Row("b", "Blue")), "Colours"),
        Section((Row("n", "None"),), "Other"),
    ),
)
PICTURE = "https://shop.example/red.jpg"
CAROUSEL = Carousel(
    "Which?",
    (
        Card("Red", "like fire", PICTURE, (CardButton("Take", "r"), CardButton("More", "more r"))),
        Card("Blue", "x" * 155, PICTURE, (CardButton("Take", "b"), CardButton("More", "more b"))),
    ),
)
SHOP = Card("Red", "like\nfire", PICTURE, (CardButton("s" * 20, url="https://shop.example/red"),))


@pytest.fixture
def whatsapp(receiver: Receiver) -> Iterator[Simulator]:
    with running_simulators(providers=("whatsapp",)) as running:
        running.whatsapp.configure(webhook_url=receiver.url)
        running.whatsapp.register(PHONE, "Ana")
        yield running.whatsapp


@pytest.fixture
def connector(whatsapp: Simulator) -> WhatsApp:
    return WhatsApp(HttpClient(), whatsapp.base_url)


def read(connector: WhatsApp, receiver: Receiver) -> list[InboundEvent]:
    """Verify every received webhook, and return their events."""
    events: list[InboundEvent] = []
    for webhook in receiver.received:
        request = WebhookRequest("https://elsewhere.example/", webhook.headers, webhook.body)
        assert connector.verify(request, SECRET)
        events += connector.parse_webhook(webhook.body, SECRET).events
    receiver.received.clear()
    return events


def heard(connector: WhatsApp, receiver: Receiver) -> InboundMessage:
    (event,) = read(connector, receiver)
    assert isinstance(event, InboundMessage)
    return event


def sent(
    connector: WhatsApp, whatsapp: Simulator, content: Plain | OutgoingMedia, quoted: str | None = None
) -> tuple[str, SendRecord]:
    """Send `content`, and return its id at the provider, and what the provider recorded of it."""
    result = connector.send(replace(submission(PHONE, quoted=quoted), content=content), SECRET)
    eventually(lambda: whatsapp.health().webhooks_pending == 0)
    record = whatsapp.transcript().requests[-1]
    assert result == Sent(record.provider_message_id or "")
    return record.provider_message_id or "", record


def statuses(connector: WhatsApp, receiver: Receiver) -> list[InboundStatus]:
    events = [event for event in read(connector, receiver) if isinstance(event, InboundStatus)]
    assert {event.delivery_id for event in events} == {DELIVERY_ID}
    return events


ARRIVED = [Status.SENT, Status.DELIVERED, Status.READ]


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (Text("Olá"), "text", None),
        (
            Location(48.21, -0.00001, "Café", "Herrengasse 14", text="Our café"),
            "location",
            {"latitude": "48.21", "longitude": "-0.00001", "name": "Café", "address": "Herrengasse 14"},
        ),
        (Location(-90, 180), "location", {"latitude": "-90", "longitude": "180"}),
        (BUTTONS, "interactive", {"type": "button"}),
        (Buttons("x" * 1024, (Button("i" * 64, "t" * 20),)), "interactive", {"type": "button"}),
        (LIST, "interactive", {"type": "list"}),
        (Choices("?", "b" * 20, (Section((Row("r", "R"),)),)), "interactive", {"type": "list"}),
        (CAROUSEL, "interactive", {"type": "carousel"}),
        (Carousel("x" * 1024, (SHOP,) * 10), "interactive", {"type": "carousel"}),
    ],
)
def test_each_kind_arrives(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    content: Plain,
    kind: str,
    expected: dict[str, object] | None,
) -> None:
    _, record = sent(connector, whatsapp, content)

    assert record.kind == kind
    if expected is None:
        assert (record.text, record.content) == (content.text, None)
    else:
        assert isinstance(record.content, dict)
        assert expected.items() <= record.content.items()
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


def test_contacts_arrive(whatsapp: Simulator, connector: WhatsApp, receiver: Receiver) -> None:
    people = (Contact("Ana Lima", ("+55 11 1",), ("a@b.example",), "Acme"), Contact("Ben"))

    _, record = sent(connector, whatsapp, Contacts(people, "Two people"))

    assert isinstance(record.content, list)
    assert len(record.content) == 2
    assert "a@b.example" in str(record.content)
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


def test_a_reaction_arrives_and_is_taken_back(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    target = whatsapp.write(PHONE, "Thanks").provider_message_id
    read(connector, receiver)

    for emoji in ("❤️", ""):
        _, record = sent(connector, whatsapp, Reaction(emoji, "A heart"), quoted=target)

        assert (record.kind, record.quoted, record.text) == ("reaction", target, emoji)
        assert [event.status for event in statuses(connector, receiver)] == [Status.SENT]


def test_a_reaction_to_an_unknown_message_fails_for_good(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    sent(connector, whatsapp, Reaction("👍"), quoted="wamid.NOBODY")

    (status,) = statuses(connector, receiver)
    assert (status.status, status.error_code, status.outcome) == (Status.FAILED, "131009", Outcome.PERMANENT)


@pytest.mark.parametrize(
    ("content_type", "form", "kind"),
    [
        ("audio/ogg", Form.VOICE, "voice"),
        ("audio/ogg", None, "audio"),
        ("image/webp", Form.STICKER, "sticker"),
    ],
)
def test_a_file_arrives_in_its_form(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    files: FileHost,
    *,
    content_type: str,
    form: Form | None,
    kind: str,
) -> None:
    media = file_submission(PHONE, content_type).content
    assert isinstance(media, OutgoingMedia)
    data = file_of(content_type)
    url = files.put("/it", Page(data, content_type))

    _, record = sent(connector, whatsapp, replace(media, form=form, url=url))

    assert (record.kind, record.size) == (kind, len(data))
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


@pytest.mark.parametrize(
    ("kind", "form", "content_type"),
    [
        ("voice", Form.VOICE, "audio/ogg; codecs=opus"),
        ("audio", None, "audio/mpeg"),
        ("sticker", Form.STICKER, "image/webp"),
        ("image", None, "image/jpeg"),
    ],
)
def test_a_file_of_a_person_has_its_form(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    kind: str,
    form: Form | None,
    content_type: str,
) -> None:
    whatsapp.write_media(PHONE, kind, content_type)

    content = heard(connector, receiver).content
    assert isinstance(content, ReceivedMedia)
    assert (content.file.form, content.file.content_type) == (form, content_type)
    assert len(b"".join(connector.fetch(content.file, SECRET).pieces)) == 1000


def test_a_person_sends_a_place_and_a_card(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    whatsapp.write(PHONE, "Sé", kind="location")
    place = heard(connector, receiver)
    whatsapp.write(PHONE, "Tom Ruiz", kind="contact")
    card = heard(connector, receiver)

    assert place.content == Location(-23.5505, -46.6333, "Sé", "Praça da Sé, São Paulo")
    assert msgspec.json.decode(place.provider_fields) == {"location": {"url": "https://se.example/"}}
    assert card.content == Contacts(
        (Contact("Tom Ruiz", ("+1 650-555-0001",), ("tom@ruiz.example",), "Ruiz & Co"),)
    )


def test_a_person_reacts_and_takes_it_back(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    target, _ = sent(connector, whatsapp, Text("Hello"))
    read(connector, receiver)

    for emoji in ("👍🏽", ""):
        whatsapp.write(PHONE, emoji, kind="reaction", quoted=target)

        event = heard(connector, receiver)
        assert (event.content, event.quoted_provider_message_id) == (Reaction(emoji), target)


@pytest.mark.parametrize(
    ("asked", "words", "payload"),
    [(BUTTONS, "Later", "later"), (LIST, "Red", "r"), (LIST, "None", "n"), (CAROUSEL, "Take", "r")],
)
def test_a_tap_is_a_text_with_the_payload_that_quotes_the_question(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    asked: Buttons | Choices | Carousel,
    words: str,
    payload: str,
) -> None:
    question, _ = sent(connector, whatsapp, asked)
    read(connector, receiver)

    whatsapp.write(PHONE, words, kind="tap", quoted=question)

    event = heard(connector, receiver)
    assert (event.content, event.context) == (Text(words), Context(payload=payload))
    assert event.quoted_provider_message_id == question


def test_a_changed_number_is_a_notice_and_a_move(
    whatsapp: Simulator, connector: WhatsApp, receiver: Receiver
) -> None:
    whatsapp.write(PHONE, "5511987650000", kind="system")

    told, move = read(connector, receiver)
    assert isinstance(told, InboundMessage)
    assert told.content == Notice("user_changed_number", f"User Ana changed from {PHONE} to 5511987650000")
    assert isinstance(move, InboundMove)
    assert (move.address, move.new_address) == (PHONE, "5511987650000")


def test_what_one_side_calls_a_file_of_a_kind_is_of_this_kind_for_the_other() -> None:
    forms = {rule.form: rule.kind for rule in WhatsApp.capabilities.media if rule.form}

    assert forms == {Form.VOICE: MediaKind.AUDIO, Form.STICKER: MediaKind.IMAGE}


SEE = ButtonOfTemplate(ButtonType.URL, "See", url="https://a.example/{{1}}", sample="https://a.example/1")
ORDER = NewTemplate(
    name="order_ready",
    language="pt_BR",
    category=TemplateCategory.UTILITY,
    body="Olá, {{1}}! O pedido {{2}} está pronto.",
    samples={"1": "Ana", "2": "17"},
    header=Header(HeaderFormat.TEXT, "Pedido {{1}}", "17"),
    footer="Loja",
    buttons=(
        ButtonOfTemplate(ButtonType.QUICK_REPLY, "Obrigada"),
        ButtonOfTemplate(ButtonType.PHONE_NUMBER, "Ligar", phone_number="+15550001"),
        SEE,
        ButtonOfTemplate(ButtonType.COPY_CODE, sample="SAVE10"),
    ),
)
VALUES = Template(
    "order_ready",
    "pt_BR",
    {"1": "Ana", "2": "17"},
    HeaderText("17"),
    (
        TemplateButton(0, TemplateButtonKind.QUICK_REPLY, "thanks"),
        TemplateButton(2, TemplateButtonKind.URL, "17"),
        TemplateButton(3, TemplateButtonKind.COPY_CODE, "SAVE10"),
    ),
)


@pytest.fixture
def catalogue(whatsapp: Simulator) -> WhatsAppTemplates:
    return WhatsAppTemplates(HttpClient(), whatsapp.base_url)


def approved(catalogue: WhatsAppTemplates, whatsapp: Simulator, new: NewTemplate) -> AccountTemplate:
    """Create a template, let the provider approve it, and return it as it is listed."""
    assert catalogue.create(SECRET, new).status == "PENDING"
    whatsapp.change_template(TemplateChange(new.name, new.language))
    (listed,) = catalogue.page(SECRET, TemplateQuery(name=new.name), None, 10).templates
    assert listed.is_usable
    return listed


def test_a_template_is_listed_as_it_was_created(catalogue: WhatsAppTemplates, whatsapp: Simulator) -> None:
    listed = approved(catalogue, whatsapp, ORDER)

    assert (listed.body, listed.samples, listed.header) == (ORDER.body, ORDER.samples, ORDER.header)
    assert [button.type for button in listed.buttons] == [button.type for button in ORDER.buttons]
    with pytest.raises(TemplateExists):
        catalogue.create(SECRET, ORDER)


def test_a_template_arrives_with_its_values_although_the_window_is_closed(
    whatsapp: Simulator, connector: WhatsApp, catalogue: WhatsAppTemplates, receiver: Receiver
) -> None:
    whatsapp.register(PHONE, "Ana", window_open=False)
    message = filled(VALUES, approved(catalogue, whatsapp, ORDER), connector.capabilities)
    (changed,) = read(connector, receiver)

    _, record = sent(connector, whatsapp, message)

    assert isinstance(changed, TemplateChanged)
    assert (changed.owner, changed.news) == (ACCOUNT.business_account_id, TemplateNews("APPROVED", "UTILITY"))
    assert (record.kind, record.text) == ("template", "Olá, Ana! O pedido 17 está pronto.")
    assert [event.status for event in statuses(connector, receiver)] == ARRIVED


def test_named_variables_arrive(
    whatsapp: Simulator, connector: WhatsApp, catalogue: WhatsAppTemplates
) -> None:
    new = NewTemplate(
        name="sale",
        language="en",
        category=TemplateCategory.MARKETING,
        body="Hi {{first_name}}, come {{day}} please.",
        samples={"first_name": "Ana", "day": "today"},
        header=Header(HeaderFormat.TEXT, "Sale {{day}}", "today"),
    )
    template = approved(catalogue, whatsapp, new)
    values = Template("sale", "en", {"day": "now", "first_name": "Ana"}, HeaderText("today"))

    message = filled(values, template, connector.capabilities)
    _, record = sent(connector, whatsapp, message)

    assert record.text == "Hi Ana, come now please."
    assert message.category == "MARKETING"


def test_a_tap_on_a_quick_reply_of_a_template_has_its_payload(
    whatsapp: Simulator, connector: WhatsApp, catalogue: WhatsAppTemplates, receiver: Receiver
) -> None:
    message = filled(VALUES, approved(catalogue, whatsapp, ORDER), connector.capabilities)
    question, _ = sent(connector, whatsapp, message)
    read(connector, receiver)

    whatsapp.write(PHONE, "Obrigada", kind="tap", quoted=question)

    event = heard(connector, receiver)
    assert (event.content, event.context) == (Text("Obrigada"), Context(payload="thanks"))
    assert event.quoted_provider_message_id == question


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "video/mp4"])
def test_the_file_of_a_header_arrives(
    whatsapp: Simulator,
    connector: WhatsApp,
    catalogue: WhatsAppTemplates,
    files: FileHost,
    receiver: Receiver,
    *,
    content_type: str,
) -> None:
    media = file_submission(PHONE, content_type).content
    assert isinstance(media, OutgoingMedia)
    data = file_of(content_type)
    header = replace(media, url=files.put("/it", Page(data, content_type)))
    shown = Header(HeaderFormat(media.kind.value), sample="4::aW")
    approved(catalogue, whatsapp, replace(ORDER, body="Hi", samples={}, header=shown, buttons=()))
    message = Template("order_ready", "pt_BR", header=HeaderFile("file-1"), text="Hi")

    connector.send(replace(submission(PHONE), content=message, header=header), SECRET)
    eventually(lambda: whatsapp.health().webhooks_pending == 0)

    record = whatsapp.transcript().requests[-1]
    assert (record.kind, record.size) == ("template", len(data))


def test_the_place_of_a_header_arrives(
    whatsapp: Simulator, connector: WhatsApp, catalogue: WhatsAppTemplates
) -> None:
    new = replace(ORDER, body="Hi", samples={}, header=Header(HeaderFormat.LOCATION), buttons=())
    approved(catalogue, whatsapp, new)
    place = HeaderPlace(48.2, 16.3, "Café", "Lane 1")

    _, record = sent(connector, whatsapp, Template("order_ready", "pt_BR", header=place, text="Hi"))

    assert "Lane 1" in str(record.content)


def refused_with(connector: WhatsApp, message: Template) -> str:
    result = connector.send(replace(submission(PHONE), content=message), SECRET)
    assert isinstance(result, SendError)
    return result.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "other"}, "132001"),
        ({"language": "pt"}, "132001"),
        ({"parameters": {"1": "Ana"}}, "132000"),
        ({"parameters": {"1": "Ana", "2": "17", "3": "x"}}, "132000"),
        ({"parameters": {"name": "Ana", "other": "17"}}, "132012"),
        ({"parameters": {"1": "Ana", "2": "a\nb"}}, "132018"),
        ({"parameters": {"1": "Ana", "2": "x" * 1100}}, "132005"),
        ({"header": None}, "132000"),
        ({"header": HeaderPlace(1, 2, "a", "b")}, "132012"),
        ({"buttons": ()}, "131008"),
        ({"buttons": (*VALUES.buttons, TemplateButton(1, TemplateButtonKind.URL, "x"))}, "132018"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_provider(
    whatsapp: Simulator,
    connector: WhatsApp,
    catalogue: WhatsAppTemplates,
    *,
    changes: dict[str, object],
    code: str,
) -> None:
    approved(catalogue, whatsapp, ORDER)
    message = replace(VALUES, header=HeaderText("17", "1"), text="x")

    assert refused_with(connector, replace(message, **changes)) == code


@pytest.mark.parametrize(
    ("event", "code"), [("PAUSED", "132015"), ("DISABLED", "132016"), ("REJECTED", "132001")]
)
def test_a_template_that_lost_its_approval_is_refused(
    whatsapp: Simulator, connector: WhatsApp, catalogue: WhatsAppTemplates, *, event: str, code: str
) -> None:
    message = filled(VALUES, approved(catalogue, whatsapp, ORDER), connector.capabilities)

    whatsapp.change_template(
        msgspec.convert({"name": "order_ready", "language": "pt_BR", "event": event}, TemplateChange)
    )

    assert refused_with(connector, message) == code


def test_a_deleted_template_is_gone_and_its_name_stays_taken(
    whatsapp: Simulator, connector: WhatsApp, catalogue: WhatsAppTemplates
) -> None:
    listed = approved(catalogue, whatsapp, ORDER)

    assert not catalogue.delete(SECRET, "order_ready", "1")
    assert catalogue.delete(SECRET, "order_ready", listed.template_id)
    assert not catalogue.delete(SECRET, "order_ready", None)
    assert catalogue.page(SECRET, TemplateQuery(), None, 10).templates == ()
    with pytest.raises(TemplateExists):
        catalogue.create(SECRET, ORDER)


def test_templates_are_listed_in_pages(catalogue: WhatsAppTemplates) -> None:
    for number in range(5):
        catalogue.create(SECRET, replace(ORDER, name=f"t_{number}"))

    first = catalogue.page(SECRET, TemplateQuery(status="PENDING"), None, 3)
    second = catalogue.page(SECRET, TemplateQuery(status="PENDING"), first.next_cursor, 3)

    assert [template.name for page in (first, second) for template in page.templates] == [
        f"t_{number}" for number in range(5)
    ]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Order"},
        {"language": "pt-BR"},
        {"body": "{{1}} is here", "samples": {"1": "a"}},
        {"body": "Hi {{2}}, ok", "samples": {"2": "a"}},
        {"body": "x" * 1025, "samples": {}},
        {"footer": "{{1}}"},
        {"header": Header(HeaderFormat.TEXT, "x" * 61)},
        {"header": Header(HeaderFormat.TEXT, "*x*")},
        {"buttons": (SEE, SEE, SEE)},
        {"buttons": (ORDER.buttons[0], SEE, ORDER.buttons[0])},
        {"buttons": (ButtonOfTemplate(ButtonType.QUICK_REPLY, "x" * 26),)},
    ],
)
def test_what_the_pages_forbid_is_refused_by_the_provider(
    catalogue: WhatsAppTemplates, changes: dict[str, object]
) -> None:
    with pytest.raises(TemplateRefused):
        catalogue.create(SECRET, replace(ORDER, **changes))


@pytest.mark.parametrize(
    ("report", "kind", "event", "reason", "number"),
    [
        (
            QualityReport("FLAGGED", "TIER_2K"),
            "phone_number_quality_update",
            "FLAGGED",
            "TIER_2K",
            DISPLAY_PHONE_NUMBER,
        ),
        (
            QualityReport("UPGRADE", "TIER_10K", "100000000000077"),
            "phone_number_quality_update",
            "UPGRADE",
            "TIER_10K",
            "15550009999",
        ),
        (BusinessReport("DISABLED_UPDATE", "DISABLE"), "account_update", "DISABLED_UPDATE", "DISABLE", None),
        (BusinessReport("ACCOUNT_RESTRICTION", "X"), "account_update", "ACCOUNT_RESTRICTION", "X", None),
        (BusinessReport("ACCOUNT_DELETED"), "account_update", "ACCOUNT_DELETED", None, None),
    ],
)
def test_a_report_of_our_account_is_read(
    whatsapp: Simulator,
    connector: WhatsApp,
    receiver: Receiver,
    *,
    report: OwnReport,
    kind: str,
    event: str,
    reason: str | None,
    number: str | None,
) -> None:
    whatsapp.report_on_us(report)

    (found,) = connector.parse_webhook(receiver.wait_for(1)[-1].body, SECRET).events
    assert isinstance(found, AccountReported)
    assert (found.report.kind, found.report.event, found.report.reason) == (kind, event, reason)
    assert (found.owner, found.number) == (BUSINESS_ACCOUNT_ID, number)


def test_a_report_of_a_number_that_is_not_ours_is_refused(whatsapp: Simulator) -> None:
    with pytest.raises(SimulatorError, match="no number `1`"):
        whatsapp.report_on_us(QualityReport("FLAGGED", "TIER_2K", "1"))
