"""Which limits count a send."""

import pytest

from chat4all.adapters.channels.capabilities import TELEGRAM, WHATSAPP
from chat4all.domain.channel import Capabilities, LimitScope


@pytest.mark.parametrize(
    ("channel", "address", "scopes"),
    [
        (TELEGRAM, "7012345678", [LimitScope.RECIPIENT, LimitScope.ACCOUNT]),
        (TELEGRAM, "-1001234567890", [LimitScope.RECIPIENT, LimitScope.GROUP, LimitScope.ACCOUNT]),
        (WHATSAPP, "4915112345678", [LimitScope.RECIPIENT, LimitScope.ACCOUNT]),
    ],
)
def test_a_group_has_a_limit_of_its_own_and_the_account_is_asked_last(
    channel: Capabilities, address: str, scopes: list[LimitScope]
) -> None:
    assert [limit.scope for limit in channel.limits_for(address)] == scopes
