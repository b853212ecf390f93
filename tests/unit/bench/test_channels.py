"""A load is divided among the channels within the limits of their providers."""

import pytest

from chat4all.channels.registry import names
from chat4all_local.bench.pipeline import channels
from chat4all_local.bench.pipeline.channels import by_channel


def test_a_load_that_every_provider_takes_is_divided_evenly() -> None:
    shares = by_channel(conversations=len(names()) * 8, messages_per_s=1)

    assert shares == dict.fromkeys(names(), 8)


def test_a_provider_that_takes_little_gets_what_it_takes_and_the_others_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = {"quick": 100.0, "slow": 30.0, "slowest": 0.5, "quicker": 1000.0}
    monkeypatch.setattr(channels, "capabilities", lambda: {name: name for name in taken})
    monkeypatch.setattr(channels, "_messages_per_s", lambda name: taken[name])

    assert by_channel(conversations=64, messages_per_s=160) == {"quick": 26, "slow": 12, "quicker": 26}
