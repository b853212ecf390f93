import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat4all.channels.instagram.connector import Instagram
from chat4all.channels.instagram.failures import INSTAGRAM_FAILURES
from chat4all.channels.instagram.manifest import CAPABILITIES
from chat4all.channels.shared.answers import sent_unread
from chat4all.channels.shared.http import HttpAnswer, NetworkFailure
from chat4all.domain.channel import Treatment
from chat4all.domain.content import Media, Plain, Text
from chat4all.domain.errors import Invalid
from chat4all.domain.files.file import Attachment, Form
from chat4all.domain.kinds import (
    Button,
    Buttons,
    Choices,
    Contact,
    Contacts,
    Location,
    Reaction,
    Row,
    Section,
)
from chat4all.domain.routing import parts_of
from chat4all.domain.sending import Outcome, OutgoingMedia, SendError, Sent
from chat4all.domain.treatments import treatment_of
from chat4all.domain.wording import worded
from tests.unit.channels.fake_http import (
    DELIVERY_ID,
    SECRET,
    FakeHttp,
    answer,
    error_of,
    file_submission,
    graph_error,
    sent_of,
    submission,
)

BASE = "https://graph.instagram.example"
IGSID = "1535148674817116"
ACCEPTED = answer(200, {"recipient_id": IGSID, "message_id": "aWdfZAG1"})


def test_a_tag_goes_out_with_its_type() -> None:
    http = FakeHttp(ACCEPTED)

    Instagram(http, BASE).send(replace(submission(IGSID, "Olá"), tag="HUMAN_AGENT"), SECRET)

    assert http.sent_json() == {
        "recipient": {"id": IGSID},
        "message": {"text": "Olá", "metadata": DELIVERY_ID},
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
    }


def test_a_text_is_posted_to_the_account_with_the_token_and_the_deliverys_id() -> None:
    http = FakeHttp(ACCEPTED)

    result = Instagram(http, BASE + "/").send(submission(IGSID, "Olá 👋", quoted="aWdfQ"), SECRET)

    assert result == Sent("aWdfZAG1")
    (request,) = http.requests
    assert request.url == "https://graph.instagram.example/v25.0/106540352242922/messages"
    assert request.headers == {"authorization": "Bearer 123456:token"}
    assert http.sent_json() == {
        "recipient": {"id": IGSID},
        "message": {"text": "Olá 👋", "metadata": DELIVERY_ID},
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_as_it_is(text: str) -> None:
    http = FakeHttp(ACCEPTED)

    Instagram(http, BASE).send(submission(IGSID, text), SECRET)

    sent = http.sent_json()
    assert isinstance(sent, dict)
    assert sent["message"]["text"] == text


OUTCOMES = {
    **dict.fromkeys((4, 17, 32, 613, 80002, 80006), Outcome.THROTTLED),
    **dict.fromkeys((2, 1200), Outcome.RETRY),
    10: Outcome.PERMANENT,
    100: Outcome.PERMANENT,
    551: Outcome.UNREACHABLE,
    190: Outcome.CHANNEL_PAUSED,
}


@pytest.mark.parametrize(("code", "outcome"), OUTCOMES.items())
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_each_known_code_has_its_outcome_whatever_the_status(
    status: int, code: int, outcome: Outcome
) -> None:
    error = error_of(Instagram(FakeHttp(graph_error(status, code)), BASE), IGSID)

    assert (error.outcome, error.code) == (outcome, str(code))
    assert error.reason.endswith(".")
    assert (error.retry_after_s is not None) is (outcome is Outcome.THROTTLED)


def test_the_table_under_test_is_the_whole_table() -> None:
    assert set(INSTAGRAM_FAILURES.codes) == set(OUTCOMES)
    assert not INSTAGRAM_FAILURES.ranges


def test_a_closed_window_is_told_in_words() -> None:
    error = error_of(Instagram(FakeHttp(graph_error(403, 10)), BASE), IGSID)

    assert error.reason == "The person has not written in the last 24 hours; Instagram allows no message."


@pytest.mark.parametrize(
    ("response", "outcome", "code"),
    [
        (graph_error(400, 100), Outcome.PERMANENT, "100"),
        (graph_error(500, 1), Outcome.RETRY, "1"),
        (HttpAnswer(503, {}, b"<html></html>"), Outcome.RETRY, "503"),
        (HttpAnswer(429, {"retry-after": "9"}, b""), Outcome.THROTTLED, "429"),
        (NetworkFailure(may_have_arrived=True), Outcome.RETRY, "NETWORK"),
    ],
)
def test_what_is_not_in_the_table_is_judged_by_status(
    response: HttpAnswer | NetworkFailure, outcome: Outcome, code: str
) -> None:
    error = error_of(Instagram(FakeHttp(response), BASE), IGSID)

    assert (error.outcome, error.code) == (outcome, code)


@pytest.mark.parametrize("body", [b"", b"ok", b"{}", b'{"message_id":7}', b'{"message_id":""}', b"\xff"])
def test_an_accepted_message_without_a_readable_id_is_sent_and_not_sent_again(body: bytes) -> None:
    sent = sent_of(Instagram(FakeHttp(HttpAnswer(200, {}, body)), BASE), IGSID)

    assert sent == sent_unread(DELIVERY_ID)


def test_a_person_is_keyed_by_digits() -> None:
    assert Instagram(FakeHttp(), BASE).canonical_address(f" {IGSID} ") == IGSID


@pytest.mark.parametrize("address", ["", " ", "ana", "@ana", "-5", "+5", "5.0", "\u0665", "1" * 33, "5\n6"])
def test_what_is_no_scoped_id_is_invalid(address: str) -> None:
    with pytest.raises(Invalid):
        Instagram(FakeHttp(), BASE).canonical_address(address)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("image/png", "image"), ("video/mp4", "video"), ("audio/mp4", "audio"), ("application/pdf", "file")],
)
def test_a_file_is_sent_by_its_address_as_what_it_is(content_type: str, kind: str) -> None:
    http = FakeHttp(ACCEPTED)

    result = Instagram(http, BASE).send(file_submission(IGSID, content_type), SECRET)

    assert result == Sent("aWdfZAG1")
    assert http.sent_json() == {
        "recipient": {"id": IGSID},
        "message": {
            "attachment": {"type": kind, "payload": {"url": "https://store.example/invoice?signed=1"}},
            "metadata": DELIVERY_ID,
        },
    }


