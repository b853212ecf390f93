"""The WhatsApp account of a new simulator. Its secrets give access to simulators on this machine only."""
# ruff: noqa: S106 (made up, for simulators only)

from typing import Final

from chat4all_local.simulators.control_api import Settings
from chat4all_local.simulators.manifest import Manifest

BUSINESS_ACCOUNT_ID: Final = "100000000000002"
DISPLAY_PHONE_NUMBER: Final = "15550001234"
OTHER_NUMBERS: Final = {"100000000000077": "15550009999", "100000000000088": "15550008888"}
"""Further phone numbers of the business, with the same token: each id, and the number that people see."""

MANIFEST: Final = Manifest(
    settings=Settings(
        account_id="100000000000001",
        access_token="local-whatsapp-token-not-a-secret",
        webhook_secret="local-whatsapp-app-secret-not-a-secret",
        verify_token="local-whatsapp-verify-token",
        business_account_id=BUSINESS_ACCOUNT_ID,
        media_url_valid_s=300.0,  # documented as "valid for 5 minutes"
    ),
    photo_kind="image",
    voice_type="audio/ogg; codecs=opus",
)
