"""DynamoDB by moto in LocalStack's own process, instead of Amazon's jar: `PROVIDER_OVERRIDE_DYNAMODB=moto`.

moto checks a condition and then writes. A transaction reverts its writes when a later condition fails.
Concurrent requests could see or revert half of each other's work, so this provider handles a single request
at a time.
"""

import threading
from collections.abc import Callable

from localstack.aws.api import RequestContext, ServiceRequest, ServiceResponse
from localstack.aws.api.dynamodb import DynamodbApi
from localstack.aws.skeleton import DispatchTable
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service, aws_provider

Handler = Callable[[RequestContext, ServiceRequest], ServiceResponse | None]


class MotoDynamoDb(DynamodbApi):
    """The provider. moto implements every operation."""


def one_at_a_time(table: DispatchTable) -> DispatchTable:
    lock = threading.RLock()

    def serialized(handler: Handler) -> Handler:
        def handle(context: RequestContext, request: ServiceRequest) -> ServiceResponse | None:
            with lock:
                return handler(context, request)

        return handle

    return {operation: serialized(handler) for operation, handler in table.items()}


@aws_provider(api="dynamodb", name="moto")
def dynamodb_moto() -> Service:
    return Service.for_provider(
        MotoDynamoDb(),
        dispatch_table_factory=lambda provider: one_at_a_time(MotoFallbackDispatcher(provider)),
    )
