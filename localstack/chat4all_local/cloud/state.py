"""The record of a run of the cloud, for the next run and for other commands."""

from enum import StrEnum

import msgspec
from msgspec.structs import replace

from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.settings import STACK


class Phase(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    DEPLOYING = "deploying"
    READY = "ready"
    STOPPING = "stopping"


class ProcessId(msgspec.Struct, frozen=True):
    """The identity of a process: the system reuses a number, but never with the same start time.

    `started` is in seconds since the system started, so that setting the clock does not change it.
    """

    pid: int
    started: float


class Component(msgspec.Struct, frozen=True):
    """A running component. `urls` maps its services to their URLs; `log` is a file in the logs folder.

    `ready_url` answers with 200 when the component is healthy. Without a `ready_url` it is healthy when it
    accepts connections. `journal_url` is the address of the report of its journal; empty without a journal.
    """

    name: str
    process: ProcessId
    urls: dict[str, str]
    log: str
    ready_url: str = ""
    journal_url: str = ""


class State(msgspec.Struct, frozen=True):
    """The record. `run` marks the processes of the run that wrote it; the next run prefers the same `ports`.

    `aws_url` and `s3_url` are the endpoints of `backend`: `s3_url` for files, `aws_url` for all other
    services.

    `ended` says why the last run ended, if it ended unexpectedly. `unsaved` says what its stop did not save.
    `recovery` says what this run recovered, if the run before it did not end with a clean stop.

    `stack` is the name of the deployed stack.

    `api_key` is in clear text: it is valid only on 127.0.0.1, and only the owner can read the file.
    """

    phase: Phase = Phase.STOPPED
    backend: str = "ministack"
    event_stream: EventStream = EventStream.SQS
    roles: Roles = Roles.IGNORED
    stack: str = STACK
    run: str = ""
    launcher: ProcessId | None = None
    components: tuple[Component, ...] = ()
    ports: dict[str, int] = {}
    aws_url: str = ""
    s3_url: str = ""
    api_url: str = ""
    api_key: str = ""
    ended: str = ""
    unsaved: str = ""
    recovery: str = ""

    @property
    def why_ended(self) -> str:
        """Why the last run ended unexpectedly. Call it only if no launcher runs."""
        return self.ended or ("" if self.phase is Phase.STOPPED else "its launcher was killed")

    def url(self, name: str) -> str:
        """Return the URL of the service `name`, such as a channel. Raises KeyError."""
        for component in self.components:
            if name in component.urls:
                return component.urls[name]
        raise KeyError(name)


def stopped(state: State) -> State:
    """Return the state after a stop."""
    return replace(state, phase=Phase.STOPPED, launcher=None, components=())


def encode(state: State) -> bytes:
    return msgspec.json.format(msgspec.json.encode(state))


def is_state(text: bytes) -> bool:
    """Return whether a launcher wrote `text`: other programs may write a state.json, too."""
    try:
        return {"phase", "backend", "run"} <= msgspec.json.decode(text, type=dict[str, object]).keys()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def decode(text: bytes) -> State:
    """Decode a state. An invalid text gives a new state, because a cloud can always start without data."""
    try:
        return msgspec.json.decode(text, type=State)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return State()
