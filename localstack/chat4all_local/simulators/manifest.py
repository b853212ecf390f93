"""The facts about a simulated provider that are known before its first request."""

import msgspec

from chat4all_local.simulators.control_api import Settings


class Credentials(msgspec.Struct, frozen=True):
    """The credentials of a business account at a provider; the fields are those of a channel's secret."""

    account_id: str
    access_token: str
    webhook_secret: str
    verify_token: str = ""
    sender: str = ""
    business_account_id: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """The first `settings` of a simulator; `photo_kind` is the provider's word for a photo.

    `voice_type` is the type of a person's voice note, and None if people send none.
    """

    settings: Settings
    photo_kind: str
    voice_type: str | None = None

    @property
    def credentials(self) -> Credentials:
        return msgspec.convert(self.settings, Credentials, from_attributes=True)
