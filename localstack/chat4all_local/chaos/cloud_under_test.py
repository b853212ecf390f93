"""The cloud under test: scenarios inject faults, stop it and start it. It records all accepted sends."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

import psutil

from chat4all_local.api_client import ApiClient
from chat4all_local.chaos.proxy_client import Proxy
from chat4all_local.chaos.workers import component
from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.ministack import BEHIND_PROXIES
from chat4all_local.cloud.progress import Progress
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import STOPPED_WITHIN
from chat4all_local.cloud.start import started
from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.control_api import SendRecord
from chat4all_local.traffic.load import Line
from chat4all_local.traffic.transcripts import Transcripts, is_taken

CONNECTIONS = 16


class CloudUnderTest:
    """The cloud of the last start, and its API. The proxies run only during `behind_proxies`."""

    cloud: Cloud
    api: ApiClient
    before_aws: Proxy
    before_s3: Proxy

    def __init__(self, folder: Path, progress: Progress, backend: Backend = BEHIND_PROXIES) -> None:
        """Prepare a cloud, by default on MiniStack, without starting it."""
        self._folder = folder
        self._backend = backend
        self._progress = progress
        self._stack = ExitStack()
        self._accepted: list[SendRecord] = []
        self._transcripts: Transcripts | None = None
        self._lock = Lock()
        self.simulators: dict[str, Simulator] = {}

    def start(self) -> None:
        """Start the cloud with the data of its last run. Raises CloudError."""
        self.cloud = self._stack.enter_context(
            started(self._folder, progress=self._progress, backend=self._backend)
        )
        self.api = ApiClient(self.cloud.api_url, self.cloud.api_key, timeout=15, connections=CONNECTIONS)
        self.simulators = {
            channel: self._stack.enter_context(Simulator(url))
            for channel, url in self.cloud.simulators.items()
        }
        with self._lock:
            self._accepted.clear()  # the simulators remember the sends of their last run
            self._transcripts = Transcripts(self.simulators)

    def close(self) -> None:
        with self._lock:
            self._transcripts = None
        self._stack.close()

    def end(self, *, kill: bool) -> None:
        """Stop the cloud, MiniStack first, or kill MiniStack. Both keep everything that it had answered.

        The simulators stop last, after all functions, so that every accepted send is recorded.
        """
        ministack = component(self.cloud, "ministack")
        children = ministack.children(recursive=True)
        if kill:
            ministack.kill()
        else:
            ministack.terminate()
        psutil.wait_procs([ministack], timeout=STOPPED_WITHIN)
        for child in children:
            _kill_function(child)
        self.accepted()
        self.close()

    def post(self, line: Line) -> None:
        """Post a message to the API of the last start. Raises ApiError, ApiUnreachable."""
        conversation = line.conversation
        self.api.send(
            conversation.conversation_id, conversation.agent_id, line.text, message_id=line.message_id
        )

    def accepted(self) -> Sequence[SendRecord]:
        """Return every send that a provider accepted since the first start."""
        with self._lock:
            if self._transcripts is not None:
                for sends in self._transcripts.read().values():
                    self._accepted += filter(is_taken, sends)
            return list(self._accepted)


def _kill_function(child: psutil.Process) -> None:
    """Kill a function's process, which must not outlive MiniStack."""
    try:
        child.kill()
        child.wait(STOPPED_WITHIN)
    except psutil.NoSuchProcess:
        return


@contextmanager
def cloud_under_test(
    folder: Path, progress: Progress, backend: Backend = BEHIND_PROXIES
) -> Iterator[CloudUnderTest]:
    under_test = CloudUnderTest(folder, progress, backend)
    try:
        under_test.start()
        yield under_test
    finally:
        under_test.close()
