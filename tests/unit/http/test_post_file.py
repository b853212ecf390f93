"""Posting a message with a file: who may use the file, and what remains when the file is deleted."""

import pytest

from chat4all.domain.content import Media, Text
from chat4all.domain.errors import Conflict, Forbidden, Invalid, NotFound
from chat4all.domain.files.file import FileStatus
from chat4all.entrypoints.http.addresses import addresses
from chat4all.entrypoints.http.bodies import body_of
from chat4all.entrypoints.http.messages import AcceptedView, MessageViews, PostMessage
from chat4all.services.messaging.preview_message import PreviewMessage
from tests.fakes.connector import CAPABILITIES
from tests.fakes.files import a_file
from tests.fakes.product import AGENT, ANA, MESSAGE_ID, Product
from tests.unit.http.requests import a_request

PICTURE = {"filename": "it.png", "content_type": "image/png", "size": 400}


@pytest.fixture
def product() -> Product:
    product = Product()
    product.settle(AGENT, ANA)
    product.files.files["file-1"] = a_file(**PICTURE)
    return product


def post(product: Product, *, key: str = "key-1", **fields: object) -> AcceptedView:
    views = MessageViews(
        product.accept,
        product.read,
        frozenset({"pigeon", "telex"}),
        product.ids,
        schedule=product.schedule,
        preview=PreviewMessage(
            product.conversation_cache,
            product.messages,
            CAPABILITIES,
            product.accept.windows,
            product.accept.accounts,
        ),
        attach=product.attach,
        fill_template=product.fill_template(),
        addresses=addresses("https://api.example.com"),
    )
    body = {"conversation_id": "conversation", "sender_id": "agent", "message_id": MESSAGE_ID, **fields}
    request = a_request(body, key)
    answer = views.post(request, body_of(request, PostMessage))
    assert answer.status == 202
    assert isinstance(answer.body, AcceptedView)
    return answer.body


def picture(file_id: str = "file-1", **words: str) -> dict[str, str]:
    return {"type": "media", "file_id": file_id, **words}


@pytest.mark.parametrize("words", [{}, {"text": ""}, {"text": " "}, {"text": "look"}])
def test_a_file_of_the_key_goes_with_words_or_without(product: Product, words: dict[str, str]) -> None:
    post(product, content=picture(**words))

    attachment = product.files.files["file-1"].attachment
    assert product.message().content == Media(attachment, words.get("text", ""))


def test_a_file_of_another_key_does_not(product: Product) -> None:
    with pytest.raises(Forbidden):
        post(product, content=picture(), key="key-2")

    assert product.messages.get(MESSAGE_ID) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        " ",
        {"type": "text", "text": ""},
        {"type": "text", "text": " "},
        {"type": "text"},
        {"text": "hello"},
    ],
)
def test_without_a_file_there_must_be_words(product: Product, content: object) -> None:
    with pytest.raises(Invalid):
        post(product, content=content)


def test_a_text_with_its_type_is_the_same_message_as_the_string(product: Product) -> None:
    first = post(product, content="hello")

    assert post(product, content={"type": "text", "text": "hello"}) == first
    assert product.message().content == Text("hello")


@pytest.mark.parametrize("text", ["x" * 10_001, "\x00"])
def test_with_a_file_the_words_are_checked_all_the_same(product: Product, text: str) -> None:
    with pytest.raises(Invalid):
        post(product, content=picture(text=text))


def test_what_was_accepted_is_accepted_again_when_its_file_is_gone(product: Product) -> None:
    first = post(product, content=picture())
    product.files.files.clear()

    assert post(product, content=picture()) == first
    with pytest.raises(NotFound):
        post(product, content=picture("file-2"))
    with pytest.raises(Conflict):
        post(product, content=picture(text="other words"))


def test_a_file_refused_is_refused_for_a_message_of_before_that_had_none(product: Product) -> None:
    post(product, content="hello")
    product.files.files["file-1"] = a_file(**PICTURE, status=FileStatus.INFECTED)

    with pytest.raises(Conflict) as refused:
        post(product, content=picture(text="hello"))

    assert refused.value.code == "FILE_REFUSED"
