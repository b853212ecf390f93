"""microburst as a proxy between the functions and AWS: it injects faults in the form that AWS gives them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import psutil

from chat4all_local.aws_account import ACCESS_KEY, SECRET_KEY
from chat4all_local.chaos.cloud_under_test import CloudUnderTest
from chat4all_local.chaos.proxy_client import Proxy
from chat4all_local.cloud.environment import component_environment
from chat4all_local.cloud.errors import ComponentFailed
from chat4all_local.cloud.ports import choose_ports
from chat4all_local.cloud.processes import start_exiting_with_parent, stop
from chat4all_local.cloud.reconfigured import reconfigured
from chat4all_local.cloud.settings import HEALTHY_WITHIN, LOCALHOST, POLL_EVERY, STOPPED_WITHIN
from chat4all_local.cloud.tools import tail
from chat4all_local.waiting import wait_until

_AWS: Final = "AWS_ENDPOINT_URL"
_S3: Final = "AWS_ENDPOINT_URL_S3"
_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
_RUNNER: Final = "from microburst.cli import main; main()"


@contextmanager
def behind_proxies(under_test: CloudUnderTest) -> Iterator[None]:
    """Put `before_s3` between every function and S3, `before_aws` between it and all other services.

    S3 checks signatures, and a signature includes the host. Therefore the S3 proxy signs each request again
    for the real host. Raises ComponentFailed.
    """
    with (
        _running(under_test, under_test.cloud.aws.endpoint, "aws") as aws,
        _running(under_test, under_test.cloud.aws.s3_endpoint, "s3", "--resign") as s3,
        reconfigured(under_test.cloud, lambda _: {_AWS: aws.url, _S3: s3.url}),
    ):
        under_test.before_aws, under_test.before_s3 = aws, s3
        yield


@contextmanager
def _running(under_test: CloudUnderTest, upstream: str, name: str, *options: str) -> Iterator[Proxy]:
    port = choose_ports(["microburst"], {})["microburst"]
    log = under_test.cloud.folder.logs / f"microburst-{name}.log"
    command = [
        sys.executable,
        "-c",
        _RUNNER,
        "--upstream",
        upstream,
        "--port",
        str(port),
        "--host",
        LOCALHOST,
        *options,
    ]
    process = start_exiting_with_parent(
        command, component_environment("", _CREDENTIALS), log, under_test.cloud.folder.path
    )
    proxy = Proxy(f"http://{LOCALHOST}:{port}")
    try:
        _wait_until_up(proxy, process, log.name)
        yield proxy
    finally:
        proxy.close()
        if process.poll() is None:
            stop([psutil.Process(process.pid)], STOPPED_WITHIN)
        process.wait()
        tail(log)


def _wait_until_up(proxy: Proxy, process: "subprocess.Popen[bytes]", log: str) -> None:
    def has_come_up_or_ended() -> bool:
        return proxy.is_up() or process.poll() is not None

    with suppress(TimeoutError):
        wait_until("microburst answers", has_come_up_or_ended, within_s=HEALTHY_WITHIN, every_s=POLL_EVERY)
    if not proxy.is_up():
        raise ComponentFailed("microburst does not answer", "", f"see: {log}")