@pytest.mark.parametrize(
    ("account", "url_id"), [("main", SECRET.account_id), ("17841400000000999", "17841400000000999")]
)
def test_a_message_leaves_from_the_account_that_the_person_wrote_to(account: str, url_id: str) -> None:
    http = FakeHttp(ACCEPTED)

    Instagram(http, BASE).send(replace(submission(IGSID), account=account), SECRET)

    assert http.requests[0].url == f"{BASE}/v25.0/{url_id}/messages"


def rows(count: int = 2, title: str = "Row", description: str = "") -> Choices:
    made = tuple(Row(f"id-{number}", f"{title} {number}", description) for number in range(count))
    return Choices("Which?", "Choose", (Section(made),))


def buttons(count: int = 2, title: str = "Day", text: str = "When?") -> Buttons:
    return Buttons(text, tuple(Button(f"id-{number}", f"{title} {number}") for number in range(count)))


def posted(content: Plain, quoted: str | None = None) -> object:
    http = FakeHttp(ACCEPTED)
    Instagram(http, BASE).send(replace(submission(IGSID, quoted=quoted), content=content), SECRET)
    return http.sent_json()


@pytest.mark.parametrize(
    ("question", "text", "titles"),
    [(buttons(), "When?", ("Day 0", "Day 1")), (rows(), "Which?", ("Row 0", "Row 1"))],
)
def test_choices_are_quick_replies(question: Plain, text: str, titles: tuple[str, str]) -> None:
    replies = [
        {"content_type": "text", "title": title, "payload": f"id-{number}"}
        for number, title in enumerate(titles)
    ]

    assert posted(question) == {
        "recipient": {"id": IGSID},
        "message": {"text": text, "quick_replies": replies, "metadata": DELIVERY_ID},
    }


@pytest.mark.parametrize(
    ("emoji", "action", "payload"),
    [
        ("❤", "react", {"message_id": "aWdfQ", "reaction": "❤"}),
        ("👩🏽‍🚀", "react", {"message_id": "aWdfQ", "reaction": "👩🏽‍🚀"}),
        ("", "unreact", {"message_id": "aWdfQ"}),
    ],
)
def test_a_reaction_is_an_action_on_its_message(emoji: str, action: str, payload: dict[str, str]) -> None:
    assert posted(Reaction(emoji), "aWdfQ") == {
        "recipient": {"id": IGSID},
        "sender_action": action,
        "payload": payload,
    }


def test_a_reaction_to_a_further_attachment_is_a_reaction_to_the_message() -> None:
    assert posted(Reaction("❤"), "aWdfQ=:3") == posted(Reaction("❤"), "aWdfQ=")


