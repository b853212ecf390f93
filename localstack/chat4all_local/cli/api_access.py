"""The API of the commands: the local cloud's API, or the API that the environment names."""

import os

from chat4all_local.api_client import ApiClient
from chat4all_local.cli.options import folder_at
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud, connect

URL_VARIABLE = "CHAT4ALL_API_URL"
KEY_VARIABLE = "CHAT4ALL_API_KEY"


def local_cloud(state: str) -> Cloud | None:
    """The cloud behind `client`, unless the environment names another API. Raises NotRunning."""
    is_elsewhere = os.environ.get(URL_VARIABLE) and os.environ.get(KEY_VARIABLE)
    return None if is_elsewhere else connect(folder_at(state))


def client(state: str) -> ApiClient:
    """Raises CloudError. With CHAT4ALL_API_URL (before /v1) and CHAT4ALL_API_KEY no local cloud is needed."""
    url, key = os.environ.get(URL_VARIABLE), os.environ.get(KEY_VARIABLE)
    if url and key:
        if not (key.isascii() and key.isprintable()):
            raise CloudError(f"{KEY_VARIABLE} is no API key: it has letters or signs that no key has")
        return ApiClient(url.rstrip("/"), key)
    cloud = connect(folder_at(state))
    return ApiClient(cloud.api_url, cloud.api_key)
