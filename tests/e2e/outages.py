"""Taking a queue or table away from the functions, and giving it back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chat4all_local.cloud.running import Cloud


@contextmanager
def without(cloud: Cloud, function: str, variable: str) -> Iterator[None]:
    """Run the function with `variable` naming a queue or table that does not exist."""
    functions, name = cloud.aws.functions(), f"{cloud.stack}-{function}"
    configured = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def configure(variables: Mapping[str, str]) -> None:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    configure({**configured, variable: configured[variable] + "-gone"})
    try:
        yield
    finally:
        configure(configured)


@contextmanager
def holding(cloud: Cloud, function: str) -> Iterator[None]:
    """Keep new messages in the function's queue until the block ends."""
    functions = cloud.aws.functions()
    found = functions.list_event_source_mappings(FunctionName=f"{cloud.stack}-{function}")
    (mapping,) = found["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def batches_lost(cloud: Cloud, function: str) -> int:
    """Return how many batches the queue gave to the function without getting an answer."""
    log = (cloud.folder.logs / "ministack.log").read_text(errors="replace")
    return log.count(f"ESM: Lambda {cloud.stack}-{function} failed processing")
