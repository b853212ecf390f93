"""Functions with other environment variables, for the time of a block, and functions that start cold."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from chat4all_local.cloud.functions import configuration, function_names
from chat4all_local.cloud.running import Cloud


@contextmanager
def reconfigured(cloud: Cloud, changes_of: Callable[[str], Mapping[str, str]]) -> Iterator[None]:
    """Give each function the variables that `changes_of` returns for its name.

    A change ends the processes of the function.
    """
    functions = cloud.aws.functions()
    before = {name: configuration(cloud, name)["Environment"]["Variables"] for name in function_names(cloud)}

    def configure(name: str, changes: Mapping[str, str]) -> None:
        functions.update_function_configuration(
            FunctionName=f"{cloud.stack}-{name}", Environment={"Variables": {**before[name], **changes}}
        )

    for name in before:
        configure(name, changes_of(name))
    try:
        yield
    finally:
        for name in before:
            configure(name, {})


def end_environments(cloud: Cloud) -> None:
    """End every execution environment, so that the next invocation of each function starts cold.

    A change of a function's configuration ends its environments, even a change to what it was.
    """
    functions = cloud.aws.functions()
    for name in function_names(cloud):
        variables = configuration(cloud, name)["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=f"{cloud.stack}-{name}", Environment={"Variables": variables}
        )
