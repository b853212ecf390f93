"""Tidied recordings: every recording has the same ids, account, API and addresses."""

import hashlib
import json
import re
from itertools import count
from typing import Any, Final

from chat4all_local.cloud.running import Cloud
from chat4all_local.invoke.recorded_events import RECORDED_KEY
from chat4all_local.simulators.credentials import BY_CHANNEL
from chat4all_local.simulators.shared.signing import hub_signature
from chat4all_local.simulators.sms.webhooks import twilio_signature
from tests.integration.template import ACCOUNT

API_ID: Final = "a1b2c3d4e5"
API_HOST: Final = f"{API_ID}.execute-api.us-east-1.amazonaws.com"
CLIENT_IP: Final = "203.0.113.10"
_LOCAL_ACCOUNT: Final = re.compile(r"(?<!\d)000000000000(?!\d)")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_META: Final = "x-hub-signature-256"
_SIGNATURES: Final = frozenset({_META, "x-twilio-signature"})

Event = dict[str, Any]


class Tidying:
    """The replacements of a run. All its events share them, so that equal ids stay equal across events."""

    def __init__(self, cloud: Cloud) -> None:
        self._numbers = count(1)
        self._ids: dict[str, str] = {}
        own_api = cloud.api_url.split("/")[-2]
        self._names = {
            cloud.api_key: RECORDED_KEY,
            cloud.aws.endpoint.removeprefix("http://"): API_HOST,
            own_api: API_ID,
            '"127.0.0.1"': f'"{CLIENT_IP}"',
        }

    def __call__(self, event: Event) -> Event:
        text = json.dumps(event)
        for name, tidy in self._names.items():
            text = text.replace(name, tidy)
        text = _LOCAL_ACCOUNT.sub(ACCOUNT, text)
        tidied: Event = json.loads(_UUID.sub(self._numbered, text))
        for record in tidied.get("Records", []):
            record["md5OfBody"] = hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        _sign_again(tidied)
        return tidied

    def _numbered(self, found: re.Match[str]) -> str:
        if found[0] not in self._ids:
            self._ids[found[0]] = f"00000000-0000-4000-8000-{next(self._numbers):012d}"
        return self._ids[found[0]]


def _sign_again(event: Event) -> None:
    """Sign a webhook anew if its signature covers its bytes, since the bytes have changed."""
    headers = event.get("headers") or {}
    for name in _SIGNATURES & headers.keys():
        secret = BY_CHANNEL[event["pathParameters"]["channel"]].webhook_secret
        body = event["body"].encode()
        url = f"https://{headers['host']}{event['requestContext']['path']}"
        signature = hub_signature(secret, body) if name == _META else twilio_signature(url, body, secret)
        headers[name] = signature
        event["multiValueHeaders"][name] = [signature]
