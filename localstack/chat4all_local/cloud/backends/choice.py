"""The backend that a user has asked for."""

from enum import StrEnum

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.external import External
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.errors import CloudError


class BackendName(StrEnum):
    MINISTACK = "ministack"
    LOCALSTACK = "localstack"
    EXTERNAL = "external"


def chosen(name: BackendName, endpoint: str = "", event_stream: EventStream = EventStream.SQS) -> Backend:
    """`endpoint` is an external cloud's URL. Raises CloudError."""
    if name is BackendName.EXTERNAL:
        return External(_checked(endpoint), event_stream)
    if endpoint:
        raise CloudError(f"{name} is started here: it takes no --endpoint", "say: --backend external")
    if name is BackendName.LOCALSTACK:
        return LocalStack(event_stream)
    if event_stream is EventStream.KINESIS:
        raise CloudError(
            "MiniStack's Kinesis drops what a function hands back, and repeats a bad record for ever",
            "say: --backend localstack --event-stream kinesis",
        )
    return MiniStack()


def _checked(endpoint: str) -> str:
    try:
        address = parse_url(endpoint)
    except LocationParseError:
        address = None
    if address is None or address.scheme not in {"http", "https"} or not address.host:
        problem = f"--endpoint {endpoint} is no URL" if endpoint else "where is the external cloud?"
        raise CloudError(problem, "say: --endpoint http://127.0.0.1:4566")
    return endpoint.rstrip("/")
