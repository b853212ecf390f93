"""How much time a delivery is to have before it is begun."""

import pytest

from chat4all.bootstrap.channel import NEEDED_MS, UPLOAD_NEEDED_MS, _needed_ms
from chat4all.channels.registry import capabilities


@pytest.mark.parametrize(
    ("channel", "timeout_s", "needed_ms"),
    [
        ("telegram", 120, UPLOAD_NEEDED_MS),
        ("telegram", 20, NEEDED_MS),
        ("whatsapp", 90, NEEDED_MS),
        ("instagram", 30, NEEDED_MS),
    ],
)
def test_who_uploads_files_needs_longer_where_there_is_time(
    channel: str, timeout_s: int, needed_ms: int
) -> None:
    assert _needed_ms(capabilities()[channel], timeout_s) == needed_ms
    assert needed_ms < timeout_s * 1000, "else nothing would ever be begun"
