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
    before = _variables(cloud)
    _configure(cloud, {name: {**variables, **changes_of(name)} for name, variables in before.items()})
    try:
        yield
    finally:
        _configure(cloud, before)


def end_environments(cloud: Cloud) -> None:
    """End every execution environment, so that the next invocation of each function starts cold.

    A change of a function's configuration ends its environments, even a change to what it was.
    """
    _configure(cloud, _variables(cloud))


def _variables(cloud: Cloud) -> dict[str, dict[str, str]]:
    return {name: configuration(cloud, name)["Environment"]["Variables"] for name in function_names(cloud)}


def _configure(cloud: Cloud, variables_of: Mapping[str, Mapping[str, str]]) -> None:
    functions = cloud.aws.functions()
    for name, variables in variables_of.items():
        functions.update_function_configuration(
            FunctionName=f"{cloud.stack}-{name}", Environment={"Variables": variables}
        )
