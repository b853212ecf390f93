from threading import Event

import pytest

from chat4all.domain.content import Plain
from chat4all.entrypoints.http.messages import AcceptedView
from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.demo.posting import post_line
from chat4all_local.demo.script import Line
from chat4all_local.demo.stage import Stage
from chat4all_local.traffic.load import Cancelled
from chat4all_local.traffic.participants import AGENT
from tests.unit.answers import error_body

LINE = Line("group-1", "group", AGENT, "Hello [group-1]")
STAGE = Stage(users={AGENT: "u-1"}, conversations={"group": "c-1"})


class ScriptedApi(ApiClient):
    """An API that first fails as a test sets, and then accepts; it records what it was sent."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__("http://127.0.0.1:9", "key")
        self.failures = list(failures)
        self.sent: list[tuple[str, str, str | Plain, str | None]] = []
        self.files: list[str | None] = []

    def send(
        self,
        conversation_id: str,
        sender_id: str,
        content: str | Plain,
        *,
        message_id: str | None = None,
        channel: str | None = None,
        reply_to: str | None = None,
        file_id: str | None = None,
    ) -> AcceptedView:
        self.sent.append((conversation_id, sender_id, content, message_id))
        self.files.append(file_id)
        if self.failures:
            raise self.failures.pop(0)
        return AcceptedView(message_id or "", conversation_id, "PENDING", "", "")


def refusal(status: int) -> ApiError:
    return ApiError(status, error_body("CODE"))


def test_a_post_is_repeated_with_the_same_message_id() -> None:
    api = ScriptedApi(refusal(503), ApiUnreachable("timed out"), refusal(429))
    accepted = post_line(api, STAGE, LINE, Event())
    assert api.sent == [("c-1", "u-1", LINE.text, accepted.message_id)] * 4
    assert accepted.repeats == 3


@pytest.mark.parametrize("status", [400, 401, 409, 422, 500])
def test_a_refusal_for_good_is_not_repeated(status: int) -> None:
    api = ScriptedApi(refusal(status))
    with pytest.raises(ApiError):
        post_line(api, STAGE, LINE, Event())
    assert len(api.sent) == 1


def test_no_two_messages_have_one_id() -> None:
    api = ScriptedApi()
    assert post_line(api, STAGE, LINE, Event()).message_id != post_line(api, STAGE, LINE, Event()).message_id


def test_when_the_run_is_over_nothing_is_repeated() -> None:
    over = Event()
    over.set()
    with pytest.raises(Cancelled):
        post_line(ScriptedApi(refusal(503)), STAGE, LINE, over)


def test_a_file_goes_with_every_repeat() -> None:
    api = ScriptedApi(refusal(503))
    post_line(api, STAGE, LINE, Event(), file_id="f-1")
    assert api.files == ["f-1", "f-1"]
