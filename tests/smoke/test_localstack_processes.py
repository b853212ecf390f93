"""LocalStack with functions as processes, before any deployment.

The functions end with LocalStack, however it ends.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.backends.localstack import LocalStack
from chat4all_local.cloud.checkout import runtime
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.launch import Launched, launched, wait_until_healthy
from chat4all_local.cloud.ports import choose_ports
from chat4all_local.cloud.settings import LOCALHOST, STACK
from tests.e2e.sockets import listening
from tests.e2e.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_lambda.literals import RuntimeType

CODE = """
import os, time
def handler(event, context):
    time.sleep(event["sleep"])
    return os.getpid()
"""
ROLE = "arn:aws:iam::000000000000:role/any"


@dataclass(frozen=True)
class Bare:
    aws: Aws
    localstack: Launched

    def create(self, name: str) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", CODE)
        functions = self.aws.functions()
        functions.create_function(
            FunctionName=name,
            Runtime=cast("RuntimeType", runtime()),
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=30,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)

    def invoke(self, name: str, sleep: float) -> int:
        payload = json.dumps({"sleep": sleep}).encode()
        answer = self.aws.functions().invoke(FunctionName=name, Payload=payload)
        return int(json.loads(answer["Payload"].read()))


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bare]:
    folder, backend = StateFolder(tmp_path), LocalStack()
    folder.create()
    folder.empty_tmp()
    ports = choose_ports(backend.port_names, {})
    backend.prepare(folder, ports)
    with launched(folder, uuid.uuid4().hex, backend.plans(folder, ports, STACK)) as running:
        wait_until_healthy(running)
        endpoints = backend.endpoints(ports)
        [localstack] = [process for process in running if process.component.name == "localstack"]
        yield Bare(Aws(endpoints.aws, endpoints.s3), localstack)


def test_only_this_machine_reaches_it(bare: Bare) -> None:
    assert listening([bare.localstack.process.pid]) == {LOCALHOST}


def test_environments_are_reused_stand_side_by_side_and_end_with_localstack(bare: Bare) -> None:
    bare.create("f")
    with ThreadPoolExecutor() as threads:
        side_by_side = list(threads.map(lambda _: bare.invoke("f", 1.5), range(3)))
    again = bare.invoke("f", 0)
    assert len(set(side_by_side)) == 3
    assert again in side_by_side
    functions = [psutil.Process(pid) for pid in side_by_side]

    bare.localstack.process.kill()

    eventually(lambda: not any(process.is_running() for process in functions))
