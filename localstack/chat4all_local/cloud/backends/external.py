"""An external cloud, which runs already. The launcher deploys to it, and neither starts nor stops it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.backends.backend import Endpoints, Plan
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.backends.simulators import simulators
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.health import answers_ok
from chat4all_local.cloud.settings import ANSWERS_WITHIN, CHANNELS


@dataclass(frozen=True)
class External:
    endpoint: str
    event_stream: EventStream = EventStream.SQS
    roles: Roles = Roles.IGNORED
    name: str = "external"
    title: str = "Start the simulators"
    port_names: Sequence[str] = CHANNELS
    lacks: Sequence[str] = (
        "features that the external cloud lacks; its functions must reach the simulators on 127.0.0.1",
        "updates of a stack on LocalStack: restart LocalStack, then deploy a changed stack",
    )

    def prepare(self, folder: StateFolder, ports: Mapping[str, int]) -> None:
        """Check that the external cloud runs. Raises CloudError."""
        try:
            urllib3.request("GET", self.endpoint, timeout=ANSWERS_WITHIN, retries=False)
            Aws(self.endpoint, self.endpoint).cloudformation().list_stacks()
        except urllib3.exceptions.HTTPError as error:
            raise CloudError(
                f"nothing answers at {self.endpoint}: {error}", "start that cloud first"
            ) from error
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise CloudError(
                f"the server at {self.endpoint} does not answer as AWS does", "name another: --endpoint URL"
            ) from error

    def plans(self, folder: StateFolder, ports: Mapping[str, int], stack: str) -> list[Plan]:
        return [simulators(folder.customers, ports, self.endpoint, stack)]

    def endpoints(self, ports: Mapping[str, int]) -> Endpoints:
        return Endpoints(aws=self.endpoint, s3=self.endpoint)

    def parameters(self, endpoints: Endpoints) -> Mapping[str, str]:
        """Return the endpoints for the functions; none for LocalStack, which sets them itself."""
        if answers_ok(f"{endpoints.aws}/_localstack/health"):
            return self.event_stream.parameters
        here = {"EndpointUrl": endpoints.aws, "S3EndpointUrl": endpoints.s3}
        return {**here, **self.event_stream.parameters}
