"""A script for an isolated interpreter with the built layer: times the `api` handler and the bare AWS calls.

stdin: {"layer", "code", "event", "bodies": [[...], ...], "table", "queue"}; each inner list of bodies is a
block. The script posts a block through the handler, and makes the bare put and send for the same block.
stdout: a JSON line with the blocks' times. The environment is the function's. Only the layer and the
standard library can be imported.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any


class Calls:
    """Counts the AWS calls of botocore clients, by operation."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def __call__(self, **event: Any) -> None:  # noqa: ANN401 (botocore passes any arguments)
        self.counted[event["operation_name"]] += 1


class Context:
    """The part of Lambda's context that the handler uses."""

    aws_request_id = "benchmark"
    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


Post = Callable[[str], None]


def product_post(given: dict[str, Any], calls: Calls) -> Post:
    sys.path.insert(0, given["code"])
    from chat4all.adapters.aws import session  # noqa: PLC0415 (found in the layer, once it is on the path)

    session().register("request-created", calls)
    from app import handler  # type: ignore[import-not-found]  # noqa: PLC0415

    def post(body: str) -> None:
        answer = handler({**given["event"], "body": body}, Context())
        if answer["statusCode"] != 202:
            raise RuntimeError(f"the handler answered {answer}")

    return post


def bare_post(given: dict[str, Any], calls: Calls) -> Post:
    import boto3  # noqa: PLC0415 (as above)

    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    for client in (dynamodb, sqs):
        client.meta.events.register("request-created", calls)

    def post(body: str) -> None:
        message = json.loads(body)
        dynamodb.put_item(
            TableName=given["table"],
            Item={name: {"S": value} for name, value in message.items()},
            ConditionExpression="attribute_not_exists(message_id)",
        )
        sqs.send_message(
            QueueUrl=given["queue"],
            MessageBody=body,
            MessageGroupId=message["conversation_id"],
            MessageDeduplicationId=message["message_id"],
        )

    return post


def timed(post: Post, bodies: Iterable[str]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for body in bodies:
        post(body)
    return {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def main() -> None:
    given = json.load(sys.stdin)
    sys.path.insert(0, given["layer"])
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the handler's logs are written but not kept
    calls = {"product": Calls(), "bare": Calls()}
    product, bare = product_post(given, calls["product"]), bare_post(given, calls["bare"])
    warm_up, *blocks = given["bodies"]
    timed(bare, warm_up)
    timed(product, warm_up)
    for counter in calls.values():
        counter.counted.clear()
    times = [{"bare": timed(bare, bodies), "product": timed(product, bodies)} for bodies in blocks]
    counted = {side: counter.counted for side, counter in calls.items()}
    json.dump({"blocks": times, "calls": counted}, answer)
    answer.close()


if __name__ == "__main__":
    main()
