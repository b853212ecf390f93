"""Waits until the deployed API answers: only then a cloud is up."""

import time
from collections.abc import Sequence
from typing import Final

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from chat4all_local.cloud.backends.choice import BackendName
from chat4all_local.cloud.errors import ComponentFailed
from chat4all_local.cloud.function_logs import FunctionLogs
from chat4all_local.cloud.launch import Launched
from chat4all_local.cloud.running import Cloud
from chat4all_local.cloud.settings import ANSWERING_WITHIN, POLL_EVERY
from chat4all_local.cloud.tools import LOG_LINES_SHOWN

_ANSWER_SHOWN: Final = 2_000  # characters of an answer that is not what it should be


def wait_until_answering(cloud: Cloud, running: Sequence[Launched], within: float = ANSWERING_WITHIN) -> None:
    """Until `GET /v1/health` is answered with 200. `within` is in seconds, and the first call starts the function.

    Raises ComponentFailed, with the last answer and what the function has logged, or with the log of what is `running` no more.
    """
    url = f"{cloud.api_url}/v1/health"
    deadline = time.monotonic() + within
    while True:
        left = deadline - time.monotonic()
        status, answer = _asked(url, max(left, 1.0))
        if status == 200:
            return
        for one in running:
            one.check_alive()
        if left <= 0:
            told = [answer[:_ANSWER_SHOWN], *_last_lines(cloud)]
            raise ComponentFailed(
                f"the API is not well after {within:.0f} s: GET {url}: {status or 'no answer'}",
                "\n".join(line for line in told if line),
                _advice(cloud),
            )
        time.sleep(POLL_EVERY)


def _asked(url: str, timeout: float) -> tuple[int, str]:
    """Status and body; 0 and the error where there was no answer."""
    try:
        answer = urllib3.request("GET", url, timeout=timeout, retries=False)
    except urllib3.exceptions.HTTPError as error:
        return 0, str(error)
    return answer.status, answer.data.decode(errors="replace")


def _last_lines(cloud: Cloud) -> list[str]:
    try:
        return [line.text for line in FunctionLogs(cloud, ["api"]).new_lines()[-LOG_LINES_SHOWN:]]
    except (BotoCoreError, ClientError) as error:
        return [f"what the function logged cannot be read: {error}"]


def _advice(cloud: Cloud) -> str:
    if cloud.backend == BackendName.EXTERNAL:
        return "what that cloud held from before may be in the way: start it afresh"
    return f"see: {cloud.folder.logs}"
