"""The segments in which the networks carry a text.

A text whose characters are all in the GSM-7 alphabet takes 7 bits a character. Any other text is UCS-2,
which takes 16 bits. A single segment has 160 or 70 places. Each of several segments begins with a header
(UDH), which leaves it 153 or 67. A character of the extension table takes two places, and so does a
character beyond the basic plane; neither is divided between two segments.

Twilio sends and charges by the segment. Here segments say how long to wait after a throttled answer, and
which step of a plan is the cheapest: the rate limit counts messages, and the estimate of the cost counts AWS
alone.

https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
https://www.twilio.com/docs/glossary/what-is-ucs-2-character-encoding
https://www.twilio.com/docs/glossary/what-sms-character-limit
Alphabet: https://www.3gpp.org/dynareport/23038.htm, sections 6.2.1 and 6.2.1.1
"""

from collections.abc import Callable
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_GSM7_ALONE: Final = 160
_GSM7_CONCATENATED: Final = 153
_UCS2_ALONE: Final = 70
_UCS2_CONCATENATED: Final = 67


def is_gsm7(text: str) -> bool:
    """Return whether every character of `text` is in the GSM-7 alphabet or in its extension table."""
    return _BASIC.union(_EXTENSION).issuperset(text)


def segments_of(text: str) -> list[str]:
    """Cut `text` into the segments in which the networks carry it; joined, they are the text."""
    if is_gsm7(text):
        return _packed(text, _septets, _GSM7_ALONE, _GSM7_CONCATENATED)
    return _packed(text, _code_units, _UCS2_ALONE, _UCS2_CONCATENATED)


def _packed(text: str, places: Callable[[str], int], alone: int, concatenated: int) -> list[str]:
    if sum(map(places, text)) <= alone:
        return [text] if text else []
    segments, begin, used = [], 0, 0
    for at, character in enumerate(text):
        taken = places(character)
        if used + taken > concatenated:
            segments.append(text[begin:at])
            begin, used = at, 0
        used += taken
    return [*segments, text[begin:]]


def _septets(character: str) -> int:
    return 2 if character in _EXTENSION else 1


def _code_units(character: str) -> int:
    return 2 if character > "\uffff" else 1
