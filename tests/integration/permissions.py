"""The permissions that a function used, that Lambda uses on its behalf, and that its role grants."""

import ast
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore import signers, xform_name
from botocore.client import BaseClient
from botocore.session import get_session

from chat4all_local.metering.meter import Meter, Request
from chat4all_local.metering.units import Item, described
from tests.integration.aws import Aws
from tests.integration.template import ACCOUNT, REGION


class Need(NamedTuple):
    action: str
    resource: str


class Recorder:
    """A recorder of the calls to AWS, by the function that runs."""

    def __init__(self) -> None:
        self.needs: dict[str, set[Need]] = {}
        self.operations: set[str] = set()
        """The called operations of all services, such as `send_message`, of all functions."""
        self.calls: list[Request] = []
        self._running: str | None = None
        self._call: Callable[[BaseClient, str, dict[str, Any]], Any] = BaseClient._make_api_call  # type: ignore[attr-defined]
        self._meter: Meter | None = None

    def count_with_meter(self, aws: Aws) -> Meter:
        """Count the calls from now on. The meter's own reads pass the recorder by."""

        def look(table: str, key: Item) -> Item | None:
            asked = {"TableName": table, "Key": key, "ConsistentRead": True}
            item: Item | None = self._call(aws.dynamodb, "GetItem", asked).get("Item")
            return item

        tables = {name: described(aws.dynamodb, name) for name in aws.dynamodb.list_tables()["TableNames"]}
        self._meter = Meter(tables, look)
        return self._meter

    @contextmanager
    def running(self, function: str) -> Any:  # noqa: ANN401 - a context manager
        self._running = function
        try:
            yield
        finally:
            self._running = None

    def listen(self, patch: pytest.MonkeyPatch) -> None:
        def recorded(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - boto's
            if self._running is not None:
                service = client.meta.service_model.service_name
                self.operations.add(xform_name(operation))
                self.needs.setdefault(self._running, set()).update(_needs(service, operation, parameters))
                request = Request(self._running, service, operation, parameters)
                self.calls.append(request)
                if self._meter is not None:
                    ask = partial(self._call, client, operation, parameters)
                    return self._meter.metered(request, ask, lambda answer: answer)
            return self._call(client, operation, parameters)

        patch.setattr(BaseClient, "_make_api_call", recorded)
        self._listen_to_signing(patch)

    def _listen_to_signing(self, patch: pytest.MonkeyPatch) -> None:
        """Record each signed address, since it has the permissions of the role that signs it.

        botocore gives this function to every client that it makes.
        """
        sign: Callable[[BaseClient, str, dict[str, Any], int], str] = signers.generate_presigned_url

        def recorded(client: BaseClient, method: str, parameters: dict[str, Any], seconds: int) -> str:
            if self._running is not None:
                operation = "".join(word.title() for word in method.split("_"))
                self.operations.add(method)
                self.needs.setdefault(self._running, set()).update(_s3_needs(operation, parameters))
            return sign(client, method, parameters, seconds)

        patch.setattr(signers, "generate_presigned_url", recorded)


def _needs(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterable[Need]:
    match service:
        case "dynamodb":
            return _dynamodb_needs(operation, parameters)
        case "sqs":
            name = parameters["QueueUrl"].rsplit("/", 1)[1]
            action = operation.removesuffix("Batch")
            return [Need(f"sqs:{action}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")]
        case "kinesis":
            # GetRecords names no stream, only the iterator, for which GetShardIterator needed a permission.
            streams = () if operation == "GetRecords" else (parameters["StreamName"],)
            return [Need(f"kinesis:{operation}", _stream(name)) for name in streams]
        case "s3":
            return _s3_needs(operation, parameters)
        case "secretsmanager":
            # Secrets Manager appends a hyphen and six characters to the name.
            name = f"{parameters['SecretId']}-AbCdEf"
            return [
                Need(
                    f"secretsmanager:{operation}", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
                )
            ]
        case "events":
            buses = {entry.get("EventBusName", "default") for entry in parameters["Entries"]}
            return [
                Need(f"events:{operation}", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}")
                for bus in buses
            ]
    raise AssertionError(f"nobody knows what {service}:{operation} needs")


def mapping_needs(queue: str) -> set[Need]:
    """Return the permissions that Lambda needs in a function's name to pass it a queue's records.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
    """
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    return {Need(action, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}") for action in actions}


def stream_needs(tables: Iterable[str]) -> set[Need]:
    """Return the permissions that Lambda needs in a function's name to pass it the changes of tables.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
    """
    actions = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
    return {
        Need(f"dynamodb:{action}", f"{_table(table)}/stream/2026-11-30T08:00:00.000")
        for action in actions
        for table in tables
    }


def _stream(name: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "ListParts": "ListMultipartUploadParts",
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""


def _s3_needs(operation: str, parameters: Mapping[str, Any]) -> list[Need]:
    if operation == "ListObjectVersions":
        return [Need("s3:ListBucketVersions", f"arn:aws:s3:::{parameters['Bucket']}")]
    action = f"s3:{_S3_ACTIONS.get(operation, operation)}{'Version' if 'VersionId' in parameters else ''}"
    needs = [Need(action, f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")]
    if operation == "CopyObject":
        source = parameters["CopySource"]
        needs.append(Need("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"))
    may_be_gone = operation == "GetObject" and not parameters["Key"].startswith(("files/", "thumbnails/"))
    if may_be_gone or operation in {"HeadObject", "CopyObject"}:
        # Without the permission to list, S3 answers 403 instead of 404 for a missing object:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        needs.append(Need("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}"))
    return needs


def _dynamodb_needs(operation: str, parameters: Mapping[str, Any]) -> list[Need]:
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        return [Need(f"dynamodb:{operation}", _table(name)) for name in parameters["RequestItems"]]
    if operation == "TransactWriteItems":
        # IAM has no permission for transactions: each write needs the same permission as outside of one.
        writes = [(kind, write) for item in parameters["TransactItems"] for kind, write in item.items()]
        suffix = {"ConditionCheck": "ConditionCheckItem"}
        return [
            Need(f"dynamodb:{suffix.get(kind, kind + 'Item')}", _table(write["TableName"]))
            for kind, write in writes
        ]
    resource = _table(parameters["TableName"])
    index = parameters.get("IndexName")
    return [Need(f"dynamodb:{operation}", f"{resource}/index/{index}" if index else resource)]


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def aws_calls(package: Path) -> set[str]:
    """Return the operations of boto's clients that a package's code names, such as `send_message`.

    The operations of DynamoDB are not included, since pynamodb calls them.
    """
    known = {xform_name(operation) for service in _CLIENTS for operation in _operations(service)}
    return {
        name
        for module in package.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        for name in _names(node)
        if name in known
    }


_CLIENTS = ("events", "s3", "secretsmanager", "sqs")


def _operations(service: str) -> list[str]:
    return list(get_session().get_service_model(service).operation_names)


def _names(node: ast.AST) -> Iterable[str]:
    """Yield the names of calls and of signed methods. `socket.create_connection` is not a call to AWS."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) != "socket":
            yield node.func.attr
        yield from (
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        )


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

    def grants(self) -> set[Need]:
        """Return every granted action on every resource. The resource's name may be a pattern."""
        return {
            Need(action, resource)
            for actions, resources in self.statements
            for action in actions
            for resource in resources
        }

    def unneeded(self, needs: Iterable[Need]) -> set[Need]:
        """Return the grants that none of the needs requires."""
        return {
            grant
            for grant in self.grants()
            if not any(
                need.action == grant.action and fnmatchcase(need.resource, grant.resource) for need in needs
            )
        }

    def allows(self, need: Need) -> bool:
        return any(
            need.action in actions and any(fnmatchcase(need.resource, resource) for resource in resources)
            for actions, resources in self.statements
        )


def _listed(one_or_many: str | list[str]) -> list[str]:
    return [one_or_many] if isinstance(one_or_many, str) else one_or_many
