"""The delivery of an album: one request to the provider, and a record for each file."""

import pytest
from msgspec.structs import replace

from chat4all.domain.content import Album, AlbumFile, Media
from chat4all.domain.delivery import DeliveryPart
from chat4all.domain.delivery_id import DeliveryId
from chat4all.domain.events import DeliveryRequested
from chat4all.domain.files.file import FileStatus
from chat4all.domain.retry import MAX_FAILURES
from chat4all.domain.sending import EARLIER_PART, Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.status import Status
from chat4all.services.messaging.deliver import Deliver, Later, Settled
from tests.fakes.files import a_file
from tests.fakes.product import MESSAGE_ID, Product, a_delivery

NAMES = ("one.png", "two.png", "three.png")
THEIRS = ("7:1", "7:2", "7:3")


@pytest.fixture
def product() -> Product:
    product = Product()
    for name in NAMES:
        product.files.files[name] = a_file(name, filename=name, content_type="image/png", size=400)
    return product


@pytest.fixture
def deliver(product: Product) -> Deliver:
    return product.deliver()


def requests(product: Product) -> list[DeliveryRequested]:
    media = [Media(product.files.files[name].attachment, name[:3]) for name in NAMES]
    first, *others = (
        replace(a_delivery(part=part, part_count=3), content=media[part], album_place=part)
        for part in range(3)
    )
    return [replace(first, album=tuple(media[1:])), *others]


def part(product: Product, number: int) -> DeliveryPart:
    found = product.deliveries.get(DeliveryId(MESSAGE_ID, "ana", "pigeon", number))
    assert found is not None
    return found


def test_all_files_go_in_one_request_and_each_part_has_its_own_id(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent(THEIRS[0], THEIRS)]

    outcomes = [deliver(request) for request in requests(product)]

    assert all(isinstance(outcome, Settled) for outcome in outcomes)
    (submission,) = product.connector.asked
    assert isinstance(submission.content, OutgoingMedia)
    assert [file.filename for file in (submission.content, *submission.album)] == list(NAMES)
    assert [file.text for file in submission.album] == ["two", "thr"]
    assert [part(product, number).status for number in range(3)] == [Status.SENT] * 3
    for number, name in enumerate(THEIRS):
        found = product.deliveries.find("pigeon", "main", name)
        assert found == DeliveryId(MESSAGE_ID, "ana", "pigeon", number)


def test_no_request_of_an_album_sends_it_again(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent(THEIRS[0], THEIRS)]

    for request in requests(product) * 3:
        deliver(request)

    assert len(product.connector.asked) == 1


def test_a_file_waits_for_the_first_of_its_album(product: Product, deliver: Deliver) -> None:
    first, second, _ = requests(product)
    product.connector.answers = [SendError(Outcome.THROTTLED, "429", "Slower.", retry_after_s=7)]

    waits = [deliver(first), deliver(second)]

    assert [wait.wait_s for wait in waits if isinstance(wait, Later)] == [7, 1.0]
    assert product.deliveries.get(second.delivery_id) is None


def test_an_album_that_fails_fails_as_a_whole(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [SendError(Outcome.PERMANENT, "400", "No.")]

    for request in requests(product):
        deliver(request)

    codes = [part(product, number).error_code for number in range(3)]
    assert codes == ["400", EARLIER_PART, EARLIER_PART]
    assert len(product.connector.asked) == 1


def test_transient_failures_of_an_album_count_once(product: Product, deliver: Deliver) -> None:
    first, second, _ = requests(product)
    product.connector.answers = [SendError(Outcome.RETRY, "500", "Broken.")] * MAX_FAILURES

    for _ in range(MAX_FAILURES):
        deliver(first)
    deliver(second)

    assert part(product, 0).status is part(product, 1).status is Status.FAILED
    assert len(product.connector.asked) == MAX_FAILURES


def test_nothing_is_sent_if_a_file_of_the_album_is_gone(product: Product, deliver: Deliver) -> None:
    product.files.files["two.png"] = replace(product.files.files["two.png"], status=FileStatus.INFECTED)

    deliver(requests(product)[0])

    assert part(product, 0).error_code == "FILE_GONE"
    assert not product.connector.asked


def test_an_album_whose_answer_tells_no_ids_is_not_sent_again(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent("unread:x")]

    for request in requests(product) * 2:
        deliver(request)

    assert [part(product, number).status for number in range(3)] == [Status.SENT] * 3
    assert len({part(product, number).provider_message_id for number in range(3)}) == 3
    assert len(product.connector.asked) == 1


def in_one_message(product: Product) -> DeliveryRequested:
    files = tuple(AlbumFile(product.files.files[name].attachment) for name in NAMES)
    return replace(a_delivery(), content=Album(files, "gate"))


def test_an_album_in_one_message_is_one_part_with_one_id(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [Sent("mms-1")]

    outcome = deliver(in_one_message(product))

    assert isinstance(outcome, Settled)
    (submission,) = product.connector.asked
    files = (submission.content, *submission.album)
    assert [file.filename for file in files if isinstance(file, OutgoingMedia)] == list(NAMES)
    assert [file.text for file in files] == ["gate", "", ""]
    assert outcome.delivery.provider_message_id == "mms-1"


@pytest.mark.parametrize("gone", NAMES)
def test_an_album_in_one_message_fails_whole_if_a_file_is_gone(
    product: Product, deliver: Deliver, gone: str
) -> None:
    requested = in_one_message(product)
    product.files.files[gone] = replace(product.files.files[gone], status=FileStatus.DELETED)

    outcome = deliver(requested)

    assert isinstance(outcome, Settled)
    assert (outcome.delivery.status, outcome.delivery.error_code) == (Status.FAILED, "FILE_GONE")
    assert product.connector.asked == []


def test_a_refused_album_in_one_message_is_sent_whole_again(product: Product, deliver: Deliver) -> None:
    product.connector.answers = [SendError(Outcome.RETRY, "2", "busy"), Sent("mms-1")]
    requested = in_one_message(product)

    assert isinstance(deliver(requested), Later)
    product.clock.advance(60)
    assert isinstance(deliver(requested), Settled)

    first, second = product.connector.asked
    assert first == second
