"""The docker-compose file and its hook: the base URLs of the providers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chat4all.channels.shared.manifest import Manifest


def _environment(channels: Sequence[Manifest]) -> str:
    return "\n".join(
        f"{_variable(channel)}: ${{{_variable(channel)}:-{channel.base_url}}}" for channel in channels
    )


def _parameters(channels: Sequence[Manifest]) -> str:
    given = [f'"{channel.logical_name}BaseUrl=${_variable(channel)}"' for channel in channels]
    return " \\\n    ".join(("set --", *given))


def _variable(channel: Manifest) -> str:
    return f"{channel.name.upper()}_BASE_URL"


COMPOSE_BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {"base-urls": _environment}
SCRIPT_BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {"base-urls": _parameters}
