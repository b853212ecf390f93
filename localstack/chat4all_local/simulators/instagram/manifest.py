"""The Instagram account of a new simulator. Its secrets give access to simulators on this machine only."""
# ruff: noqa: S106 (made up, for simulators only)

from typing import Final

from chat4all_local.simulators.control_api import ReceiptSettings, Settings
from chat4all_local.simulators.manifest import Manifest

APP_ID: Final = 100000000000003
OTHER_ACCOUNTS: Final = frozenset({"17841400000000077"})
"""Further professional accounts of the business, with the same token."""

MANIFEST: Final = Manifest(
    settings=Settings(
        account_id="17841400000000001",
        access_token="local-instagram-token-not-a-secret",
        webhook_secret="local-instagram-app-secret-not-a-secret",
        verify_token="local-instagram-verify-token",
        receipts=ReceiptSettings(delivered=False),  # Meta documents `message_deliveries` for Messenger only
        media_url_valid_s=86_400.0,  # Meta documents that addresses expire, but not when
    ),
    photo_kind="image",
    voice_type="audio/mp4",
)
