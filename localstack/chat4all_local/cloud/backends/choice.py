"""The choice of the backend."""

from enum import StrEnum

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.external import External
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.errors import CloudError


class BackendName(StrEnum):
    MINISTACK = "ministack"
    LOCALSTACK = "localstack"
    EXTERNAL = "external"


def chosen(
    name: BackendName,
    endpoint: str = "",
    event_stream: EventStream = EventStream.SQS,
    roles: Roles = Roles.ENFORCED,
) -> Backend:
    """Return the backend `name`; `endpoint` is the URL of an external cloud. Raises CloudError."""
    if roles is Roles.IGNORED and name is not BackendName.MINISTACK:
        raise CloudError(
            f"--no-roles is only for --backend ministack: {name} is not told to enforce roles",
            "omit: --no-roles",
        )
    if name is BackendName.EXTERNAL:
        return External(_valid_url(endpoint), event_stream)
    if endpoint:
        raise CloudError(
            f"--endpoint is only for --backend external: {name} is started on this machine",
            "add: --backend external",
        )
    if name is BackendName.LOCALSTACK:
        return LocalStack(event_stream)
    if event_stream is EventStream.KINESIS:
        raise CloudError(
            "MiniStack's Kinesis loses records that a function returns, and repeats a bad record for ever",
            "use: --backend localstack --event-stream kinesis",
        )
    return MiniStack(roles)


def _valid_url(endpoint: str) -> str:
    try:
        address = parse_url(endpoint)
    except LocationParseError:
        address = None
    if address is None or address.scheme not in {"http", "https"} or not address.host:
        problem = f"--endpoint {endpoint} is no URL" if endpoint else "--backend external needs --endpoint"
        raise CloudError(problem, "for example: --endpoint http://127.0.0.1:4566")
    return endpoint.rstrip("/")
