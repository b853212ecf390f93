"""The texts: plain, with emoji, from right to left, and as long as the API allows.

Every text has a unique mark, and a long text has it in each line. Thus all texts and parts differ.
"""

from collections.abc import Iterator
from itertools import count
from typing import Final

LONG: Final = 10_000
"""The most characters that the API accepts. WhatsApp, Telegram and Instagram get such a text in parts."""

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
    """Return a text of exactly LONG characters."""
    text = ""
    for line in _numbered_lines(mark):
        if len(text) + len(line) > LONG:
            break
        text += line
    return text + "." * (LONG - len(text))


def reply(number: int, mark: str) -> str:
    """Return a customer's reply; `number` counts the replies and chooses the wording."""
    return f"{_REPLIES[number % len(_REPLIES)]} {mark}"


def _numbered_lines(mark: str) -> Iterator[str]:
    for number in count(1):
        yield f"{number}. {_LINES[number % len(_LINES)]} {mark}\n"
