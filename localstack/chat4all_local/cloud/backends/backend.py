"""The port of a backend: the processes of a local cloud, and its differences from AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.settings import STOPPED_WITHIN


@dataclass(frozen=True)
class Plan:
    """A component before its start. `environment` is added to the common environment.

    The component is ready when `ready_url` answers with 200, or without a `ready_url`, when all its `urls`
    accept connections. It has `stopped_within` seconds to stop before it is killed. `journal_url` is the
    address of the report of its journal, if it has a journal.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    urls: Mapping[str, str]
    ready_url: str = ""
    journal_url: str = ""
    stopped_within: float = STOPPED_WITHIN


@dataclass(frozen=True)
class Endpoints:
    """The endpoints of a cloud: `s3` serves the product's files, `aws` every other service."""

    aws: str
    s3: str


class Backend(Protocol):
    """A backend. `title` names the step of its start. `lacks` lists features of AWS that it does not have."""

    @property
    def name(self) -> str: ...

    @property
    def event_stream(self) -> EventStream: ...

    @property
    def roles(self) -> Roles: ...

    @property
    def title(self) -> str: ...

    @property
    def port_names(self) -> Sequence[str]: ...

    @property
    def lacks(self) -> Sequence[str]: ...

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        """Prepare the folder before each attempt to start the components."""

    def plans(self, folder: StateFolder, ports: Mapping[str, int], stack: str) -> list[Plan]:
        """Return the components in the order of their start; a stop reverses it. Raises NotSetUp."""

    def endpoints(self, ports: Mapping[str, int]) -> Endpoints: ...

    def parameters(self, endpoints: Endpoints) -> Mapping[str, str]:
        """Return the template's parameters for this backend."""