def test_the_answer_to_a_reaction_names_no_message() -> None:
    http = FakeHttp(answer(200, {"recipient_id": IGSID}))
    reaction = replace(submission(IGSID, quoted="aWdfQ"), content=Reaction("❤"))

    assert Instagram(http, BASE).send(reaction, SECRET) == sent_unread(DELIVERY_ID)


def test_a_refused_reaction_has_the_meaning_of_its_code() -> None:
    reaction = replace(submission(IGSID, quoted="aWdfQ"), content=Reaction("❤"))
    error = Instagram(FakeHttp(graph_error(400, 100)), BASE).send(reaction, SECRET)

    assert isinstance(error, SendError)
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "100")


@pytest.mark.parametrize(
    "content",
    [
        worded(Location(48.21, 16.37, "Café", "Herrengasse 14")),
        worded(Contacts((Contact("Ana", ("+49 151",)),))),
    ],
)
def test_a_place_and_a_contact_are_texts(content: Plain) -> None:
    (part,) = parts_of(content, CAPABILITIES, IGSID)

    assert part == Text(content.text)
    assert posted(content) == posted(Text(content.text))


@pytest.mark.parametrize(
    ("content", "treatment"),
    [
        (Reaction("🦔"), Treatment.FULL),
        (Reaction(""), Treatment.FULL),
        (buttons(13), Treatment.FULL),
        (buttons(13, "é" * 17), Treatment.FULL),
        (buttons(2, "x" * 18), Treatment.FULL),
        (buttons(2, "x" * 19), Treatment.NUMBERED_TEXT),
        (buttons(2, "👍" * 10), Treatment.NUMBERED_TEXT),
        (buttons(2, text="é" * 500), Treatment.FULL),
        (buttons(2, text="é" * 501), Treatment.NUMBERED_TEXT),
        (rows(13), Treatment.FULL),
        (rows(14), Treatment.NUMBERED_TEXT),
        (rows(2, description="deep"), Treatment.NUMBERED_TEXT),
        (rows(2, title="x" * 19), Treatment.NUMBERED_TEXT),
        (Location(0, 0), Treatment.TEXT),
        (Contacts((Contact("Ana"),)), Treatment.TEXT),
    ],
)
def test_the_manifest_has_the_limits_of_the_documentation(content: Plain, treatment: Treatment) -> None:
    assert treatment_of(content, CAPABILITIES, IGSID) is treatment


def test_choices_beyond_the_limits_are_numbered_and_lose_no_words() -> None:
    parts = parts_of(buttons(13, "x" * 95), CAPABILITIES, IGSID)

    text = "".join(part.text for part in parts)
    assert len(parts) > 1
    assert all(isinstance(part, Text) and len(part.text.encode()) <= 1000 for part in parts)
    assert all(f"{number + 1}. {'x' * 95} {number}" in text for number in range(13))


@pytest.mark.parametrize(
    ("content_type", "form", "kept"),
    [
        ("audio/mp4", Form.VOICE, Form.VOICE),
        ("audio/wav", Form.VOICE, Form.VOICE),
        ("audio/mp4", None, None),
        ("video/mp4", Form.VIDEO_NOTE, None),
        ("image/png", Form.STICKER, None),
    ],
)
def test_sound_can_be_a_voice_note(content_type: str, form: Form | None, kept: Form | None) -> None:
    rule = CAPABILITIES.media_rule(Attachment("file-1", "it", content_type, 1, form=form), IGSID)

    assert rule is not None
    assert rule.form is kept
    http = FakeHttp(ACCEPTED)
    content = replace(media(content_type), form=kept)
    Instagram(http, BASE).send(replace(submission(IGSID), content=content), SECRET)
    kind = content_type.partition("/")[0]
    assert http.sent_json() == {
        "recipient": {"id": IGSID},
        "message": {
            "attachment": {"type": kind, "payload": {"url": "https://store.example/invoice?signed=1"}},
            "metadata": DELIVERY_ID,
        },
    }


def test_a_voice_note_of_another_type_is_a_link() -> None:
    """https://github.com/fazer-ai/agents/issues/30"""
    file = Attachment("file-1", "it.ogg", "audio/ogg", 400, codec="opus", form=Form.VOICE)

    assert treatment_of(Media(file), CAPABILITIES, IGSID) is Treatment.LINK


def media(content_type: str) -> OutgoingMedia:
    content = file_submission(IGSID, content_type).content
    assert isinstance(content, OutgoingMedia)
    return content
