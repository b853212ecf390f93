"""Our buckets never let a provider's bucket run empty, though it counts each send later than we do (G6)."""

import random
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.adapters.dynamodb.limits import LEASE_S
from chat4all.channels import registry
from chat4all.domain.buckets import take
from chat4all.domain.channel import LimitScope, RateLimit
from chat4all_local.simulators.instagram.provider import Instagram
from chat4all_local.simulators.rates import RateLimit as ProviderLimit
from chat4all_local.simulators.rates import TokenBucket
from chat4all_local.simulators.sms.provider import Twilio
from chat4all_local.simulators.telegram.provider import Telegram
from chat4all_local.simulators.whatsapp.provider import WhatsApp

NOW: Final = 1_770_000_000.0
LATE_S: Final = 0.25
"""How much later than another send a send is counted, from the token to the provider."""
SENDS: Final = 400
ROUNDING_S: Final = 1e-3


def _ours(channel: str, scope: LimitScope, *, of_kinds: bool = False) -> RateLimit:
    limits = registry.capabilities()[channel].rate_limits
    return next(limit for limit in limits if limit.scope is scope and bool(limit.kinds) is of_kinds)


PAIRS: Final = [
    (_ours("whatsapp", LimitScope.ACCOUNT), WhatsApp.rate_limits[0]),
    (_ours("whatsapp", LimitScope.RECIPIENT), WhatsApp.rate_limits[1]),
    (_ours("telegram", LimitScope.ACCOUNT), Telegram.rate_limits[0]),
    (_ours("telegram", LimitScope.RECIPIENT), Telegram.rate_limits[1]),
    (_ours("telegram", LimitScope.GROUP), Telegram.rate_limits[1]),
    (_ours("instagram", LimitScope.ACCOUNT), Instagram.rate_limits[0]),
    (_ours("instagram", LimitScope.ACCOUNT, of_kinds=True), Instagram.rate_limits[1]),
    (_ours("sms", LimitScope.RECIPIENT), Twilio.rate_limits[1]),
]
"""Our limits and the provider's limits of the same scope and kinds.

The account of SMS has no pair: Twilio limits the requests, and ours is what Twilio's queue can hold.
"""


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@given(st.integers(), st.sampled_from([0.0, 0.1, 1.0]), st.integers(1, SENDS))
def test_a_provider_refuses_none_of_the_sends_that_our_bucket_allows(
    ours: RateLimit, theirs: ProviderLimit, seed: int, pause_s: float, late_sends: int
) -> None:
    source = random.Random(seed)  # noqa: S311 - a story's dice
    most_late_s = LATE_S + (LEASE_S if ours.lease > 1 else 0.0)
    counted, now, full_at = [], NOW, NOW
    for number in range(SENDS):
        now += take(ours, full_at, now, 1).wait_s + source.choice([0.0, 0.0, 0.0, pause_s])
        full_at = take(ours, full_at, now, 1).full_at
        # The worst case: sends that are late, and then none that is.
        counted.append(now + (most_late_s if number < late_sends else source.choice([0.0, 0.1])))
    bucket = TokenBucket(theirs, min(counted))

    for at in sorted(counted):
        assert bucket.wait_s(at) < ROUNDING_S
        bucket.take()
