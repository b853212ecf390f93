"""The parts of a delivery that go out together, as one album."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.instagram.manifest import CAPABILITIES as INSTAGRAM
from chat4all.channels.sms.manifest import CAPABILITIES as SMS
from chat4all.channels.telegram.manifest import CAPABILITIES as TELEGRAM
from chat4all.channels.whatsapp.manifest import CAPABILITIES as WHATSAPP
from chat4all.domain.acts import ActKind, ActOn
from chat4all.domain.channel import Capabilities, OtherFiles, Treatment
from chat4all.domain.content import Album, AlbumFile, Content, Media, Text, attachments_of
from chat4all.domain.errors import FileNotPossible
from chat4all.domain.events import MessageAccepted, Recipient, Route
from chat4all.domain.files.file import Attachment, Form
from chat4all.domain.grouping import albums_in
from chat4all.domain.plan_checks import fits
from chat4all.domain.routing import deliveries, parts_of
from chat4all.domain.treatments import treatment_of
from tests.fakes.people import customer

CHAT = "424242"
FILES = {
    "photo": Attachment("p", "p.jpg", "image/jpeg", 1000),
    "large": Attachment("l", "l.jpg", "image/jpeg", 8_000_000),
    "video": Attachment("v", "v.mp4", "video/mp4", 1000),
    "music": Attachment("m", "m.mp3", "audio/mpeg", 1000),
    "pdf": Attachment("d", "d.pdf", "application/pdf", 1000),
    "gif": Attachment("g", "g.gif", "image/gif", 1000),
    "voice": Attachment("o", "o.ogg", "audio/ogg", 1000, codec="opus", form=Form.VOICE),
}


def parts(*names: str) -> list[Content]:
    return [Media(FILES[name]) for name in names]


@pytest.mark.parametrize(
    ("names", "albums"),
    [
        (("photo",), []),
        (("photo", "photo"), [range(2)]),
        (("photo", "video", "photo"), [range(3)]),
        (("photo", "pdf", "pdf"), [range(1, 3)]),
        (("photo", "photo", "music", "music"), [range(2), range(2, 4)]),
        (("pdf", "music"), []),
        (("pdf", "gif", "pdf"), []),
        (("voice", "voice"), []),
        (("photo", "large", "photo"), []),
        (("photo",) * 10, [range(10)]),
        (("photo",) * 12, [range(10), range(10, 12)]),
        (("photo",) * 11, [range(10)]),
    ],
)
def test_files_that_the_provider_groups_go_together(names: tuple[str, ...], albums: list[range]) -> None:
    assert albums_in(parts(*names), TELEGRAM, CHAT) == albums


@given(st.lists(st.sampled_from(sorted(FILES)), max_size=25))
def test_albums_are_runs_of_two_to_ten_parts_in_order(names: list[str]) -> None:
    albums = albums_in(parts(*names), TELEGRAM, CHAT)

    assert all(2 <= len(album) <= 10 for album in albums)
    grouped = [number for album in albums for number in album]
    assert grouped == sorted(set(grouped))
    assert not {names[number] for number in grouped} & {"voice", "gif", "large"}


PHOTO = FILES["photo"]
AMERICAN = "+16505550100"


def shown_as(content: Album, capabilities: Capabilities, address: str) -> list[object]:
    """Return for each part its text, or the number of its files with the text."""
    found: list[object] = []
    for part in parts_of(content, capabilities, address):
        files = len(attachments_of(part))
        found.append((files, part.text) if files else part.text)
    return found


@pytest.mark.parametrize(
    ("captions", "text", "instagram", "sms"),
    [
        (("", "", ""), "", [(3, "")], [(3, "")]),
        (("", "", ""), "gate", [(3, ""), "gate"], [(3, "gate")]),
        (("gate", "", ""), "", [(3, ""), "gate"], [(3, "gate")]),
        (("gate", "oak", ""), "", [(1, ""), "gate", (2, ""), "oak"], [(1, "gate"), (2, "oak")]),
        (("", " ", ""), "", [(3, "")], [(3, "")]),
        (("",) * 12, "", [(10, ""), (2, "")], [(10, ""), (2, "")]),
        (("",) * 11, "gate", [(10, ""), "gate", (1, "")], [(10, "gate"), (1, "")]),
        (("", ""), "x" * 1700, [(2, ""), "x" * 1000, "x" * 700], [(2, ""), "x" * 1600, "x" * 100]),
    ],
)
def test_pictures_go_in_one_message_with_the_words_of_all(
    captions: tuple[str, ...], text: str, instagram: list[object], sms: list[object]
) -> None:
    content = Album(tuple(AlbumFile(PHOTO, caption) for caption in captions), text)

    assert shown_as(content, INSTAGRAM, "17841400000000001") == instagram
    assert shown_as(content, SMS, AMERICAN) == sms
    is_whole = sum(isinstance(part, tuple) for part in sms) == 1
    assert (treatment_of(content, SMS, AMERICAN) is Treatment.FULL) is is_whole


def test_files_that_no_such_message_takes_go_alone() -> None:
    names = ("photo", "pdf", "photo", "photo", "video", "large")
    content = Album(tuple(AlbumFile(FILES[name]) for name in names))

    counts = [len(attachments_of(part)) for part in parts_of(content, INSTAGRAM, "17841400000000001")]

    assert counts == [1, 1, 2, 1, 1]
    assert treatment_of(content, INSTAGRAM, "17841400000000001") is Treatment.SEPARATE


def test_the_files_and_the_text_of_an_mms_have_one_limit() -> None:
    files = [replace(PHOTO, size=size) for size in (2_000_000, 2_000_000, 999_990, 1_000_001)]

    content = Album(tuple(map(AlbumFile, files)), "0123456789")
    assert shown_as(content, SMS, AMERICAN) == [(3, "0123456789"), (1, "")]
    content = Album(tuple(map(AlbumFile, files)), "01234567890")
    assert shown_as(content, SMS, AMERICAN) == [(2, "01234567890"), (2, "")]


def test_pictures_to_a_country_without_mms_are_links_one_by_one() -> None:
    content = Album((AlbumFile(PHOTO), AlbumFile(PHOTO)), "gate")

    assert treatment_of(content, SMS, "+5511987654321") is Treatment.LINK
    assert all(not isinstance(part, Album) for part in parts_of(content, SMS, "+5511987654321"))


def test_a_persons_album_is_passed_on_file_by_file() -> None:
    content = Album((AlbumFile(PHOTO), AlbumFile(PHOTO)))
    to = (Recipient("ana", "sms", "main", AMERICAN, 1),)
    event = MessageAccepted("m", "c", content, to, "2026-01-31T12:00:00.000Z", "1", 1, is_relayed=True)

    assert [request.content for request in deliveries(event, {"sms": SMS})] == [Media(PHOTO), Media(PHOTO)]


@given(
    st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=25),
    st.lists(st.sampled_from(["", "a"]), min_size=25, max_size=25),
)
def test_every_file_goes_once_in_its_order(names: list[str], captions: list[str]) -> None:
    content = Album(tuple(map(AlbumFile, (FILES[name] for name in names), captions)))

    for capabilities, address in ((INSTAGRAM, "1784"), (SMS, AMERICAN), (TELEGRAM, CHAT)):
        parts = parts_of(content, capabilities, address)
        assert [file for part in parts for file in attachments_of(part)] == [FILES[name] for name in names]
        assert "".join(part.text for part in parts) == "".join(captions[: len(names)])


def accepted(content: Content, act: ActOn | None = None) -> MessageAccepted:
    to = (Recipient("ana", "telegram", "main", CHAT, 1),)
    return MessageAccepted("m", "c", content, to, "2026-01-31T12:00:00.000Z", "1", 1, act=act)


def album(*files: AlbumFile) -> Album:
    return Album(files)


def test_the_first_part_carries_the_files_of_the_others_which_know_their_place() -> None:
    photo, video = FILES["photo"], FILES["video"]
    content = album(AlbumFile(photo, "gate"), AlbumFile(video), AlbumFile(FILES["pdf"]))

    first, second, third = deliveries(accepted(content), {"telegram": TELEGRAM})

    assert (first.content, first.album, first.album_place) == (Media(photo, "gate"), (Media(video),), 0)
    assert (second.content, second.album, second.album_place) == (Media(video), (), 1)
    assert (third.album, third.album_place) == ((), 0)


def test_a_caption_that_does_not_fit_goes_behind_its_file_and_ends_the_album() -> None:
    long = AlbumFile(FILES["photo"], "x" * 2000)
    content = album(AlbumFile(FILES["photo"]), long, AlbumFile(FILES["photo"]), AlbumFile(FILES["photo"]))

    requested = deliveries(accepted(content), {"telegram": TELEGRAM})

    assert [isinstance(request.content, Text) for request in requested] == [False, False, True, False, False]
    assert [request.album_place for request in requested] == [0, 1, 0, 0, 1]
    assert [request.content for request in requested] == parts_of(content, TELEGRAM, CHAT)


def test_an_edit_changes_each_file_alone() -> None:
    content = album(AlbumFile(FILES["photo"], "a"), AlbumFile(FILES["photo"], "b"))

    requested = deliveries(accepted(content, ActOn(ActKind.EDIT, "m")), {"telegram": TELEGRAM})

    assert [(request.album, request.album_place) for request in requested] == [((), 0), ((), 0)]


@pytest.mark.parametrize(
    ("files", "text", "treatment"),
    [
        (("photo", "video"), "gate", Treatment.FULL),
        (("photo", "video"), "x" * 2000, Treatment.SEPARATE),
        (("photo", "pdf"), "", Treatment.SEPARATE),
        (("photo", "large"), "", Treatment.SEPARATE),
    ],
)
def test_only_files_that_all_go_together_are_shown_as_an_album(
    files: tuple[str, ...], text: str, treatment: Treatment
) -> None:
    content = Album(tuple(AlbumFile(FILES[name]) for name in files), text)

    assert treatment_of(content, TELEGRAM, CHAT) is treatment
    assert treatment_of(content, WHATSAPP, "5511987654321") is not Treatment.FULL


def test_a_rejected_file_of_an_album_is_named() -> None:
    strict = replace(TELEGRAM, other_files=OtherFiles.REJECTED, media=TELEGRAM.media[-4:-2])
    content = Album((AlbumFile(FILES["music"]), AlbumFile(FILES["photo"]), AlbumFile(FILES["music"])))
    person = customer("ana", "telegram")

    found = fits({"telegram": strict})(person, Route("telegram", "main", CHAT), content)

    assert found is not None
    assert (found.error, found.field) == (FileNotPossible, "content.files[1].file_id")
    assert "image/jpeg" in found.reason
