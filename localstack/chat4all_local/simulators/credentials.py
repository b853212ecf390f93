"""The accounts that the simulators start with. They open nothing but a simulator on this machine."""
# ruff: noqa: S106 (made up, for simulators only)

from typing import Final

import msgspec


class Credentials(msgspec.Struct, frozen=True):
    """One business account at one provider; the same four fields as a channel's secret has."""

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""


WHATSAPP: Final = Credentials(
    account_id="100000000000001",
    access_token="local-whatsapp-token-not-a-secret",
    webhook_secret="local-whatsapp-app-secret-not-a-secret",
    verify_token="local-whatsapp-verify-token",
)
TELEGRAM: Final = Credentials(
    account_id="7000000001",
    access_token="7000000001:local-bot-token-not-a-secret",
    webhook_secret="local-telegram-webhook-secret-not-a-secret",
)
INSTAGRAM: Final = Credentials(
    account_id="17841400000000001",
    access_token="local-instagram-token-not-a-secret",
    webhook_secret="local-instagram-app-secret-not-a-secret",
    verify_token="local-instagram-verify-token",
)

BY_CHANNEL: Final = {"whatsapp": WHATSAPP, "telegram": TELEGRAM, "instagram": INSTAGRAM}

WHATSAPP_BUSINESS_ACCOUNT_ID: Final = "100000000000002"
WHATSAPP_DISPLAY_PHONE_NUMBER: Final = "15550001234"
META_APP_ID: Final = 100000000000003
