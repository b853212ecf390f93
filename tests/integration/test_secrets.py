"""The channels' secrets, in Secrets Manager."""

import uuid
from collections.abc import Iterator

import msgspec
import pytest
from aws_lambda_powertools.utilities.parameters import base

from chat4all.adapters.secrets import ManagedSecrets
from chat4all.domain.errors import Unavailable
from chat4all.services.messaging.connector import ChannelSecret
from tests.integration.aws import CHANNELS, Aws, secret_of
from tests.integration.template import environment, functions


@pytest.fixture
def name(aws: Aws) -> Iterator[str]:
    name = f"secret-{uuid.uuid4()}"
    aws.secrets.create_secret(Name=name, SecretString=msgspec.json.encode(secret_of("whatsapp")).decode())
    yield name
    base.clear_caches()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channels_secret_is_where_the_template_says(aws: Aws, channel: str) -> None:
    variables = environment(functions(aws.template)[channel])

    secrets = ManagedSecrets({channel: variables["CHANNEL_SECRET"]}.__getitem__, {})

    assert secrets.of(channel, "main") == secret_of(channel)


def test_a_secret_is_kept_for_a_while_and_then_read_again(
    aws: Aws, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ManagedSecrets({"whatsapp": name}.__getitem__, {})
    before = secrets.of("whatsapp", "main")
    assert isinstance(before, ChannelSecret)
    rotated = msgspec.structs.replace(before, access_token="rotated")
    aws.secrets.put_secret_value(SecretId=name, SecretString=msgspec.json.encode(rotated).decode())
    assert secrets.of("whatsapp", "main") == before

    monkeypatch.setattr("chat4all.adapters.secrets.KEEP_S", -1)

    assert ManagedSecrets({"whatsapp": name}.__getitem__, {}).of("whatsapp", "main") == rotated


def test_what_was_pasted_with_the_end_of_its_line_is_taken_without(aws: Aws, name: str) -> None:
    clean = secret_of("whatsapp")
    pasted = msgspec.structs.replace(
        clean, access_token=f"{clean.access_token}\n", account_id=f" {clean.account_id}"
    )
    aws.secrets.put_secret_value(SecretId=name, SecretString=msgspec.json.encode(pasted).decode())

    assert ManagedSecrets({"whatsapp": name}.__getitem__, {}).of("whatsapp", "main") == clean


@pytest.mark.parametrize("text", ["no JSON", "{}", "[]", '{"account_id": 5}', " "])
def test_what_is_no_secret_of_ours_is_unavailable(aws: Aws, name: str, text: str) -> None:
    aws.secrets.put_secret_value(SecretId=name, SecretString=text)

    with pytest.raises(Unavailable) as refused:
        ManagedSecrets({"whatsapp": name}.__getitem__, {}).of("whatsapp", "main")

    assert refused.value.retry_after
    assert text.strip() not in refused.value.message or not text.strip()


def test_a_secret_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        ManagedSecrets({"whatsapp": "never made"}.__getitem__, {}).of("whatsapp", "main")
