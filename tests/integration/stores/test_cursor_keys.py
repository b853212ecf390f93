"""The keys that sign cursors are made once, and read by every process."""

from collections.abc import Callable

import pytest

from chat4all.adapters.dynamodb.cursor_keys import DynamoCursorKey, key_in_directory, key_in_webhooks
from tests.integration.aws import Aws
from tests.integration.template import environment, functions


@pytest.mark.parametrize(
    ("function", "variable", "key_in"),
    [("api", "DIRECTORY_TABLE", key_in_directory), ("webhooks", "WEBHOOKS_TABLE", key_in_webhooks)],
)
def test_every_process_has_the_same_key(
    aws: Aws, function: str, variable: str, key_in: Callable[[str], DynamoCursorKey]
) -> None:
    table = str(environment(functions(aws.template)[function])[variable])
    first, second = key_in(table), key_in(table)

    assert len(first()) == 32
    assert first() == second() == key_in(table)()
