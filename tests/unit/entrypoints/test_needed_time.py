"""The time that must be left before a delivery is begun."""

import pytest

from chat4all.channels.registry import capabilities
from chat4all.entrypoints.queues.deliveries import NEEDED_MS, UPLOAD_NEEDED_MS, needed_ms


@pytest.mark.parametrize(
    ("channel", "timeout_s", "expected_ms"),
    [
        ("telegram", 120, UPLOAD_NEEDED_MS),
        ("telegram", 20, NEEDED_MS),
        ("whatsapp", 90, NEEDED_MS),
        ("instagram", 30, NEEDED_MS),
    ],
)
def test_a_channel_that_uploads_files_needs_longer_where_there_is_time(
    channel: str, timeout_s: int, expected_ms: int
) -> None:
    assert needed_ms(capabilities()[channel], timeout_s) == expected_ms
    assert expected_ms < timeout_s * 1000, "else no delivery would ever be begun"
