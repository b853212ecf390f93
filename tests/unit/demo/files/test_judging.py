from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chat4all.channels.registry import names
from chat4all.domain.content import Media
from chat4all.entrypoints.http.message_views import MessageView
from chat4all_local.demo.files.judging import FilesVerdict, Way, judge_files
from chat4all_local.demo.files.observed import Content, FilesObserved
from chat4all_local.demo.files.props import PHOTO, VIDEO
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.participants import BY_CHANNEL, GROUP, SHOWN
from tests.unit.answers import delivery_view, progress_view

SENDER = SHOWN[0]
Records = tuple[SendRecord, ...]
Messages = tuple[MessageView, ...]


def provided(observed: FilesObserved, channel: str, change: Callable[[Records], Records]) -> FilesObserved:
    since = observed.since_texts
    changed = {**since.provided, channel: change(since.provided[channel])}
    return replace(observed, since_texts=replace(since, provided=changed))


def history(
    observed: FilesObserved, conversation: str, change: Callable[[Messages], Messages]
) -> FilesObserved:
    since = observed.since_texts
    changed = {**since.histories, conversation: change(since.histories.get(conversation, ()))}
    return replace(observed, since_texts=replace(since, histories=changed))


def content(observed: FilesObserved, key: str, came: Content) -> FilesObserved:
    assert key in observed.contents
    return replace(observed, contents={**observed.contents, key: came})


def link_of(observed: FilesObserved, channel: str) -> str:
    return next(key for key in observed.contents if key.endswith(f"/{channel}"))


def faults(verdict: FilesVerdict) -> dict[str, int]:
    """Count the faults of each kind; kinds without faults are left out."""
    kinds = ("lost", "late", "wrong", "duplicates", "strange")
    return {kind: len(getattr(verdict, kind)) for kind in kinds if getattr(verdict, kind)}


def way(verdict: FilesVerdict, name: str, channel: str) -> Way:
    return next(row.ways[channel] for row in verdict.rows if row.name == name)


