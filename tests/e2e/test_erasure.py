"""Erase a person on the running cloud, and search everything that it stores for their words."""

from typing import Any

from chat4all.channels.registry import names
from chat4all_local.cloud.function_logs import FunctionLogs
from tests.channels import sample
from tests.e2e.stage import Customer, Stage, new_id
from tests.e2e.waiting import eventually
from tests.integration.test_erasure import Planted, readable


def stored_in(stage: Stage) -> dict[str, bytes]:
    """Return every row, object, record of a queue and line of a log of the cloud."""
    aws = stage.cloud.aws
    stored: dict[str, bytes] = {}
    dynamodb, sqs = aws.dynamodb(), aws.sqs()
    for table in dynamodb.list_tables()["TableNames"]:
        pages = dynamodb.get_paginator("scan").paginate(TableName=table)
        for number, item in enumerate(item for page in pages for item in page["Items"]):
            stored[f"{table} {number}"] = readable(item)
    s3 = aws.s3()
    for bucket in (stage.files_bucket(), stage.webhooks_bucket()):
        for listed in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            answer: dict[str, Any] = dict(s3.get_object(Bucket=bucket, Key=listed["Key"]))
            body = answer.pop("Body").read()
            stored[f"{bucket} {listed['Key']}"] = repr(answer).encode() + body
    for url in sqs.list_queues()["QueueUrls"]:
        given = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        for message in given.get("Messages", ()):
            stored[f"{url.rsplit('/', 1)[1]} {message['MessageId']}"] = message["Body"].encode()
    for number, line in enumerate(FunctionLogs(stage.cloud).new_lines()):
        stored[f"log-of-{line.function} {number}"] = line.text.encode()
    return stored


def plant(stage: Stage, planted: Planted, customer: Customer) -> None:
    channel = customer.channel
    planted(f"{channel} address", customer.address)
    talk = stage.talk(customer)
    simulator = stage.simulators[channel]
    simulator.write(customer.address, planted(f"{channel} text"))
    # Only who has written can be written to on every channel.
    eventually(lambda: stage.history(talk))
    sent = stage.say(talk, planted(f"{channel} answer"))
    stage.reaches(sent, "SENT", "DELIVERED", "READ")
    simulator.write_media(customer.address, sample(channel).PHOTO_KIND, "image/jpeg", size=1000)
    stage.api.call(
        "POST",
        f"/conversations/{talk.conversation_id}/notes",
        {"author_id": talk.agent_id, "text": planted(f"{channel} note")},
    )


def test_words_that_came_over_every_channel_are_nowhere_after_an_erasure(stage: Stage) -> None:
    planted = Planted()
    customers = [stage.customer(channel, planted(f"{channel} name")) for channel in names()]
    for customer in customers:
        plant(stage, planted, customer)
    stage.settle()
    kept, *others = customers
    for other in others:
        merged = stage.api.call("POST", f"/users/{kept.user_id}/merge", {"user_id": other.user_id})
        assert merged.status_code == 200, merged.text
    found = planted.found_in(stored_in(stage))
    assert set(planted.words) == set(found), "every planted word was stored"
    assert not {place for places in found.values() for place in places if place.startswith("log-of")}

    begun = stage.api.call("POST", f"/users/{kept.user_id}/erase", {"reason": new_id()})
    assert begun.status_code == 202, begun.text
    path = f"/erasures/{begun.json()['erasure_id']}"
    eventually(lambda: stage.api.call("GET", path).json(), lambda shown: shown["state"] == "ERASED", 120)

    # Receipts that were on their way come by a later pass; the bucket of a rate limit expires by itself.
    stage.settle()
    left = planted.found_in(stored_in(stage))
    assert {where for places in left.values() for where in places if not where.endswith("-limits")} == set()
