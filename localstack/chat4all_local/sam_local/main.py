"""Run every function once in `sam local invoke`, and the API once in `sam local start-api`."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import urllib3

from chat4all_local.cloud.build import newest_build
from chat4all_local.cloud.errors import NotSetUp
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.progress import Progress
from chat4all_local.cloud.running import Cloud, connect
from chat4all_local.cloud.start import started
from chat4all_local.invoke.recorded_events import event_of
from chat4all_local.invoke.sam_environment import sam_environment
from chat4all_local.sam_local.docker import bridge, require_daemon
from chat4all_local.sam_local.forwarding import forwarded
from chat4all_local.sam_local.image import provide_image
from chat4all_local.sam_local.sam import HOST, SamLocal
from chat4all_local.waiting import wait_until

_LAYERS: Final = ("core", "media")
_ANSWERS_WITHIN_S: Final = 60.0

Tell = Callable[[str, str, bool], None]
"""A callback that gets the command, its result, and whether the result is right."""


def run(folder: StateFolder, progress: Progress, tell: Tell) -> bool:
    """Run every function and the API, and return whether all results are right.

    They run on the cloud of `folder`, or on a temporary cloud. Raises NoDocker, CloudError.
    """
    require_daemon()
    with ExitStack() as stack:
        cloud = connect(folder) if folder.is_locked() else stack.enter_context(started(progress=progress))
        sam = stack.enter_context(prepared(cloud, progress))
        went_well = [_invoke(sam, function, tell) for function in sam.functions()]
        return all([*went_well, _ask_api(sam, tell)])


@contextmanager
def prepared(cloud: Cloud, progress: Progress) -> Iterator[SamLocal]:
    """Provide the image and a reachable cloud for the block. Raises NoDocker, CloudError."""
    require_daemon()
    build = newest_build()
    if build is None:
        raise NotSetUp("nothing is built", "run: chat4all up --detach")
    provide_image([build.layer(name) for name in _LAYERS], progress)
    with reachable(cloud), tempfile.TemporaryDirectory(prefix="chat4all-sam-") as scratch:
        sam = SamLocal(cloud, build, Path(scratch))
        sam.environments.write_bytes(msgspec.json.encode(sam_environment(cloud, HOST)))
        yield sam


@contextmanager
def reachable(cloud: Cloud) -> Iterator[None]:
    """Make the cloud reachable from containers by the name HOST."""
    found = bridge()
    if found is None:
        yield
        return
    urls = [url for component in cloud.folder.read().components for url in component.urls.values()]
    ports = [port for url in urls if (port := urllib3.util.parse_url(url).port)]
    with forwarded(ports, found.address, found.device):
        yield


def _invoke(sam: SamLocal, logical_id: str, tell: Tell) -> bool:
    name = logical_id.removesuffix("Function").lower()
    event = sam.scratch / f"{name}.json"
    event.write_bytes(event_of(name, sam.cloud.api_key))
    began = time.monotonic()
    done = sam.invoke(logical_id, event)
    is_right = done.returncode == 0 and is_answer(done.stdout)
    what = f"sam local invoke {logical_id}  {time.monotonic() - began:.0f} s"
    tell(what, done.stdout.strip() if is_right else done.stdout + done.stderr, is_right)
    return is_right


def is_answer(printed: str) -> bool:
    """Return whether `printed` is a successful answer. SAM prints an error as if it were an answer."""
    try:
        answer = msgspec.json.decode(printed)
    except msgspec.DecodeError:
        return False
    return isinstance(answer, dict) and "errorType" not in answer and answer.get("statusCode", 200) < 400


def _ask_api(sam: SamLocal, tell: Tell) -> bool:
    with sam.api() as url:
        answer = _first_answer(f"{url}/v1/health")
    is_right = answer is not None and answer.status == 200
    shown = answer.data.decode() if answer else sam.api_log.read_text(errors="replace")
    tell("sam local start-api, GET /v1/health", shown, is_right)
    return is_right


def _first_answer(url: str) -> urllib3.BaseHTTPResponse | None:
    def answer() -> urllib3.BaseHTTPResponse | None:
        with suppress(urllib3.exceptions.HTTPError):
            return urllib3.request("GET", url, retries=False, timeout=_ANSWERS_WITHIN_S)
        return None

    with suppress(TimeoutError):
        return wait_until(f"{url} answers", answer, within_s=_ANSWERS_WITHIN_S)
    return None
