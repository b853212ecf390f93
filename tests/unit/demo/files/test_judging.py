from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all_local.api_shapes import Delivery, Message, MessageStatus
from chat4all_local.demo.cast import CHANNELS, GROUP
from chat4all_local.demo.files.judging import FilesVerdict, Way, judge_files
from chat4all_local.demo.files.props import BACK, PHOTO, SENDER, VIDEO
from chat4all_local.demo.files.seen import Content, FilesSeen
from chat4all_local.demo.files.sent import Sent
from chat4all_local.simulators.control_api import SendRecord

Records = tuple[SendRecord, ...]
Messages = tuple[Message, ...]


def provided(seen: FilesSeen, channel: str, change: Callable[[Records], Records]) -> FilesSeen:
    since = seen.since_texts
    changed = {**since.provided, channel: change(since.provided[channel])}
    return replace(seen, since_texts=replace(since, provided=changed))


def history(seen: FilesSeen, conversation: str, change: Callable[[Messages], Messages]) -> FilesSeen:
    since = seen.since_texts
    changed = {**since.histories, conversation: change(since.histories.get(conversation, ()))}
    return replace(seen, since_texts=replace(since, histories=changed))


def content(seen: FilesSeen, key: str, came: Content) -> FilesSeen:
    assert key in seen.contents
    return replace(seen, contents={**seen.contents, key: came})


def link_of(seen: FilesSeen, channel: str) -> str:
    return next(key for key in seen.contents if key.endswith(f"/{channel}"))


def faults(verdict: FilesVerdict) -> dict[str, int]:
    """How many there are of each kind of which there are any."""
    kinds = ("lost", "late", "wrong", "duplicates", "strange")
    return {kind: len(getattr(verdict, kind)) for kind in kinds if getattr(verdict, kind)}


def way(verdict: FilesVerdict, name: str, channel: str) -> Way:
    return next(row.ways[channel] for row in verdict.rows if row.name == name)


def test_when_all_went_well_every_file_came_as_it_should(sent: Sent, files_seen: FilesSeen) -> None:
    verdict = judge_files(sent, files_seen)
    assert verdict.is_good
    assert [row.name for row in verdict.rows] == [PHOTO, VIDEO, BACK]
    for channel in CHANNELS:
        assert way(verdict, PHOTO, channel) == Way("media", 1, "media", 400_000, sha256_ok=True)
        assert way(verdict, VIDEO, channel) == Way("link", 1, "link", 200_000_000, sha256_ok=True)
    assert way(verdict, BACK, SENDER.channel) == Way("received", 1, "received", 300_000, sha256_ok=True)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("place", [0, 1])
def test_what_a_provider_never_got_is_lost(
    sent: Sent, files_seen: FilesSeen, channel: str, place: int
) -> None:
    spoilt = provided(files_seen, channel, lambda records: records[:place] + records[place + 1 :])
    verdict = judge_files(sent, spoilt)
    assert faults(verdict) == {"lost": 1}
    assert not verdict.is_complete


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("place", [0, 1])
def test_what_came_twice_is_doubled(sent: Sent, files_seen: FilesSeen, channel: str, place: int) -> None:
    verdict = judge_files(sent, provided(files_seen, channel, lambda records: (*records, records[place])))
    assert faults(verdict) == {"duplicates": 1}
    assert not verdict.is_good


def test_media_of_other_bytes_is_wrong(sent: Sent, files_seen: FilesSeen) -> None:
    def change(records: Records) -> Records:
        return (replace(records[0], sha256="another"), *records[1:])

    verdict = judge_files(sent, provided(files_seen, "whatsapp", change))
    assert verdict.wrong == ("photo.jpg at WhatsApp (other bytes)",)
    assert not verdict.is_good


def test_media_that_the_provider_has_not_fetched_yet_has_not_come(sent: Sent, files_seen: FilesSeen) -> None:
    def change(records: Records) -> Records:
        return (replace(records[0], sha256=None, size=None), *records[1:])

    assert faults(judge_files(sent, provided(files_seen, "whatsapp", change))) == {"lost": 1}


@pytest.mark.parametrize(
    "came", [Content(200_000_000, "another"), Content(1000, None), Content(0, None)], ids=repr
)
def test_a_link_to_other_bytes_or_to_none_is_wrong(sent: Sent, files_seen: FilesSeen, came: Content) -> None:
    verdict = judge_files(sent, content(files_seen, link_of(files_seen, "telegram"), came))
    assert verdict.wrong == ("video.mp4 at Telegram (other bytes)",)
    assert way(verdict, VIDEO, "telegram").bytes == came.size


