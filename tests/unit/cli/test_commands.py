import errno
import io
import os
import re
import signal
import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path

import msgspec
import pytest
from botocore.stub import Stubber

from chat4all_local.cli import lifecycle, main
from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.signals import stopped_by_signals
from chat4all_local.cloud.state import Phase, State
from tests.unit.cli.conftest import FakeApi

EVENTS = Path(__file__).parents[2] / "events"
NEW_DESK: dict[str, object] = {
    "status": "OPEN",
    "snoozed_until": None,
    "assignee": None,
    "team": None,
    "labels": [],
    "priority": "NORMAL",
    "controlled_by": "human",
    "waiting_since": None,
    "desk_version": 0,
    "unread": None,
}
"""The attributes at the desk of a new conversation."""
USER = {
    "user_id": "u1",
    "type": "CUSTOMER",
    "display_name": "Maria [bold]",
    "created_at": "2026-01-01T00:00:00.000Z",
    "metadata": {},
    "identities": [
        {
            "channel": "whatsapp",
            "account": "main",
            "address": "5511987654321",
            "linked_at": "2026-01-01T00:00:00.000Z",
        }
    ],
}


@pytest.fixture
def chat4all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> "CommandLine":
    monkeypatch.setenv("CHAT4ALL_STATE", str(tmp_path / "nothing here"))
    monkeypatch.setenv("COLUMNS", "200")
    return CommandLine(monkeypatch, capsys)


