"""The product in this process: its functions over tables in memory, its two APIs, and the providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from chat4all.adapters.dynamodb.deliveries import DynamoDeliveries
from chat4all.adapters.dynamodb.files import DynamoFiles
from chat4all.adapters.dynamodb.messages import DynamoMessages
from chat4all.adapters.secrets import ManagedSecrets
from chat4all.bootstrap import api as api_function
from chat4all.bootstrap import webhooks as webhooks_function
from chat4all.bootstrap.settings import ApiSettings, WebhookSettings
from chat4all.domain.message import Message
from chat4all.services.access.authenticate import SCOPES
from tests.fakes.counted import Counted
from tests.fakes.windows import just_now
from tests.integration.aws import Aws
from tests.integration.http.conftest import a_key
from tests.integration.http.gateway import Answer, Gateway
from tests.integration.http.test_webhooks import signed
from tests.integration.permissions import Recorder
from tests.integration.product import Product
from tests.integration.provider import Provider, running_provider
from tests.integration.template import environment, functions


@dataclass(frozen=True)
class World:
    product: Product
    provider: Provider
    recorder: Recorder
    api: Gateway
    webhooks: Gateway
    messages: DynamoMessages
    deliveries: DynamoDeliveries
    files: DynamoFiles

    def say(self, channel: str, webhook: object) -> Answer:
        """Send a webhook of a provider, encoded as JSON."""
        return self.hear(channel, msgspec.json.encode(webhook))

    def hear(self, channel: str, body: bytes) -> Answer:
        """Send a webhook of a provider, signed."""
        headers = signed(channel, body)
        return self.webhooks.request("POST", f"/v1/webhooks/{channel}", body.decode(), headers=headers)

    def create(self, kind: str, *identities: tuple[str, str], name: str | None = None) -> str:
        """Create a user who has just written from each of the identities."""
        known = [
            {"channel": channel, "address": address, "wrote_at": just_now()}
            for channel, address in identities
        ]
        answer = self.api.post(
            "/v1/users", {"type": kind, "display_name": name or kind.title(), "identities": known}
        )
        return str(answer.json["user_id"])

    def converse(self, *users: str) -> str:
        kind = "1:1" if len(users) == 2 else "GROUP"
        answer = self.api.post("/v1/conversations", {"type": kind, "participants": users})
        return str(answer.json["conversation_id"])

    def post(self, conversation_id: str, sender_id: str, content: object, **more: object) -> str:
        body = {"conversation_id": conversation_id, "sender_id": sender_id, "content": content, **more}
        answer = self.api.post("/v1/messages", body)
        assert answer.status == 202, answer.text
        return str(answer.json["message_id"])

    def progress(self, message_id: str) -> Any:  # noqa: ANN401 - what a test expects of it, it asserts
        return self.api.get(f"/v1/messages/{message_id}/status").json

    def history(self, conversation_id: str) -> list[Any]:
        messages: list[Any] = self.api.get(f"/v1/conversations/{conversation_id}/messages").json["messages"]
        return messages

    def message(self, message_id: str) -> Message:
        found = self.messages.get(message_id)
        assert found is not None
        return found


@contextmanager
def a_world(aws: Aws) -> Iterator[World]:
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch, running_provider() as provider:
        recorder.listen(patch)
        product = Product(aws, provider, recorder, patch)
        variables = environment(functions(product.template)["webhooks"])
        api_settings = msgspec.convert(
            environment(functions(product.template)["api"]), ApiSettings, strict=False
        )
        webhook_settings = msgspec.convert(variables, WebhookSettings)
        yield World(
            product=product,
            provider=provider,
            recorder=recorder,
            api=Gateway(
                api_function.app(api_settings).whole(),
                a_key(api_settings, *SCOPES),
                lambda event, _context: product.invoke("api", event),
            ),
            webhooks=Gateway(
                webhooks_function.app(webhook_settings, ManagedSecrets(str, {}), Counted()),
                None,
                lambda event, _context: product.invoke("webhooks", event),
            ),
            messages=DynamoMessages(api_settings.messages_table),
            deliveries=DynamoDeliveries(api_settings.messages_table),
            files=DynamoFiles(api_settings.files_table),
        )
