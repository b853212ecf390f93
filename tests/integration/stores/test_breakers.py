"""The circuit breakers of the channel accounts, in DynamoDB."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from chat4all.adapters.dynamodb.breakers import DynamoBreakers
from chat4all.domain.breaker import Breaker, Circuit
from tests.integration.aws import Aws

OPEN = Breaker(Circuit.OPEN, 5, frozenset({"ana", "ben"}), 2, 1.5, 2.5, "500", "It fails.")


def breakers(aws: Aws) -> DynamoBreakers:
    return DynamoBreakers(aws.output("Data.LimitsTable"))


def test_a_channel_that_never_failed_is_closed(aws: Aws) -> None:
    known = breakers(aws).get(str(uuid.uuid4()), "main")

    assert (known.breaker, known.version) == (Breaker(), 0)


def test_a_state_is_read_as_it_was_saved(aws: Aws) -> None:
    channel = str(uuid.uuid4())

    assert breakers(aws).save(channel, "main", OPEN, 0)

    assert breakers(aws).get(channel, "main").breaker == OPEN
    assert breakers(aws).get(channel, "second").breaker == Breaker()
    assert breakers(aws).get_many({channel: ("main", "second"), "another": ("main",)}) == {
        channel: {"main": OPEN, "second": Breaker()},
        "another": {"main": Breaker()},
    }


def test_of_many_writers_one_wins(aws: Aws) -> None:
    channel = str(uuid.uuid4())
    for version in range(3):
        with ThreadPoolExecutor(8) as threads:
            saved = list(
                threads.map(lambda _: breakers(aws).save(channel, "main", OPEN, version), range(8))  # noqa: B023
            )
        assert saved.count(True) == 1
        assert breakers(aws).get(channel, "main").version == version + 1
