"""The texts: plain, with emoji, from right to left, and as long as the API allows.

Every text carries a mark, a long one in each of its lines, so that no two texts or parts are alike.
"""

from collections.abc import Iterator
from itertools import count
from typing import Final

LONG: Final = 10_000
"""Characters; the most that the API accepts: WhatsApp, Telegram and Instagram each get it in parts."""

_FAMILIES_AND_FLAGS: Final = "👩‍👩‍👧‍👦 👨🏽‍🚀 🧑🏿‍🤝‍🧑🏻 🏳️‍🌈 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇧🇷🇮🇱🇪🇬 ❤️‍🔥"
_ARABIC: Final = "مرحبًا! طلبك في الطريق، شكرًا لصبرك"
_HEBREW: Final = "שָׁלוֹם! המשלוח שלך בדרך, תודה על הסבלנות"
_LINES: Final = (
    "Terms of delivery: what leaves the house before noon is there on the next working day.",
    "Condições de entrega: o que sai até o meio-dia chega ao destino no próximo dia útil.",
    "The whole family signs for it 👨‍👩‍👧‍👦, and the flag 🇧🇷 stays in one piece.",
    "Returns are free for thirty days; keep the box, the label and the receipt together.",
    "Nobody reads this far, but every word of it has to arrive, once and in its place.",
    f"{_ARABIC} / {_HEBREW}",
    "Questions? Just answer here, on whichever app you like; we read all of them.",
    "Opening hours: Monday to Friday from nine to six, Saturday from ten to two o'clock.",
)
_REPLIES: Final = ("Thank you!", "Obrigada 🙏🏽 👩‍👧", "شكرًا جزيلًا", "תודה רבה", "And one more thing.")


def plain(mark: str) -> str:
    return f"Hello, this is Clara of the shop. Your order is on its way. {mark}"


def emoji(mark: str) -> str:
    return f"All is packed: {_FAMILIES_AND_FLAGS} {mark}"


def right_to_left(mark: str) -> str:
    return f"{_ARABIC} / {_HEBREW} {mark}"


def long(mark: str) -> str:
    """Exactly LONG characters."""
    text = ""
    for line in _numbered_lines(mark):
        if len(text) + len(line) > LONG:
            break
        text += line
    return text + "." * (LONG - len(text))


def reply(number: int, mark: str) -> str:
    """`number` counts a customer's replies; the wordings come round."""
    return f"{_REPLIES[number % len(_REPLIES)]} {mark}"


def _numbered_lines(mark: str) -> Iterator[str]:
    for number in count(1):
        yield f"{number}. {_LINES[number % len(_LINES)]} {mark}\n"
