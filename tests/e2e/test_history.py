"""Reading a conversation's history."""

from tests.e2e.api import refusal
from tests.e2e.shapes import History
from tests.e2e.stage import Stage, Talk


def all_pages(stage: Stage, talk: Talk, limit: int) -> list[History]:
    pages = [stage.api.history_page(talk.conversation_id, limit=str(limit))]
    while pages[-1].next_cursor is not None:
        cursor = pages[-1].next_cursor
        pages.append(stage.api.history_page(talk.conversation_id, limit=str(limit), cursor=cursor))
    return pages


def test_history_comes_newest_first_page_by_page(stage: Stage) -> None:
    talk = stage.talk(stage.customer("instagram"))
    texts = [f"message {number}" for number in range(7)]
    for text in texts:
        stage.say(talk, text)

    pages = all_pages(stage, talk, limit=3)

    assert [len(page.messages) for page in pages] == [3, 3, 1]
    shown = [message for page in pages for message in page.messages]
    assert [message.content.text for message in shown] == texts[::-1]
    numbers = [message.sequence for message in shown]
    assert numbers == sorted(set(numbers), reverse=True)


def test_a_page_stays_where_it_is_while_messages_come(stage: Stage) -> None:
    talk = stage.talk(stage.customer("instagram"))
    for number in range(4):
        stage.say(talk, f"old {number}")
    first = stage.api.history_page(talk.conversation_id, limit="2")
    stage.say(talk, "new")

    second = stage.api.history_page(talk.conversation_id, limit="2", cursor=first.next_cursor or "")

    assert [message.content.text for message in second.messages] == ["old 1", "old 0"]


def test_a_participant_sees_from_when_they_joined(stage: Stage) -> None:
    talk = stage.group(stage.customer("telegram"), stage.customer("instagram"))
    stage.say(talk, "before")
    late = stage.customer("whatsapp")
    joined = stage.api.call(
        "POST", f"/conversations/{talk.conversation_id}/participants", {"user_id": late.user_id}
    )
    assert joined.status_code == 200, joined.text

    stage.reaches(stage.say(talk, "after"), "SENT")

    seen = stage.api.history_page(talk.conversation_id, participant_id=late.user_id)
    everything = stage.api.history_page(talk.conversation_id, participant_id=talk.agent_id)
    assert [message.content.text for message in seen.messages] == ["after"]
    assert [message.content.text for message in everything.messages] == ["after", "before"]
    assert stage.texts(late) == ["after"]


def test_who_is_no_participant_sees_nothing(stage: Stage) -> None:
    talk = stage.talk(stage.customer("telegram"))
    stranger = stage.customer("telegram")

    answer = stage.api.call(
        "GET", f"/conversations/{talk.conversation_id}/messages", query={"participant_id": stranger.user_id}
    )

    assert answer.status_code == 403
    assert refusal(answer).error == "NOT_A_PARTICIPANT"
