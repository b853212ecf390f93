"""The port of a backend: the processes of a local cloud, and its differences from AWS."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.settings import STOPPED_WITHIN


@dataclass(frozen=True)
class Plan:
    """A component before its start. `environment` is added to the common environment.

    The component is ready when `ready_url` answers with 200, or without a `ready_url`, when all its `urls`
    accept connections. It has `stopped_within` seconds to stop before it is killed.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    urls: Mapping[str, str]
    ready_url: str = ""
    stopped_within: float = STOPPED_WITHIN


@dataclass(frozen=True)
class Endpoints:
    """`s3` is where the product's files are; every other service is at `aws`."""

    aws: str
    s3: str


class Backend(Protocol):
    """A backend. `title` names the step of its start. Each of `lacks` tells the user what it lacks of AWS."""

    @property
    def name(self) -> str: ...

    @property
    def event_stream(self) -> EventStream: ...

    @property
    def title(self) -> str: ...

    @property
    def port_names(self) -> Sequence[str]: ...

    @property
    def lacks(self) -> Sequence[str]: ...

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        """Before anything is started, and again where it is tried on other ports."""

    def plans(self, folder: StateFolder, ports: Mapping[str, int], stack: str) -> list[Plan]:
        """Return the components in the order of their start; a stop reverses it. Raises NotSetUp."""

    def endpoints(self, ports: Mapping[str, int]) -> Endpoints: ...

    def parameters(self, endpoints: Endpoints) -> Mapping[str, str]:
        """The template's parameters that are this backend's."""

    def unsaved(self, folder: StateFolder) -> str:
        """Why it could not keep its data when it was stopped; empty where it could, or is not to."""

    def deploying(self, folder: StateFolder) -> AbstractContextManager[None]:
        """Surround a deployment: a backend that keeps data undoes an interrupted deployment."""
