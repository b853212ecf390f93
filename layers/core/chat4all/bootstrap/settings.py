"""The environment of each function, typed. template.yaml sets it."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal, TypeVar

import msgspec

S = TypeVar("S")


class StreamSettings(msgspec.Struct, frozen=True, rename="upper", kw_only=True):
    """The streams of a function: each is an SQS queue (its URL) or a Kinesis stream (its name).

    A dead-letter queue holds the records that no function could handle. It is set for the functions that give
    records up, and for the function that collects the records.
    """

    needed: ClassVar[Sequence[str]] = ("chat_events", "status_updates")
    chat_events_queue: str = ""
    chat_events_stream: str = ""
    chat_events_dead_letter_queue: str = ""
    status_updates_queue: str = ""
    status_updates_stream: str = ""
    status_updates_dead_letter_queue: str = ""

    def __post_init__(self) -> None:
        for stream in self.needed:
            if bool(getattr(self, f"{stream}_queue")) == bool(getattr(self, f"{stream}_stream")):
                name = stream.upper()
                raise ValueError(f"set exactly one of {name}_QUEUE and {name}_STREAM")


class MessageTables(StreamSettings, frozen=True, rename="upper", kw_only=True):
    messages_table: str
    conversations_table: str
    directory_table: str
    verified_for_files: str
    """The channels on which files go to verified identities only, with commas between them."""


class ApiSettings(MessageTables, frozen=True, rename="upper", kw_only=True):
    needed = ("chat_events",)
    api_keys_table: str
    limits_table: str
    files_table: str
    files_bucket: str
    files_queue: str
    batches_queue: str
    privacy_queue: str
    file_retention_days: int
    audit_table: str
    search_table: str
    search_index: Literal["off", "table"]
    api_url: str
    """The API's public address before `/v1`; `{api}` stands for the id that a request contains."""

    @property
    def has_index(self) -> bool:
        """Return whether there is an index of words."""
        return self.search_index != "off"


class WebhookSettings(StreamSettings, frozen=True, rename="upper", kw_only=True):
    needed = ("status_updates",)
    messages_table: str
    webhooks_table: str
    webhooks_bucket: str
    api_keys_table: str
    audit_table: str
    inbound_queue: str


class InboundSettings(MessageTables, frozen=True, rename="upper", kw_only=True):
    needed = ("chat_events",)
    inbound_queue: str
    files_table: str
    files_queue: str
    file_retention_days: int
    audit_table: str
    keep_deleted_words: bool


class BatchesSettings(MessageTables, frozen=True, rename="upper", kw_only=True):
    needed = ("chat_events",)
    limits_table: str
    batches_queue: str


class RouterSettings(MessageTables, frozen=True, rename="upper", kw_only=True):
    needed = ("chat_events",)


class ChannelSettings(StreamSettings, frozen=True, rename="upper", kw_only=True):
    needed = ("status_updates",)
    channel: str
    base_url: str
    channel_secret: str
    channel_queue: str
    inbound_queue: str = ""
    """Set where the channel's manifest says that answers to sends bring news."""
    messages_table: str
    directory_table: str
    limits_table: str
    files_table: str
    files_bucket: str
    public_url: str
    """The API's public address before `/v1`; `{api}` stands for `api_id`."""
    api_id: str
    powertools_service_name: str
    """The name of the stack."""
    keep_deleted_words: bool
    consumer_timeout: int
    """The seconds that Lambda gives the function for one batch."""


class StatusSettings(StreamSettings, frozen=True, rename="upper", kw_only=True):
    messages_table: str
    limits_table: str
    powertools_service_name: str
    """The name of the stack."""


class FilesSettings(msgspec.Struct, frozen=True, rename="upper"):
    files_table: str
    files_bucket: str
    files_queue: str
    audit_table: str
    scanner: Literal["yara", "clamd", "guardduty"] = "yara"
    clamd_address: str = ""
    """`host:port`, or the path of a socket."""
    rules_folder: str = ""
    """A folder of `*.yar` rules that are used together with the product's own rules."""


class SearchSettings(msgspec.Struct, frozen=True, rename="upper"):
    messages_table: str
    conversations_table: str
    directory_table: str
    search_table: str


class PrivacySettings(msgspec.Struct, frozen=True, rename="upper"):
    privacy_queue: str
    messages_table: str
    conversations_table: str
    directory_table: str
    limits_table: str
    files_table: str
    files_bucket: str
    webhooks_table: str
    webhooks_bucket: str
    audit_table: str


class RelaySettings(MessageTables, frozen=True, rename="upper", kw_only=True):
    limits_table: str
    files_table: str
    files_bucket: str
    files_queue: str
    inbound_queue: str
    inbound_dead_letter_queue: str
    batches_queue: str
    privacy_queue: str
    archive_after_days: int
    """0: no conversation is archived because nobody writes in it."""
    powertools_service_name: str
    """The name of the stack."""


def from_environment(kind: type[S]) -> S:
    """Read the settings from the environment.

    Raises:
        msgspec.ValidationError: a variable is missing or not valid; the error names it.
    """
    return msgspec.convert(dict(os.environ), kind, strict=False)


def by_channel(channels: Iterable[str], suffix: str) -> Mapping[str, str]:
    """Return `{channel: os.environ["<CHANNEL>_<suffix>"]}`."""
    return {channel: of_channel(os.environ, channel, suffix) for channel in channels}


def of_channel(variables: Mapping[str, str], channel: str, suffix: str) -> str:
    """Return `variables["<CHANNEL>_<suffix>"]`."""
    return variables[f"{channel.upper()}_{suffix}"]
