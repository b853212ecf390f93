"""The addresses in the API's answers are absolute, at whatever address the API is reached."""

import uuid
from collections.abc import Mapping

import msgspec
import pytest

from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.bootstrap import api as api_function
from chat4all.bootstrap.settings import ApiSettings
from chat4all.domain.files.file import FileStatus
from tests.integration.aws import CHANNELS
from tests.integration.http.conftest import PUBLIC_URL, Cast
from tests.integration.http.gateway import API_ID, Gateway
from tests.integration.template import Template, environment, functions

ON_ITS_OWN_DOMAIN = {"DomainName": "api.example.com", "CertificateArn": "arn:c"}
BEHIND_A_PROXY = {"ApiUrl": "https://desk.example.com/chat/"}
ON_A_LOCAL_CLOUD = {"Cloud": "local", "ApiUrl": "http://127.0.0.1:4566/_aws/execute-api/{api}/api"}


@pytest.mark.parametrize(
    ("parameters", "base"),
    [
        ({}, PUBLIC_URL),
        (ON_ITS_OWN_DOMAIN, "https://api.example.com"),
        (BEHIND_A_PROXY, "https://desk.example.com/chat"),
        (ON_A_LOCAL_CLOUD, f"http://127.0.0.1:4566/_aws/execute-api/{API_ID}/api"),
    ],
    ids=["API Gateway's own", "a domain whose root is the stage", "a proxy", "a local cloud"],
)
def test_every_address_begins_where_the_api_is_reached(
    parameters: Mapping[str, str], base: str, key: str, cast: Cast
) -> None:
    template = Template(parameters=parameters)
    settings = msgspec.convert(environment(functions(template)["api"]), ApiSettings, strict=False)
    api = Gateway(api_function.app(settings).whole(), key)
    message_id = str(uuid.uuid4())
    body = {
        "conversation_id": cast.conversation,
        "sender_id": cast.agent,
        "content": "hello",
        "message_id": message_id,
    }

    status_url = api.post("/v1/messages", body).json["status_url"]
    channels = api.get("/v1/channels").json["channels"]
    link = api.get(f"/v1/files/{a_ready_file(api, settings)}/download").json["url"]

    assert status_url == f"{base}/v1/messages/{message_id}/status"
    assert {channel["channel"]: channel["capabilities_url"] for channel in channels} == {
        name: f"{base}/v1/channels/{name}/capabilities" for name in CHANNELS
    }
    assert link.startswith(f"{base}/v1/links/")


def a_ready_file(api: Gateway, settings: ApiSettings) -> str:
    """Begin an upload, save it as READY, and return the file's id."""
    body = {"filename": "a.png", "size": 3, "content_type": "image/png"}
    file_id = str(api.post("/v1/files", body).json["file_id"])
    files = DynamoFiles(settings.files_table)
    file = files.get(file_id)
    assert file is not None
    assert files.save(msgspec.structs.replace(file, status=FileStatus.READY), file.status, due_at=None)
    return file_id
