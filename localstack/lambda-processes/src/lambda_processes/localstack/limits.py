"""Limits of the environments that LocalStack starts.

LocalStack starts an environment for each invocation that finds none free, up to a thousand at once. Here an
invocation first waits for its turn, and is refused with 429 when too many wait, or when it waited too long.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from localstack.aws.api.lambda_ import TooManyRequestsException
from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InitializationType

from lambda_processes.pool import Refused
from lambda_processes.settings import settings
from lambda_processes.turns import Turns

Assignment = Callable[
    [AssignmentService, str, FunctionVersion, InitializationType], AbstractContextManager[object]
]


def install() -> None:
    """Let every invocation take its turn before it gets an environment."""
    AssignmentService.get_environment = taking_turns(AssignmentService.get_environment)


def taking_turns(assign: Assignment) -> Assignment:
    """Return LocalStack's assignment of environments to invocations, with the limits of the settings."""
    turns = Turns(settings().limits)

    @contextmanager
    def assign_in_turn(
        service: AssignmentService,
        version_manager_id: str,
        function_version: FunctionVersion,
        provisioning_type: InitializationType,
    ) -> Iterator[object]:
        with ExitStack() as stack:
            try:
                stack.enter_context(turns.taken(function_version.id.unqualified_arn()))
            except Refused as refused:
                raise TooManyRequestsException(
                    f"Rate Exceeded: {refused}",
                    Reason="ConcurrentInvocationLimitExceeded",
                    retryAfterSeconds="1",
                ) from refused
            yield stack.enter_context(
                assign(service, version_manager_id, function_version, provisioning_type)
            )

    return assign_in_turn
