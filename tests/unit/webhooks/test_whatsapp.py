"""Generated webhooks of WhatsApp: nothing that they hold is lost."""

import pytest

from tests.unit.webhooks.stories import STORIES, check


@pytest.mark.parametrize("number", STORIES)
def test_every_webhook_is_answered_and_every_text_is_kept(number: int) -> None:
    check("whatsapp", number)