def test_when_all_went_well_every_file_came_as_it_should(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    verdict = judge_files(files_sent, files_observed)
    assert verdict.is_good
    assert [row.name for row in verdict.rows] == [PHOTO, VIDEO, "from Ana"]
    for channel in SHOWN:
        assert way(verdict, PHOTO, channel) == Way("media", 1, "media", 400_000, sha256_ok=True)
        assert way(verdict, VIDEO, channel) == Way("link", 1, "link", 200_000_000, sha256_ok=True)
    assert way(verdict, "from Ana", SENDER) == Way("received", 1, "received", 300_000, sha256_ok=True)


@pytest.mark.parametrize("channels", [names(), ("telegram", "sms")])
def test_every_channel_that_takes_part_gets_the_photo_and_the_link(
    files_sent: FilesSent, files_observed: FilesObserved, channels: tuple[str, ...]
) -> None:
    verdict = judge_files(files_sent, files_observed)
    assert verdict.is_good
    for name, how in ((PHOTO, "media"), (VIDEO, "link")):
        assert [way(verdict, name, channel).how for channel in channels] == [how] * len(channels)
    sender = BY_CHANNEL[channels[0]]
    assert way(verdict, f"from {sender.name}", sender.channel).how == "received"


@pytest.mark.parametrize("channel", SHOWN)
@pytest.mark.parametrize("place", [0, 1])
def test_what_a_provider_never_got_is_lost(
    files_sent: FilesSent, files_observed: FilesObserved, channel: str, place: int
) -> None:
    spoilt = provided(files_observed, channel, lambda records: records[:place] + records[place + 1 :])
    verdict = judge_files(files_sent, spoilt)
    assert faults(verdict) == {"lost": 1}
    assert not verdict.is_complete


@pytest.mark.parametrize("channel", SHOWN)
@pytest.mark.parametrize("place", [0, 1])
def test_what_came_twice_is_doubled(
    files_sent: FilesSent, files_observed: FilesObserved, channel: str, place: int
) -> None:
    verdict = judge_files(
        files_sent, provided(files_observed, channel, lambda records: (*records, records[place]))
    )
    assert faults(verdict) == {"duplicates": 1}
    assert not verdict.is_good


def test_media_of_other_bytes_is_wrong(files_sent: FilesSent, files_observed: FilesObserved) -> None:
    def change(records: Records) -> Records:
        return (replace(records[0], sha256="another"), *records[1:])

    verdict = judge_files(files_sent, provided(files_observed, "whatsapp", change))
    assert verdict.wrong == ("photo.jpg at WhatsApp (other bytes)",)
    assert not verdict.is_good


def test_media_that_the_provider_has_not_fetched_yet_has_not_come(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    def change(records: Records) -> Records:
        return (replace(records[0], sha256=None, size=None), *records[1:])

    assert faults(judge_files(files_sent, provided(files_observed, "whatsapp", change))) == {"lost": 1}


@pytest.mark.parametrize(
    "came", [Content(200_000_000, "another"), Content(1000, None), Content(0, None)], ids=repr
)
def test_a_link_to_other_bytes_or_to_none_is_wrong(
    files_sent: FilesSent, files_observed: FilesObserved, came: Content
) -> None:
    verdict = judge_files(files_sent, content(files_observed, link_of(files_observed, "telegram"), came))
    assert verdict.wrong == ("video.mp4 at Telegram (other bytes)",)
    assert way(verdict, VIDEO, "telegram").bytes == came.size


def test_a_link_that_nobody_has_followed_has_brought_nothing(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    contents = dict(files_observed.contents)
    del contents[link_of(files_observed, "telegram")]
    assert faults(judge_files(files_sent, replace(files_observed, contents=contents))) == {"lost": 1}


def test_a_photo_that_goes_as_a_link_went_the_wrong_way(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    # Given a text with a link to the photo instead of the photo
    url = "http://127.0.0.1:4566/api/v1/links/photo"

    def change(records: Records) -> Records:
        as_link = replace(records[1], text=f"📎 photo.jpg (400 KB)\n{url}")
        return (as_link, records[1])

    spoilt = provided(files_observed, "instagram", change)
    made = files_sent.made[PHOTO]
    spoilt = replace(spoilt, contents={**spoilt.contents, url: Content(made.size, made.sha256)})
    # Then the photo is right, but Instagram should not get it as a link
    verdict = judge_files(files_sent, spoilt)
    assert verdict.wrong == ("photo.jpg at Instagram (link, not media)",)


def test_a_file_at_another_person_is_strange_and_lost(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    def misdirect(records: Records) -> Records:
        return (replace(records[0], address="999"), *records[1:])

    assert faults(judge_files(files_sent, provided(files_observed, "telegram", misdirect))) == {
        "lost": 1,
        "strange": 1,
    }


def test_a_text_that_comes_once_more_is_strange(files_sent: FilesSent, files_observed: FilesObserved) -> None:
    def repeat(records: Records) -> Records:
        return (*records, replace(records[1], text="Hello [telegram-1]"))

    assert faults(judge_files(files_sent, provided(files_observed, "telegram", repeat))) == {"strange": 1}


def test_a_photo_that_the_agent_never_got_is_lost(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    verdict = judge_files(files_sent, history(files_observed, SENDER, lambda messages: messages[:-1]))
    assert verdict.lost == ("from Ana by WhatsApp",)


def test_a_photo_that_was_received_twice_is_doubled(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    verdict = judge_files(
        files_sent, history(files_observed, SENDER, lambda messages: (*messages, messages[-1]))
    )
    assert faults(verdict) == {"duplicates": 1}


def test_a_photo_that_was_refused_on_the_way_in_is_wrong(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    verdict = judge_files(files_sent, content(files_observed, "file-from-customer", Content(0, None)))
    assert faults(verdict) == {"wrong": 1}


@pytest.mark.parametrize("conversation", ["telegram", GROUP])
def test_a_photo_in_another_conversation_is_strange(
    files_sent: FilesSent, files_observed: FilesObserved, conversation: str
) -> None:
    stray = files_observed.since_texts.histories[SENDER][-1]
    assert isinstance(stray.content, Media)
    content = replace(stray.content, file=replace(stray.content.file, file_id="stray"))
    stray = replace(stray, content=content)
    verdict = judge_files(
        files_sent, history(files_observed, conversation, lambda messages: (*messages, stray))
    )
    assert faults(verdict) == {"strange": 1}


def test_a_status_that_has_not_come_is_late(files_sent: FilesSent, files_observed: FilesObserved) -> None:
    message_id = files_sent.accepted[VIDEO, "whatsapp"].message_id
    unread = progress_view(message_id, delivery_view("whatsapp", "DELIVERED"))
    since = files_observed.since_texts
    since = replace(since, statuses={**since.statuses, message_id: unread})
    verdict = judge_files(files_sent, replace(files_observed, since_texts=since))
    assert verdict.late == ("video.mp4 at WhatsApp: not yet READ",)
    assert not verdict.is_complete


def test_at_the_beginning_everything_is_missing(files_sent: FilesSent) -> None:
    verdict = judge_files(FilesSent(files_sent.made, SHOWN), FilesObserved())
    assert len(verdict.lost) == 2 * len(SHOWN) + 1
    assert not verdict.is_complete
