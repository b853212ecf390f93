"""The words by which a person opts out of messages, and in again.

A word counts only as the whole message: "please stop by tomorrow" is no opt-out. Case, accents, and the
spaces and punctuation around it do not count. Some words of the carriers' lists are answers to a question,
too, or the title of a button: "Cancel" ends an appointment, and "Yes" confirms it. They count only on a
channel whose carriers act on them (`Words.ALL`).

Sources, by their letters in the table:

A. Twilio's words, which its block list obeys:
   https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out,
   https://www.twilio.com/en-us/blog/update-to-fcc-s-sms-opt-out-keywords (REVOKE and OPTOUT, since 2025),
   https://support.twilio.com/hc/en-us/articles/223134027 (START, YES, UNSTOP)
B. 47 CFR 64.1200(a)(10), the rule of the FCC: "stop," "quit," "end," "revoke," "opt out," "cancel," or
   "unsubscribe"
C. AWS, ARRET, OPT-OUT, REMOVE and TD: https://docs.aws.amazon.com/sms-voice/latest/userguide/keywords-required.html
D. Telnyx, STOP ALL: https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
E. Twilio Proxy, ARRET, ARRETE and ARRETT: https://www.twilio.com/docs/proxy/opt-out-keywords
F. Sinch on WhatsApp in Brazil and Latin America, PARAR, SAIR, DETENER and SALIR:
   https://docs-pt.sinch.com/documentacao-tecnica-whatsapp/documentacao-tecnica-whatsapp/desativacao-do-whatsapp
G. Aivo on WhatsApp and SMS, PARAR, CANCELAR, REMOVER, DESCADASTRAR, DETENER, BAJA, DESUSCRIBIR:
   https://helpaivopt.aivohelp.com/article/gestao-de-opt-out-para-sms-e-whatsapp-no-engage/806214,
   https://helpaivoes.aivohelp.com/search/gestion-de-opt-out-para-sms-y-whatsapp-en-engage
H. Brevo, UNSUB for Norway: https://help.brevo.com/hc/de/articles/208723209
T. No list of a provider. The word is the local verb for "unsubscribe" or the local spelling of "stop".

An opt-in needs more than an opt-out: words such as VOLTAR ("back"), which some providers take for an opt-in,
are the answer to a menu, and do not count.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Words(StrEnum):
    """The words that a channel obeys."""

    CLEAR = "clear"
    """The words that mean nothing else."""
    ALL = "all"
    """The words of the carriers, too, that may answer a question."""


class _Language(msgspec.Struct, frozen=True):
    """The words of a language, separated by commas; the comment beside each names its source."""

    stop: str = ""
    start: str = ""
    stop_of_carriers: str = ""
    start_of_carriers: str = ""


LANGUAGES: Final[Mapping[str, _Language]] = {
    "en": _Language(
        stop="stop, stopall, stop all, unsubscribe, optout, opt out, opt-out, unsub",  # A, B, C, D, H
        start="start, unstop",  # A
        stop_of_carriers="cancel, end, quit, revoke, remove",  # A, B, C
        start_of_carriers="yes",  # A
    ),
    "pt": _Language(
        stop="parar, sair, descadastrar",  # F, G
        stop_of_carriers="cancelar, remover",  # G
    ),
    "es": _Language(
        stop="baja, parar, detener, salir, desuscribir",  # F, G
        stop_of_carriers="alto, cancelar",  # G; alto: T
    ),
    "fr": _Language(stop="arret, arrete, arrett, desabonner"),  # C, E; desabonner: T
    "de": _Language(stop="stopp, abmelden, abbestellen"),  # T
    "it": _Language(stop="disiscrivi, disiscrivimi"),  # T
    "nl": _Language(stop="afmelden, uitschrijven"),  # T
    "sv": _Language(stop="stopp, avregistrera"),  # T
    "da": _Language(stop="afmeld"),  # T
    "nb": _Language(stop="stopp, avmeld"),  # T
    "fi": _Language(stop="peruuta tilaus"),  # T
    "pl": _Language(stop="wypisz, wypisz mnie"),  # T
    "cs": _Language(stop="odhlasit"),  # T
    "tr": _Language(stop="abonelikten cik"),  # T
    "ru": _Language(stop="стоп, отписаться"),  # T
    "uk": _Language(stop="відписатися"),  # T
    "id": _Language(stop="berhenti berlangganan"),  # T
    "hi": _Language(stop="सदस्यता समाप्त करें"),  # T
    "ar": _Language(stop="إلغاء الاشتراك"),  # T
    "he": _Language(stop="הסר, הסרה"),  # T
    "ja": _Language(stop="配信停止, 購読解除"),  # T
    "zh": _Language(stop="退订, 退訂", stop_of_carriers="td"),  # T; td: C
    "ko": _Language(stop="수신거부"),  # T
}
"""The words by language. A word counts in every conversation: a number does not tell a person's language."""
_COMMAND: Final = "/stop"
"""The word as bots know it, with the slash that commands have."""
STOP_PAYLOAD: Final = "chat4all:opt-out"
"""The id of a button that opts out; a tap on any other button says nothing of consent."""
START_PAYLOAD: Final = "chat4all:opt-in"
LONGEST: Final = 60
"""Characters of a message that may be a word; a longer message is a sentence."""
_INSIDE: Final = frozenset("/#@")
"""Signs that belong to a word: `/start` begins a chat with a bot, and `#stop` and `@stop` name something."""
_MARKS: Final = frozenset("\u2757\u2755\ufe0f")
"""Exclamation marks that are emoji, and the sign that makes an emoji of a character."""
_AROUND: Final = ("P", "Z", "C", "Sm", "Sk")
"""The categories of Unicode that may stand around a word: punctuation, spaces, controls, `~` and `` ` ``."""


def says_stop(text: str, words: Words) -> bool:
    """Return whether the text as a whole is a word by which people opt out."""
    return _folded(text) in _STOP[words]


def says_start(text: str, words: Words) -> bool:
    """Return whether the text as a whole is a word by which people opt in."""
    return _folded(text) in _START[words]


def _folded(text: str) -> str:
    """Return the text without case, accents, and what stands around it; empty for a sentence."""
    if len(text) > LONGEST:
        return ""
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(letter for letter in letters if not "\u0300" <= letter <= "\u036f")
    bare = unicodedata.normalize("NFC", plain)
    begin, end = 0, len(bare)
    while begin < end and _is_around(bare[begin]):
        begin += 1
    while begin < end and _is_around(bare[end - 1]):
        end -= 1
    return " ".join(bare[begin:end].split())


def _is_around(letter: str) -> bool:
    if letter in _INSIDE:
        return False
    return letter in _MARKS or unicodedata.category(letter).startswith(_AROUND)


def _all(*fields: str) -> frozenset[str]:
    return frozenset(word for language in LANGUAGES.values() for word in _words(language, fields))


def _words(language: _Language, fields: tuple[str, ...]) -> Iterator[str]:
    listed = (word for field in fields for word in getattr(language, field).split(","))
    yield from (folded for word in listed if (folded := _folded(word)))


_STOP: Final = {
    Words.CLEAR: _all("stop") | {_COMMAND},
    Words.ALL: _all("stop", "stop_of_carriers") | {_COMMAND},
}
_START: Final = {Words.CLEAR: _all("start"), Words.ALL: _all("start", "start_of_carriers")}
