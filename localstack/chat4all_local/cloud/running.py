"""A running cloud: the address of its API, and the clients of its services."""

from collections.abc import Mapping
from dataclasses import dataclass

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.errors import NotRunning
from chat4all_local.cloud.folder import StateFolder, default_folder
from chat4all_local.cloud.settings import CHANNELS, STACK
from chat4all_local.cloud.state import Phase, State


@dataclass(frozen=True)
class Cloud:
    """A running cloud.

    `api_url` ends before `/v1`. `api_key` has every scope. `simulators` maps channels to base URLs.
    """

    api_url: str
    api_key: str
    simulators: Mapping[str, str]
    aws: Aws
    folder: StateFolder
    backend: str
    stack: str = STACK

    @property
    def api_keys_table(self) -> str:
        return f"{self.stack}-api-keys"


def aws_of(state: State) -> Aws:
    return Aws(endpoint=state.aws_url, s3_endpoint=state.s3_url)


def cloud_of(folder: StateFolder, state: State) -> Cloud:
    return Cloud(
        api_url=state.api_url,
        api_key=state.api_key,
        simulators={channel: state.url(channel) for channel in CHANNELS},
        aws=aws_of(state),
        folder=folder,
        backend=state.backend,
        stack=state.stack,
    )


def connect(folder: StateFolder | None = None) -> Cloud:
    """Return the cloud that runs in `folder`, by default the folder of `chat4all up`. Raises NotRunning."""
    folder = folder or default_folder()
    state = folder.read()
    if not folder.is_locked() or state.phase is Phase.STOPPED:
        why = f": {state.why_ended}" if state.why_ended else ""
        raise NotRunning(f"the local cloud is not running{why}", "run: chat4all up --detach")
    if state.phase is Phase.STOPPING:
        raise NotRunning("the local cloud is stopping", "then run: chat4all up --detach")
    if state.phase is not Phase.READY:
        raise NotRunning("the local cloud is still starting", "see: chat4all status")
    return cloud_of(folder, state)
