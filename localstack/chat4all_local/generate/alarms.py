"""infra/alarms.yaml: the collections that the loops of the alarms iterate over."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from chat4all.channels.shared.manifest import Manifest
from chat4all_local.generate.functions import consumer_names, function_names, oldest_ages_s


def _ages(channels: Sequence[Manifest]) -> str:
    return "\n".join(f"{queue}: {{ Most: {age_s} }}" for queue, age_s in oldest_ages_s(channels).items())


def _queues(channels: Sequence[Manifest]) -> str:
    return _listed(oldest_ages_s(channels))


def _functions(channels: Sequence[Manifest]) -> str:
    return _listed(function_names(channels))


def _consumers(channels: Sequence[Manifest]) -> str:
    return _listed(consumer_names(channels))


def _uploaders(channels: Sequence[Manifest]) -> str:
    return _listed(channel.name for channel in channels if channel.uploads)


def _channels(channels: Sequence[Manifest]) -> str:
    return _listed(channel.name for channel in channels)


def _listed(names: Iterable[str]) -> str:
    return f"- [{', '.join(names)}]"


BLOCKS: Final[Mapping[str, Callable[[Sequence[Manifest]], str]]] = {
    "ages": _ages,
    "queues": _queues,
    "functions": _functions,
    "consumers": _consumers,
    "uploaders": _uploaders,
    "channels": _channels,
}
