"""The backend that a user has asked for."""

from enum import StrEnum

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from chat4all_local.cloud.backends.backend import Backend
from chat4all_local.cloud.backends.external import External
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.backends.ministack import MiniStack
from chat4all_local.cloud.errors import CloudError


class BackendName(StrEnum):
    MINISTACK = "ministack"
    LOCALSTACK = "localstack"
    EXTERNAL = "external"


def chosen(name: BackendName, endpoint: str = "") -> Backend:
    """`endpoint` is an external cloud's URL. Raises CloudError."""
    if name is not BackendName.EXTERNAL:
        if endpoint:
            raise CloudError(f"{name} is started here: it takes no --endpoint", "say: --backend external")
        return MiniStack() if name is BackendName.MINISTACK else LocalStack()
    return External(_checked(endpoint))


def _checked(endpoint: str) -> str:
    try:
        address = parse_url(endpoint)
    except LocationParseError:
        address = None
    if address is None or address.scheme not in {"http", "https"} or not address.host:
        raise CloudError("where is the external cloud?", "say: --endpoint http://127.0.0.1:4566")
    return endpoint.rstrip("/")
