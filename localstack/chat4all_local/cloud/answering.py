"""Wait until the deployed API answers: only then is a cloud up."""

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

_ANSWER_SHOWN: Final = 2_000  # characters of a wrong answer


def wait_until_answering(cloud: Cloud, running: Sequence[Launched], within: float = ANSWERING_WITHIN) -> None:
    """Wait until `GET /v1/health` is answered with 200; the first call starts the function.

    Raises ComponentFailed after `within` seconds, with the last answer and the log of the function. If a
    component ends, raises ComponentFailed at once, with the log of the component.
    """
    url = f"{cloud.api_url}/v1/health"
    status, answer = 0, ""

    def is_healthy() -> bool:
        nonlocal status, answer
        status, answer = _get(url, max(within, 1.0))
        if status != 200:
            for component in running:
                component.check_alive()
        return status == 200

    try:
        wait_until(f"{url} is answered with 200", is_healthy, within_s=within, every_s=POLL_EVERY)
    except TimeoutError as late:
        details = [answer[:_ANSWER_SHOWN], *_last_lines(cloud)]
        raise ComponentFailed(
            f"the API is not healthy after {within:.0f} s: GET {url}: {status or 'no answer'}",
            "\n".join(line for line in details if line),
            _advice(cloud),
        ) from late


def _get(url: str, timeout: float) -> tuple[int, str]:
    """Return the status and the body; 0 and the error if there was no answer."""
    try:
        answer = urllib3.request("GET", url, timeout=timeout, retries=False)
    except urllib3.exceptions.HTTPError as error:
        return 0, str(error)
    return answer.status, answer.data.decode(errors="replace")


def _last_lines(cloud: Cloud) -> list[str]:
    try:
        return [line.text for line in FunctionLogs(cloud, ["api"]).new_lines()[-LOG_LINES_SHOWN:]]
    except (BotoCoreError, ClientError) as error:
        return [f"the log of the function cannot be read: {error}"]


def _advice(cloud: Cloud) -> str:
    if cloud.backend == BackendName.EXTERNAL:
        return "data from an earlier deployment may be the cause: restart that cloud with no data"
    return f"see: {cloud.folder.logs}"
