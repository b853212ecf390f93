"""Well-formed requests to Twilio, for tests to send or to break."""

import base64
from urllib.parse import urlencode

import httpx

from chat4all_local.simulators.client import Simulator
from chat4all_local.simulators.provider import Call
from chat4all_local.simulators.sms.manifest import MANIFEST

TWILIO = MANIFEST.settings
PHONE = "+16505551234"
PATH = f"/2010-04-01/Accounts/{TWILIO.account_id}/Messages.json"
FIELDS = {"To": PHONE, "From": TWILIO.sender, "Body": "Hello"}


def basic(user: str = TWILIO.account_id, password: str = TWILIO.access_token) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def twilio_call(fields: dict[str, str] | None = None, *, path: str = PATH, **headers: str) -> Call:
    return Call(
        method="POST",
        path=path,
        query="",
        headers={**basic(), "content-type": "application/x-www-form-urlencoded", **headers},
        body=urlencode(FIELDS if fields is None else fields).encode(),
    )


def send_sms(http: httpx.Client, simulator: Simulator, **fields: str) -> httpx.Response:
    return http.post(f"{simulator.base_url}{PATH}", headers=basic(), data={**FIELDS, **fields})
