"""The events in tests/events, as another cloud than the one that they were recorded on can take them."""

from typing import Final

from chat4all_local.cloud.checkout import ROOT

EVENTS: Final = ROOT / "tests" / "events"
RECORDED_KEY: Final = "the-key-of-your-cloud"
"""Stands in them where the API key was."""


def event_of(function: str, api_key: str) -> bytes:
    """One of the function's; a test sees to it that every function has one."""
    found = sorted([*EVENTS.glob(f"{function}.json"), *EVENTS.glob(f"{function}-*.json")])
    return found[0].read_bytes().replace(RECORDED_KEY.encode(), api_key.encode())
