"""LocalStack starts no more environments at once than the limits allow, and refuses as AWS refuses.

LocalStack has an environment of its own, so the test runs its assignment of environments there.
"""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".envs/localstack/bin/python"
SCRIPT = """
import threading
from contextlib import contextmanager
from localstack.aws.api.lambda_ import TooManyRequestsException
from localstack.services.lambda_.invocation.lambda_models import VersionIdentifier
from lambda_processes.localstack.limits import taking_turns

class Version:
    id = VersionIdentifier("f", "$LATEST", "us-east-1", "000000000000")

at_once, most, over = 0, 0, threading.Event()
counting = threading.Lock()

@contextmanager
def assign(service, manager, version, kind):
    global at_once, most
    with counting:
        at_once += 1
        most = max(most, at_once)
    try:
        yield "environment"
    finally:
        with counting:
            at_once -= 1

limited = taking_turns(assign)
refused = []

def invoke():
    try:
        with limited(None, "m", Version, "on-demand") as environment:
            assert environment == "environment"
            over.wait(5)
    except TooManyRequestsException as error:
        refused.append((error.status_code, error.Reason, error.retryAfterSeconds))
        over.set()

threads = [threading.Thread(target=invoke) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join(10)
assert most == 2, most
assert refused and set(refused) == {(429, "ConcurrentInvocationLimitExceeded", "1")}, refused
assert at_once == 0
"""


def test_invocations_wait_for_their_turn_and_are_refused_with_429_when_too_many_wait() -> None:
    limits = {"LAMBDA_PROCESS_PER_FUNCTION": "2", "LAMBDA_PROCESS_WAITING": "3"}

    done = subprocess.run(
        [str(PYTHON), "-c", SCRIPT], env={**os.environ, **limits}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
