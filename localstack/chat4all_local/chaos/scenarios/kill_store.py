"""kill -9 of the processes that keep the files and the data, while files are uploaded.

Three files meet the kill: a file that is READY, a file with an acknowledged part and a part that is half
sent, and a file whose completion is requested at that moment.
"""

import hashlib
import socket
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlsplit

import urllib3

from chat4all.services.files.upload_file import PartToSend
from chat4all_local.api_client import ApiClient, ApiError, ApiUnreachable
from chat4all_local.chaos.scenario import AFTER_A_RESTART_S, Run, Scenario
from chat4all_local.chaos.scenarios.whole_cloud import REPEATS, end_and_start
from chat4all_local.chaos.workers import component, kill
from chat4all_local.traffic.film import make_film
from chat4all_local.waiting import wait_until

_AT: Final = 0.5
_PARTS: Final = 3
_PART_BYTES: Final = 8 * 1024 * 1024
_BYTES: Final = _PARTS * _PART_BYTES - 7
_WITHIN_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 0.1


class Upload:
    """A file that is uploaded in parts; `acknowledged` are the ETags that S3 answered, by part."""

    def __init__(self, api: ApiClient, name: str) -> None:
        self.content = _film()
        self.acknowledged: dict[int, str] = {}
        begun = api.create_file(f"{name}.mp4", len(self.content), "video/mp4")
        self.file_id, self.parts, self._part_size = begun.file_id, begun.parts, begun.part_size

    def send(self, part: PartToSend) -> None:
        """Send a part. Raises ApiUnreachable if it is not stored."""
        try:
            answer = urllib3.request("PUT", part.url, body=self._bytes_of(part), retries=False)
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnreachable(f"no answer to part {part.part_number}: {error}") from error
        if answer.status != 200:
            raise ApiUnreachable(f"part {part.part_number} was answered {answer.status}")
        self.acknowledged[part.part_number] = answer.headers["ETag"]

    def send_half(self, part: PartToSend) -> socket.socket:
        """Send half a part, and return the open connection."""
        address = urlsplit(part.url)
        connection = socket.create_connection((address.hostname or "", address.port or 80))
        head = f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        connection.sendall(f"{head}Content-Length: {part.size}\r\n\r\n".encode())
        connection.sendall(self._bytes_of(part)[: part.size // 2])
        return connection

    def check_parts(self, api: ApiClient) -> None:
        """Check that exactly the acknowledged parts are stored, and send the others."""
        progress = api.file_parts(self.file_id, 1)
        stored = {part.part_number: part.etag for part in progress.stored}
        if _bare(stored) != _bare(self.acknowledged):
            raise FileWrong(f"the parts {sorted(stored)} are stored, and {sorted(self.acknowledged)} were")
        for part in progress.parts:
            self.send(part)

    def check_ready(self, api: ApiClient) -> None:
        """Check that the file becomes READY, and that its bytes are those that were sent."""

        def inspected_status() -> str | None:
            status = api.file(self.file_id).status
            return None if status in {"PENDING", "SCANNING"} else status

        if (status := wait_until("the inspection", inspected_status, within_s=_WITHIN_S)) != "READY":
            raise FileWrong(f"the file is {status}")
        bytes_of_link = urllib3.request("GET", api.file_link(self.file_id).url).data
        if hashlib.sha256(bytes_of_link).digest() != hashlib.sha256(self.content).digest():
            raise FileWrong("the file has other bytes")

    def _bytes_of(self, part: PartToSend) -> bytes:
        start = (part.part_number - 1) * self._part_size
        return self.content[start : start + part.size]


def _film() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        make_film(path, _BYTES)
        return path.read_bytes()


class FileWrong(Exception):
    """A file is not as it was acknowledged."""


def _bare(etags: dict[int, str]) -> dict[int, str]:
    return {number: etag.strip('"') for number, etag in etags.items()}


def _kill_store(run: Run) -> None:
    api, cloud = run.under_test.api, run.under_test.cloud
    ready, begun, completing = (Upload(api, name) for name in ("ready", "begun", "completing"))
    for upload in (ready, completing):
        for part in upload.parts:
            upload.send(part)
    api.complete_file(ready.file_id)
    ready.check_ready(api)
    begun.send(begun.parts[0])
    run.load.wait_for_share(_AT)
    with (
        closing(begun.send_half(begun.parts[1])),
        ThreadPoolExecutor(1, thread_name_prefix="completion") as threads,
    ):
        completion = threads.submit(api.complete_file, completing.file_id)
        time.sleep(Random().uniform(0.0, _LONGEST_PAUSE_S))  # noqa: S311 - any moment
        kill([component(cloud, "nanio")])
        end_and_start(run, kill=True)
        with suppress(ApiError, ApiUnreachable):
            completion.result()
    judge_files(run, ready, begun, completing)


def judge_files(run: Run, ready: Upload, begun: Upload, completing: Upload) -> None:
    """Check the three files after the restart: nothing that was acknowledged is missing or changed."""
    api = run.under_test.api

    def finish_begun() -> None:
        begun.check_parts(api)
        api.complete_file(begun.file_id)
        begun.check_ready(api)

    def complete_again() -> None:
        api.complete_file(completing.file_id)
        completing.check_ready(api)

    _judge(run, "the file that was READY", lambda: ready.check_ready(api))
    _judge(run, "the file of which a part was acknowledged", finish_begun)
    _judge(run, "the file whose completion was requested", complete_again)


def _judge(run: Run, file: str, check: Callable[[], None]) -> None:
    try:
        check()
    except (FileWrong, ApiError, ApiUnreachable, urllib3.exceptions.HTTPError, TimeoutError) as problem:
        run.wrongs.append(f"{file}: {problem}")


KILL_STORE: Final = (
    Scenario(
        "kill-store",
        "The processes that keep files and data are killed with -9 during uploads, and started again.",
        _kill_store,
        repeats_per_kill=REPEATS,
        next_delivery_s=AFTER_A_RESTART_S,
    ),
)
