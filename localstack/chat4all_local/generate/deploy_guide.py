"""docs/deploy.md: the parameters, the secrets and the webhooks of the channels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from chat4all.channels.shared.manifest import Manifest


def _parameters(channels: Sequence[Manifest]) -> str:
    rows = (
        f"| `{channel.logical_name}BaseUrl` | `{channel.base_url}` | Where the API of {channel.title} is. |"
        for channel in channels
    )
    return "\n".join(("| parameter | default | |", "|---|---|---|", *rows))


def _secrets(channels: Sequence[Manifest]) -> str:
    return "\n".join(("```sh", *map(_put_secret, channels), "```"))


def _put_secret(channel: Manifest) -> str:
    fields = {field.name: f"<{field.meaning}>" for field in channel.secret}
    text = msgspec.json.format(msgspec.json.encode(fields), indent=0).decode()
    return f"aws secretsmanager put-secret-value --secret-id chat4all/{channel.name} --secret-string '{text}'"


def _webhooks(channels: Sequence[Manifest]) -> str:
    return "\n".join(f"- {channel.title}: {channel.webhook_setup}" for channel in channels)


BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {
    "channel-parameters": _parameters,
    "channel-secrets": _secrets,
    "channel-webhooks": _webhooks,
}
