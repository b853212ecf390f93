"""The environment of a function, typed. template.yaml sets it."""

import os
from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

import msgspec

S = TypeVar("S")


class MessageTables(msgspec.Struct, frozen=True, rename="upper"):
    messages_table: str
    conversations_table: str
    directory_table: str


class ApiSettings(MessageTables, frozen=True, rename="upper"):
    api_keys_table: str
    limits_table: str
    files_table: str
    files_bucket: str
    files_queue: str
    file_retention_days: int
    audit_table: str
    api_url: str
    """How an address of this API begins: `{domain}`, `{api}` and `{stage}` stand for the request's."""
    chat_events_queue: str


class WebhookSettings(msgspec.Struct, frozen=True, rename="upper"):
    webhooks_table: str
    webhooks_bucket: str
    api_keys_table: str
    inbound_queue: str


class InboundSettings(MessageTables, frozen=True, rename="upper"):
    inbound_queue: str
    chat_events_queue: str
    status_updates_queue: str
    files_table: str
    files_queue: str
    file_retention_days: int


class RouterSettings(msgspec.Struct, frozen=True, rename="upper"):
    messages_table: str
    chat_events_queue: str


class ChannelSettings(msgspec.Struct, frozen=True, rename="upper"):
    channel: str
    base_url: str
    channel_secret: str
    channel_queue: str
    messages_table: str
    limits_table: str
    files_table: str
    files_bucket: str
    public_url: str
    """Of the API with its stage, as people's phones reach it; `{api}` stands for `api_id`."""
    api_id: str
    status_updates_queue: str
    consumer_timeout: int
    """Seconds that Lambda gives the function for one batch."""


class StatusSettings(msgspec.Struct, frozen=True, rename="upper"):
    messages_table: str
    chat_events_queue: str
    status_updates_queue: str


class FilesSettings(msgspec.Struct, frozen=True, rename="upper"):
    files_table: str
    files_bucket: str
    files_queue: str
    audit_table: str
    scanner: Literal["yara", "clamd", "guardduty"] = "yara"
    clamd_address: str = ""
    """`host:port`, or the path of a socket."""
    rules_folder: str = ""
    """Where more `*.yar` lie, beside those that come with the product."""


class RelaySettings(MessageTables, frozen=True, rename="upper"):
    limits_table: str
    files_table: str
    files_bucket: str
    files_queue: str
    chat_events_queue: str
    chat_events_dead_letter_queue: str
    status_updates_queue: str
    status_updates_dead_letter_queue: str
    inbound_queue: str
    inbound_dead_letter_queue: str


def from_environment(kind: type[S]) -> S:
    """Raises msgspec.ValidationError naming the variable that is missing."""
    return msgspec.convert(dict(os.environ), kind, strict=False)


def by_channel(channels: Iterable[str], suffix: str) -> Mapping[str, str]:
    """`{channel: os.environ["<CHANNEL>_<suffix>"]}`."""
    return {channel: os.environ[f"{channel.upper()}_{suffix}"] for channel in channels}