class CommandLine:
    """`chat4all` in this process: a call returns its exit code, stdout and stderr."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["chat4all", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = self._capsys.readouterr()
        code = end.value.code
        assert isinstance(code, int)
        return code, printed.out, printed.err

    def use(self, api: FakeApi) -> None:
        self._monkeypatch.setenv("CHAT4ALL_API_URL", api.url)
        self._monkeypatch.setenv("CHAT4ALL_API_KEY", "the key")


@pytest.mark.parametrize(
    "command",
    [
        ("users", "list"),
        ("conversations", "list"),
        ("send", "c1", "hello"),
        ("watch", "c1"),
        ("reply", "c1", "hello"),
        ("logs",),
        ("keys", "create"),
        ("invoke", "router", str(EVENTS / "router.json")),
        ("sam-env",),
    ],
)
def test_without_a_cloud_a_command_says_how_to_start_one(
    chat4all: CommandLine, command: tuple[str, ...]
) -> None:
    code, out, err = chat4all(*command)
    assert code == 1
    assert out == ""
    assert err.splitlines() == ["error: the local cloud is not running", "  run: chat4all up --detach"]


def test_status_of_a_cloud_that_is_not_there(chat4all: CommandLine) -> None:
    code, out, _ = chat4all("status")
    assert code == 1
    assert "not running" in out
    code, out, _ = chat4all("status", "--json")
    assert code == 1
    assert msgspec.json.decode(out)["phase"] == "stopped"


def test_down_may_be_said_twice(chat4all: CommandLine) -> None:
    code, out, _ = chat4all("down")
    assert (code, out) == (0, "The local cloud was not running.\n")


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "down",
        "status",
        "logs",
        "send",
        "watch",
        "reply",
        "users",
        "conversations",
        "keys",
        "invoke",
        "sam-env",
        "sam-local",
        "demo",
        "bench",
    ],
)
def test_every_command_explains_itself(chat4all: CommandLine, command: str) -> None:
    code, out, _ = chat4all(command, "--help")
    assert code == 0
    assert "Usage:" in out


def test_users_are_created_with_their_identities(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)
    api.answer("POST", "/api/v1/users", USER, status=201)
    identity = ("--identity", "whatsapp:5511987654321")
    assert chat4all("users", "create", "customer", "Maria", *identity) == (0, "u1\n", "")
    assert api.asked[0].body == {
        "type": "CUSTOMER",
        "display_name": "Maria",
        "identities": [{"channel": "whatsapp", "address": "5511987654321"}],
    }


def test_a_user_is_an_agent_or_a_customer(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)

    code, _, err = chat4all("users", "create", "boss", "Maria")

    assert code == 2
    assert "'boss' is neither AGENT nor CUSTOMER" in err
    assert "agent" not in chat4all("users", "create", "--help")[1]
    assert api.asked == []


def test_a_file_that_cannot_be_written_is_an_error_without_a_number(
    chat4all: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "photo.jpg")

    monkeypatch.setattr(lifecycle, "shut_down", refuse)

    assert chat4all("down") == (1, "", "error: photo.jpg: Permission denied\n")


@pytest.mark.parametrize("identity", ["whatsapp", ":5511", "whatsapp:"])
def test_an_identity_without_channel_or_address_is_refused_before_anything_is_sent(
    chat4all: CommandLine, api: FakeApi, identity: str
) -> None:
    chat4all.use(api)
    code, _, err = chat4all("users", "create", "CUSTOMER", "Maria", "--identity", identity)
    assert code == 2
    assert "CHANNEL:ADDRESS" in err
    assert api.asked == []


def test_users_are_listed_as_they_are_called(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)
    api.answer("GET", "/api/v1/users?limit=100&type=CUSTOMER", {"users": [USER], "next_cursor": None})
    ann = {**USER, "user_id": "u2", "type": "AGENT", "display_name": "Ann", "identities": []}
    api.answer("GET", "/api/v1/users?limit=100&type=AGENT", {"users": [ann], "next_cursor": None})
    code, out, _ = chat4all("users", "list")
    assert code == 0
    rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert rows[1:] == [["u2", "AGENT", "Ann"], ["u1", "CUSTOMER", "Maria [bold]", "whatsapp:5511987654321"]]


def test_ids_are_whole_on_a_narrow_terminal(
    chat4all: CommandLine, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat4all.use(api)
    long_id = "6db5c1fc-9c18-486a-967f-e8ba4015b180"
    joined = "2026-01-01T00:00:00.000Z"
    conversation: dict[str, object] = {
        "conversation_id": long_id,
        "type": "1:1",
        "state": "ACTIVE",
        "participants": [],
        "primary_channel": None,
        "title": None,
        "metadata": {},
        "participant_count": 0,
        "last_activity_at": joined,
        "created_at": joined,
        **NEW_DESK,
    }
    page = {"conversations": [conversation], "next_cursor": None}
    api.answer("GET", "/api/v1/conversations?limit=100", page)
    monkeypatch.setenv("COLUMNS", "40")
    assert f"{long_id}  1:1" in chat4all("conversations", "list")[1]


def test_a_refusal_is_one_line_and_its_details(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)
    details = [{"field": "content", "issue": "must not be empty"}]
    body = {
        "error": "VALIDATION_ERROR",
        "message": "The body is not valid.",
        "details": details,
        "trace_id": "",
    }
    api.answer("POST", "/api/v1/messages", body, status=400)
    code, out, err = chat4all("send", "c1", "", "--sender", "u1")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "error: the API refused: 400 VALIDATION_ERROR: The body is not valid.",
        "  content: must not be empty",
    ]


def test_the_agent_of_the_conversation_is_the_sender(chat4all: CommandLine, api: FakeApi) -> None:
    # Given a conversation of a customer and an agent
    chat4all.use(api)
    joined = "2026-01-01T00:00:00.000Z"
    members = [{"user_id": user, "joined_at": joined} for user in ("u1", "u2")]
    conversation: dict[str, object] = {
        "conversation_id": "c1",
        "type": "1:1",
        "state": "ACTIVE",
        "participants": members,
        "primary_channel": None,
        "title": None,
        "metadata": {},
        "participant_count": 2,
        "last_activity_at": joined,
        "created_at": joined,
        **NEW_DESK,
    }
    api.answer("GET", "/api/v1/conversations/c1", conversation)
    api.answer("GET", "/api/v1/users/u1", USER)
    api.answer("GET", "/api/v1/users/u2", {**USER, "user_id": "u2", "type": "AGENT"})
    accepted = {"message_id": "m1", "conversation_id": "c1", "status": "PENDING", "accepted_at": joined}
    accepted["status_url"] = f"{api.url}/v1/messages/m1/status"
    api.answer("POST", "/api/v1/messages", accepted, status=202)
    # When a message is sent without a sender
    assert chat4all("send", "c1", "hello") == (0, "m1\n", "")
    # Then the agent is the sender
    assert api.asked[-1].body == {"conversation_id": "c1", "sender_id": "u2", "content": "hello"}


def test_more_than_two_make_a_group(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)
    for users, kind in ((("u1", "u2"), "1:1"), (("u1", "u2", "u3"), "GROUP")):
        assert chat4all("conversations", "create", *users)[0] == 1  # the fake API has no conversations
        assert api.asked[-1].body == {"type": kind, "participants": list(users)}


def test_a_key_needs_scopes_that_there_are(chat4all: CommandLine) -> None:
    code, _, err = chat4all("keys", "create", "--scopes", "messages:read,everything")
    assert code == 2
    assert "everything" in err


def test_an_event_that_is_no_json_or_no_file_is_refused_before_a_cloud_is_asked(
    chat4all: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text("{")
    for event, said in (
        ("event.json", "not JSON"),
        ("nowhere.json", "No such file"),
        (".", "Is a directory"),
    ):
        code, out, err = chat4all("invoke", "router", str(tmp_path / event))
        assert (code, out) == (2, "")
        assert said in err.replace("\n", " ")


def test_an_event_may_come_from_stdin(chat4all: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no JSON")))
    code, _, err = chat4all("invoke", "router", "-")
    assert code == 2
    assert "not JSON" in err


def test_sam_local_without_docker_has_an_exit_code_of_its_own(
    chat4all: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = chat4all("sam-local")
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        "error: docker is not on PATH",
        "  install Docker, or run without it: chat4all invoke",
    ]


class InterruptedAt(MetaPathFinder):
    """A finder that stands for Ctrl-C while a module is loaded."""

    def __init__(self, module: str) -> None:
        self._module = module

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == self._module:
            raise KeyboardInterrupt


def test_interrupted_while_its_commands_are_loaded_it_ends_without_a_word(
    chat4all: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "chat4all_local.cli.app"
    import_module(module)
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [InterruptedAt(module), *sys.meta_path])

    assert chat4all("status") == (130, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_by_a_signal_it_ends_as_a_shell_expects(
    chat4all: CommandLine, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def stopped(_: object) -> None:
        with stopped_by_signals():
            signal.raise_signal(number)

    monkeypatch.setattr(lifecycle, "inspect", stopped)

    assert chat4all("status") == (128 + number, "", "")


@pytest.mark.parametrize("command", [("status",), ("env",), ("logs", "api"), ("users", "list")])
def test_a_file_in_the_place_of_the_folder_is_an_error_in_words(
    chat4all: CommandLine, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    code, _, err = chat4all(*command, "--state", str(tmp_path / "file"))
    assert code == 1
    assert err.startswith(f"error: {tmp_path / 'file'} cannot be read: Not a directory")


def test_a_log_that_is_not_there_is_an_error_in_words(chat4all: CommandLine) -> None:
    code, _, err = chat4all("logs", "launcher")
    assert code == 1
    assert err.startswith("error: ")
    assert "not running" in err


@pytest.mark.parametrize("key", ["“abc”", "abc\n"])
def test_what_can_be_no_key_is_an_error_in_words(
    chat4all: CommandLine, api: FakeApi, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    chat4all.use(api)
    monkeypatch.setenv("CHAT4ALL_API_KEY", key)
    code, _, err = chat4all("users", "list")
    assert code == 1
    assert err.startswith("error: CHAT4ALL_API_KEY is no API key")


def test_a_command_line_in_another_encoding_is_an_error_in_words(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)
    code, _, err = chat4all("send", "c1", os.fsdecode(b"ol\xe1"), "--sender", "u1")
    assert (code, err) == (1, "error: the command line is not encoded in UTF-8\n")


def test_an_event_in_another_encoding_is_refused_in_words(chat4all: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_bytes(b'{"text": "ol\xe1"}')
    code, _, err = chat4all("invoke", "router", str(tmp_path / "event.json"))
    assert code == 2
    assert "is not JSON" in err


def test_a_stack_of_somebody_elses_has_no_keys(
    chat4all: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Aws("http://127.0.0.1:9", "http://127.0.0.1:9").cloudformation()
    stack = {"StackName": "other", "CreationTime": datetime.now(UTC), "StackStatus": "CREATE_COMPLETE"}
    monkeypatch.setattr("boto3.client", lambda _: client)
    with Stubber(client) as stubbed:
        stubbed.add_response("describe_stacks", {"Stacks": [stack]})
        code, _, err = chat4all("keys", "create", "--on-aws", "--stack", "other")
    assert code == 1
    assert err.startswith("error: the stack other has no table of API keys")


def test_a_cloud_that_is_up_elsewhere_is_not_taken_for_the_one_that_was_named(
    chat4all: CommandLine, tmp_path: Path
) -> None:
    folder = StateFolder(tmp_path / "a cloud")
    folder.create()
    folder.write(State(phase=Phase.READY, backend="external", aws_url="http://127.0.0.1:1"))
    asked = ("up", "--state", str(folder.path), "--backend", "external", "--endpoint", "http://127.0.0.1:2")
    with folder.locked():
        code, _, err = chat4all(*asked)
    assert code == 1
    assert "its cloud is at http://127.0.0.1:1" in err


def dead_letter(dead_letter_id: str) -> dict[str, object]:
    error = {"code": "131026", "message": "Cannot be delivered."}
    nothing = dict.fromkeys(
        ("message_id", "conversation_id", "sequence", "recipient_id", "channel", "source", "attempts")
    )
    return {
        **nothing,
        "dead_letter_id": dead_letter_id,
        "kind": "DELIVERY",
        "failed_at": "2026-01-31T12:00:00.000Z",
        "error": error,
    }


@pytest.fixture
def letters(api: FakeApi, chat4all: CommandLine) -> FakeApi:
    """Make an API with two dead letters of a conversation, in their order."""
    chat4all.use(api)
    page = {
        "dead_letters": [dead_letter("m1|u|whatsapp|0"), dead_letter("m2|u|whatsapp|0")],
        "next_cursor": None,
    }
    api.answer("GET", "/api/v1/dead-letters?limit=100", page)
    return api


def test_dead_letters_are_listed_as_a_shell_takes_them(chat4all: CommandLine, letters: FakeApi) -> None:
    code, out, _ = chat4all("dead-letters", "list")

    assert code == 0
    assert [line.split(maxsplit=2)[2] for line in out.splitlines()[::2]] == [
        "'m1|u|whatsapp|0'",
        "'m2|u|whatsapp|0'",
    ]


def test_dead_letters_are_redriven_in_their_order_however_they_are_named(
    chat4all: CommandLine, letters: FakeApi
) -> None:
    letters.answer("POST", "/api/v1/dead-letters/redrive", {"redriven": 1, "refused": []}, 202)

    code, out, _ = chat4all("dead-letters", "redrive", "m2|u|whatsapp|0", "m1|u|whatsapp|0")

    assert (code, out) == (0, "redriven: 2\n")
    asked = [request.body for request in letters.asked if request.method == "POST"]
    assert asked == [{"dead_letter_id": "m1|u|whatsapp|0"}, {"dead_letter_id": "m2|u|whatsapp|0"}]


def test_a_dead_letter_that_is_not_there_is_named(chat4all: CommandLine, letters: FakeApi) -> None:
    code, out, _ = chat4all("dead-letters", "redrive", "nope", "m1|u|whatsapp|0")

    assert (code, out) == (
        1,
        (
            "redriven: 0\nrefused m1|u|whatsapp|0: There is no such thing.\n"
            "refused nope: There is no such thing.\n"
        ),
    )


def test_an_id_is_one_part_of_a_path_whatever_is_in_it(chat4all: CommandLine, api: FakeApi) -> None:
    chat4all.use(api)

    code, _, err = chat4all("download", "../../x")

    assert code == 1
    assert "NOT_FOUND" in err
    assert [request.path for request in api.asked] == ["/api/v1/files/..%2F..%2Fx/download"]
