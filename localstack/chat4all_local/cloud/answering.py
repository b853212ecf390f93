"""Waits until the deployed API answers: only then a cloud is up."""

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
from chat4all_local.waiting import wait_until

_ANSWER_SHOWN: Final = 2_000  # characters of an answer that is not what it should be


def wait_until_answering(cloud: Cloud, running: Sequence[Launched], within: float = ANSWERING_WITHIN) -> None:
    """Wait until `GET /v1/health` is answered with 200; the first call starts the function.

    Raises ComponentFailed after `within` seconds with the last answer and the log of the function, or at once
    with the log of a component that has ended.
    """
    url = f"{cloud.api_url}/v1/health"
    status, answer = 0, ""

    def is_well() -> bool:
        nonlocal status, answer
        status, answer = _asked(url, max(within, 1.0))
        if status != 200:
            for component in running:
                component.check_alive()
        return status == 200

    try:
        wait_until(f"{url} is answered with 200", is_well, within_s=within, every_s=POLL_EVERY)
    except TimeoutError as late:
        told = [answer[:_ANSWER_SHOWN], *_last_lines(cloud)]
        raise ComponentFailed(
            f"the API is not well after {within:.0f} s: GET {url}: {status or 'no answer'}",
            "\n".join(line for line in told if line),
            _advice(cloud),
        ) from late


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
