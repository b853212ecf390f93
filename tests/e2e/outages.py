"""Taking something away from the functions, and giving it back."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from chat4all_local.cloud.running import Cloud

GONE_WITHIN_S = 10.0


@contextmanager
def without(cloud: Cloud, function: str, variable: str) -> Iterator[None]:
    """The function runs with `variable` naming a queue or table that does not exist."""
    functions, name = cloud.aws.functions(), f"{cloud.stack}-{function}"
    configured = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def configure(variables: Mapping[str, str]) -> None:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    configure({**configured, variable: configured[variable] + "-gone"})
    try:
        yield
    finally:
        configure(configured)


def workers(cloud: Cloud, function: str) -> list[psutil.Process]:
    """The processes that run the function at the moment."""
    [ministack] = (one for one in cloud.folder.read().components if one.name == "ministack")
    children = psutil.Process(ministack.process.pid).children(recursive=True)
    return [child for child in children if _function_of(child) == f"{cloud.stack}-{function}"]


def kill(processes: Iterable[psutil.Process]) -> int:
    """SIGKILL; returns how many of them were still there."""
    killed = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
            killed.append(process)
    psutil.wait_procs(killed, timeout=GONE_WITHIN_S)
    return len(killed)


def batches_lost(cloud: Cloud, function: str) -> int:
    """How many batches the queue gave to the function that it never answered."""
    log = (cloud.folder.logs / "ministack.log").read_text(errors="replace")
    return log.count(f"ESM: Lambda {cloud.stack}-{function} failed processing")


def _function_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("AWS_LAMBDA_FUNCTION_NAME")
    except psutil.Error:
        return None
