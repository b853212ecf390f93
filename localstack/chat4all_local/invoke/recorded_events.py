"""The recorded events in tests/events, made usable on any cloud."""

from typing import Final

from chat4all_local.cloud.checkout import ROOT

EVENTS: Final = ROOT / "tests" / "events"
RECORDED_KEY: Final = "the-key-of-your-cloud"
"""The text in the recorded events that stands for the API key."""


def event_of(function: str, api_key: str) -> bytes:
    """Return a recorded event of the function with the API key inserted.

    A test checks that every function has an event.
    """
    found = sorted([*EVENTS.glob(f"{function}.json"), *EVENTS.glob(f"{function}-*.json")])
    return found[0].read_bytes().replace(RECORDED_KEY.encode(), api_key.encode())
