"""The number of segments that Twilio bills for a text.

https://www.twilio.com/docs/glossary/what-sms-character-limit, and the results of real messages in
https://github.com/TwilioDevEd/message-segment-calculator/issues/66
"""

import string
from typing import Final

_ESCAPED: Final = set("\f^{}\\[~]|€")
_OF_ASCII: Final = set(string.ascii_letters + string.digits + "@$\n\r_ !\"#%&'()*+,-./:;<=>?")
_BEYOND_ASCII: Final = set("£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà")


def segment_count(text: str) -> int:
    if set(text) <= _OF_ASCII | _BEYOND_ASCII | _ESCAPED:
        return _count([2 if character in _ESCAPED else 1 for character in text], 160, 153)
    return _count([len(character.encode("utf-16-be")) // 2 for character in text], 70, 67)


def _count(widths: list[int], alone: int, one_of_many: int) -> int:
    if sum(widths) <= alone:
        return 1
    count, room = 1, one_of_many
    for width in widths:
        if width > room:
            count, room = count + 1, one_of_many
        room -= width
    return count