def test_a_link_that_nobody_has_followed_has_brought_nothing(sent: Sent, files_seen: FilesSeen) -> None:
    contents = dict(files_seen.contents)
    del contents[link_of(files_seen, "telegram")]
    assert faults(judge_files(sent, replace(files_seen, contents=contents))) == {"lost": 1}


def test_a_photo_that_goes_as_a_link_went_the_wrong_way(sent: Sent, files_seen: FilesSeen) -> None:
    # Given a link in the photo's place, behind which the photo is
    url = "http://127.0.0.1:4566/api/v1/links/photo"

    def change(records: Records) -> Records:
        as_link = replace(records[1], text=f"📎 photo.jpg (400 KB)\n{url}")
        return (as_link, records[1])

    spoilt = provided(files_seen, "instagram", change)
    made = sent.made[PHOTO]
    spoilt = replace(spoilt, contents={**spoilt.contents, url: Content(made.size, made.sha256)})
    # Then it is the right photo, but not as Instagram should get it
    verdict = judge_files(sent, spoilt)
    assert verdict.wrong == ("photo.jpg at Instagram (link, not media)",)


def test_a_file_at_another_person_is_strange_and_lost(sent: Sent, files_seen: FilesSeen) -> None:
    def misdirect(records: Records) -> Records:
        return (replace(records[0], address="999"), *records[1:])

    assert faults(judge_files(sent, provided(files_seen, "telegram", misdirect))) == {"lost": 1, "strange": 1}


def test_a_text_that_comes_once_more_is_strange(sent: Sent, files_seen: FilesSeen) -> None:
    def repeat(records: Records) -> Records:
        return (*records, replace(records[1], text="Hello [telegram-1]"))

    assert faults(judge_files(sent, provided(files_seen, "telegram", repeat))) == {"strange": 1}


def test_a_photo_that_the_agent_never_got_is_lost(sent: Sent, files_seen: FilesSeen) -> None:
    verdict = judge_files(sent, history(files_seen, SENDER.channel, lambda messages: messages[:-1]))
    assert verdict.lost == ("from Ana by WhatsApp",)


def test_a_photo_that_was_received_twice_is_doubled(sent: Sent, files_seen: FilesSeen) -> None:
    verdict = judge_files(
        sent, history(files_seen, SENDER.channel, lambda messages: (*messages, messages[-1]))
    )
    assert faults(verdict) == {"duplicates": 1}


def test_a_photo_that_was_refused_on_the_way_in_is_wrong(sent: Sent, files_seen: FilesSeen) -> None:
    verdict = judge_files(sent, content(files_seen, "file-from-customer", Content(0, None)))
    assert faults(verdict) == {"wrong": 1}


@pytest.mark.parametrize("conversation", ["telegram", GROUP])
def test_a_photo_in_another_conversation_is_strange(
    sent: Sent, files_seen: FilesSeen, conversation: str
) -> None:
    stray = files_seen.since_texts.histories[SENDER.channel][-1]
    assert stray.content.file is not None
    content = replace(stray.content, file=replace(stray.content.file, file_id="stray"))
    stray = replace(stray, content=content)
    verdict = judge_files(sent, history(files_seen, conversation, lambda messages: (*messages, stray)))
    assert faults(verdict) == {"strange": 1}


def test_a_status_that_has_not_come_is_late(sent: Sent, files_seen: FilesSeen) -> None:
    message_id = sent.accepted[VIDEO, "whatsapp"].message_id
    unread = MessageStatus(message_id, "SENT", (), 0, (Delivery("u-2", "whatsapp", "DELIVERED"),))
    since = files_seen.since_texts
    since = replace(since, statuses={**since.statuses, message_id: unread})
    verdict = judge_files(sent, replace(files_seen, since_texts=since))
    assert verdict.late == ("video.mp4 at WhatsApp: not yet READ",)
    assert not verdict.is_complete


def test_at_the_beginning_everything_is_missing(sent: Sent) -> None:
    verdict = judge_files(Sent(sent.made), FilesSeen())
    assert len(verdict.lost) == 2 * len(CHANNELS) + 1
    assert not verdict.is_complete
