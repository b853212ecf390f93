"""The record of a run of the cloud, for the next run and for other commands."""

from enum import StrEnum

import msgspec
from msgspec.structs import replace

from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.settings import STACK


class Phase(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    DEPLOYING = "deploying"
    READY = "ready"
    STOPPING = "stopping"


class ProcessId(msgspec.Struct, frozen=True):
    """A process for good: a number is given out again, the same number at the same start time is not.

    `started` is in seconds since the epoch, as psutil's create_time says.
    """

    pid: int
    started: float


class Component(msgspec.Struct, frozen=True):
    """A running process; `urls` by the name of what it serves, `log` the name of its file in the logs folder.

    `ready_url` answers with 200 when it is well; empty where accepting connections has to do.
    """

    name: str
    process: ProcessId
    urls: dict[str, str]
    log: str
    ready_url: str = ""


class State(msgspec.Struct, frozen=True):
    """`run` marks the processes of the run that wrote this; `ports` are kept for the next one.

    `aws_url` and `s3_url` are the endpoints of what `backend` is: that of files, and that of all else.

    `ended` says why the last run ended, if nobody had asked for the end. `unsaved` says why its data were not
    written.

    `ready_since` is the time at which this run became ready, in seconds since the epoch; 0 before. `lost`
    says why the data of the former run are lost; it is empty if they were kept.

    `stack` is the name of the deployed stack.

    `api_key` is in clear: it opens nothing but this cloud on 127.0.0.1, and the file is its owner's alone.
    """

    phase: Phase = Phase.STOPPED
    backend: str = "ministack"
    event_stream: EventStream = EventStream.SQS
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
    ready_since: float = 0.0
    lost: str = ""

    def url(self, name: str) -> str:
        """Return the address of `name`, such as a channel's name; raises KeyError."""
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
    """Return whether a launcher wrote this: other programs may have a state.json, too."""
    try:
        return {"phase", "backend", "run"} <= msgspec.json.decode(text, type=dict[str, object]).keys()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def decode(text: bytes) -> State:
    """A state that cannot be read is no state: a cloud can always be started anew."""
    try:
        return msgspec.json.decode(text, type=State)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return State()
