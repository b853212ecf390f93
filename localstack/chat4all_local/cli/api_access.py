"""The API that the commands call: the local cloud's, or an API that the environment variables name."""

import os

from chat4all_local.api_client import ApiClient
from chat4all_local.cli.options import folder_at
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.running import Cloud, connect

URL_VARIABLE = "CHAT4ALL_API_URL"
KEY_VARIABLE = "CHAT4ALL_API_KEY"


def local_cloud(state: str) -> Cloud | None:
    """Return the cloud behind `client`; None if the environment names another API. Raises NotRunning."""
    names_another_api = os.environ.get(URL_VARIABLE) and os.environ.get(KEY_VARIABLE)
    return None if names_another_api else connect(folder_at(state))


def client(state: str) -> ApiClient:
    """Return a client of the local cloud's API, or of the API that the environment names. Raises CloudError.

    The environment names an API with CHAT4ALL_API_URL (without /v1) and CHAT4ALL_API_KEY.
    """
    url, key = os.environ.get(URL_VARIABLE), os.environ.get(KEY_VARIABLE)
    if url and key:
        if not (key.isascii() and key.isprintable()):
            raise CloudError(f"{KEY_VARIABLE} is no API key: it has characters that no key has")
        return ApiClient(url.rstrip("/"), key)
    cloud = connect(folder_at(state))
    return ApiClient(cloud.api_url, cloud.api_key)
