"""A message group becomes visible as a whole.

LocalStack has an environment of its own, so the test runs the queue there.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".envs/localstack/bin/python"
SCRIPT = """
import time
from localstack.services.sqs.models import FifoQueue
from lambda_processes.localstack.fifo import put_message

FifoQueue._put_message = put_message
queue = FifoQueue("a.fifo", "us-east-1", "000000000000")

def send(body):
    message = {"Body": body, "MessageId": body, "MD5OfBody": ""}
    queue.put(message, message_deduplication_id=body, message_group_id="group")

send("1"), send("2")
first, second = queue.receive(10).receipt_handles
queue.update_visibility_timeout(second, 2)
queue.update_visibility_timeout(first, 1)
send("3")
deadline = time.time() + 20
got = []
while len(got) < 3 and time.time() < deadline:
    queue.requeue_inflight_messages()
    given = queue.receive(10)
    got += [message.message["Body"] for message in given.successful]
    for handle in given.receipt_handles:
        queue.remove(handle)
print(*got)
"""


def test_what_was_sent_later_does_not_overtake_what_is_still_hidden() -> None:
    ran = subprocess.run([PYTHON, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True)

    assert ran.stdout.split() == ["1", "2", "3"]
