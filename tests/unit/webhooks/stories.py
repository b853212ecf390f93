"""Stories of generated webhooks, each on a product of its own.

A failing test names its seed. Another seed draws other webhooks:
`WEBHOOK_SEED=anything make test TESTS=tests/unit/webhooks`.
"""

import os
from typing import Final

from tests.webhooks.check import faults
from tests.webhooks.drawing import Draw
from tests.webhooks.in_process import InProcess
from tests.webhooks.story import story

SEED: Final = os.environ.get("WEBHOOK_SEED", "1")
LENGTH: Final = 250
"""The webhooks of a story."""
STORIES: Final = range(10)
"""With the four channels, 10,000 webhooks."""


def check(channel: str, number: int) -> None:
    product = InProcess(channel)

    found = faults(product, list(story(channel, Draw(f"{SEED} {number}"), LENGTH)))

    seed = f"WEBHOOK_SEED={SEED}, story {number}"
    assert not product.handed_back, f"{seed}: not handled: {product.handed_back[0]}"
    assert not found, "\n".join([seed, *found])
