import pytest

from chat4all_local.simulators.control_api import Signature
from chat4all_local.simulators.shared.signing import (
    ascii_json,
    hub_headers,
    hub_signature,
    meta_json,
)


def test_meta_escapes_unicode_in_lower_case_hex_and_slashes() -> None:
    body = meta_json({"text": 'äöå 🙂 "x" http://a/b'})

    assert body == b'{"text":"\\u00e4\\u00f6\\u00e5 \\ud83d\\ude42 \\"x\\" http:\\/\\/a\\/b"}'


def test_telegram_escapes_unicode_and_leaves_slashes() -> None:
    assert ascii_json({"text": "é /start"}) == b'{"text":"\\u00e9 /start"}'


def test_the_signature_is_the_hmac_sha256_of_the_raw_bytes() -> None:
    # RFC 4231, test case 2.
    assert hub_signature("Jefe", b"what do ya want for nothing?") == (
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_the_signature_covers_the_escaped_form() -> None:
    assert hub_signature("secret", meta_json({"text": "é"})) != hub_signature(
        "secret", '{"text":"é"}'.encode()
    )


@pytest.mark.parametrize("signature", [False, "upper", "wrong"])
def test_a_webhook_of_meta_can_be_signed_badly(signature: Signature) -> None:
    good = hub_headers("secret", b"{}", signature=True)
    assert good == {"content-type": "application/json", "x-hub-signature-256": hub_signature("secret", b"{}")}

    bad = hub_headers("secret", b"{}", signature)

    assert bad.get("x-hub-signature-256") != good["x-hub-signature-256"]
    assert ("x-hub-signature-256" in bad) is (signature is not False)
    if signature == "upper":
        assert bad["x-hub-signature-256"].lower() == good["x-hub-signature-256"]
