"""What a function asked AWS for, and what its role allows."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest
from botocore.client import BaseClient

from tests.integration.template import ACCOUNT, REGION


class Need(NamedTuple):
    action: str
    resource: str


class Recorder:
    """Notes the calls of whichever function is running."""

    def __init__(self) -> None:
        self.needs: dict[str, set[Need]] = {}
        self._running: str | None = None

    @contextmanager
    def running(self, function: str) -> Any:  # noqa: ANN401 - a context manager
        self._running = function
        try:
            yield
        finally:
            self._running = None

    def listen(self, patch: pytest.MonkeyPatch) -> None:
        call: Callable[[BaseClient, str, dict[str, Any]], Any] = BaseClient._make_api_call  # type: ignore[attr-defined]

        def recorded(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - boto's
            if self._running is not None:
                service = client.meta.service_model.service_name
                self.needs.setdefault(self._running, set()).update(_needs(service, operation, parameters))
            return call(client, operation, parameters)

        patch.setattr(BaseClient, "_make_api_call", recorded)


def _needs(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterable[Need]:
    match service:
        case "dynamodb":
            return _dynamodb_needs(operation, parameters)
        case "sqs":
            name = parameters["QueueUrl"].rsplit("/", 1)[1]
            action = operation.removesuffix("Batch")
            return [Need(f"sqs:{action}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")]
        case "s3":
            return [Need(f"s3:{operation}", f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")]
        case "secretsmanager":
            # Secrets Manager puts a hyphen and six characters of its own after the name.
            name = f"{parameters['SecretId']}-AbCdEf"
            return [
                Need(
                    f"secretsmanager:{operation}", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
                )
            ]
    raise AssertionError(f"nobody knows what {service}:{operation} needs")


def _dynamodb_needs(operation: str, parameters: Mapping[str, Any]) -> list[Need]:
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        return [Need(f"dynamodb:{operation}", _table(name)) for name in parameters["RequestItems"]]
    if operation == "TransactWriteItems":
        # IAM knows no transaction: each write in it needs what it would need alone.
        writes = [(kind, write) for item in parameters["TransactItems"] for kind, write in item.items()]
        suffix = {"ConditionCheck": "ConditionCheckItem"}
        return [
            Need(f"dynamodb:{suffix.get(kind, kind + 'Item')}", _table(one["TableName"]))
            for kind, one in writes
        ]
    resource = _table(parameters["TableName"])
    index = parameters.get("IndexName")
    return [Need(f"dynamodb:{operation}", f"{resource}/index/{index}" if index else resource)]


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


class Role:
    """The statements of a function's policies."""

    def __init__(self, function: Mapping[str, Any]) -> None:
        self.statements = [
            (_listed(statement["Action"]), _listed(statement["Resource"]))
            for policy in function["Policies"]
            for statement in policy["Statement"]
        ]
        assert all(
            statement["Effect"] == "Allow"
            for policy in function["Policies"]
            for statement in policy["Statement"]
        )

    def allows(self, need: Need) -> bool:
        return any(
            need.action in actions and any(fnmatchcase(need.resource, one) for one in resources)
            for actions, resources in self.statements
        )


def _listed(one_or_many: str | list[str]) -> list[str]:
    return [one_or_many] if isinstance(one_or_many, str) else one_or_many
