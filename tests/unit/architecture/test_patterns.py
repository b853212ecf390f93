"""Every pattern is listed with the text that it runs over, and no such text makes it slow."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import chat4all
import chat4all_local
from tests.unit.architecture.patterns import Found, patterns_of, why_slow
from tests.unit.growth import MOST, growth

PACKAGES: Final = tuple(Path(package.__path__[0]) for package in (chat4all, chat4all_local))
FOUND: Final = [
    found
    for package in PACKAGES
    for file in sorted(package.rglob("*.py"))
    for found in patterns_of(package.parent, file)
]
LENGTH: Final = 3_000

SHORT: Final = "Each of its repeats ends after a few characters."
APART: Final = "No loop takes the character with which the next part begins."
LAST: Final = "Nothing comes after its loop that could make the loop give something back."
POSSESSIVE: Final = "Its loops are possessive: they give nothing back."


class Text(NamedTuple):
    """A text of any length that is the worst case for a pattern."""

    unit: str
    begin: str = ""
    end: str = ""

    def of(self, length: int) -> str:
        return self.begin + self.unit * (length // len(self.unit)) + self.end


class Entry(NamedTuple):
    """The text that a pattern runs over, why the pattern is quick, and the worst texts to test it with."""

    over: str
    why: str
    worst: tuple[Text, ...]


DIGITS: Final = (Text("1"), Text("1", end="\n"), Text("-1"), Text("1:1", end="x"))
LINK: Final = (Text("/", begin="http://a"), Text("a", begin="http://", end=" "), Text("http://"))
TABLE: Final = {
    "chat4all.channels.instagram.address:_IGSID": Entry(
        "an address that a client or the provider names, of any length", SHORT, DIGITS
    ),
    "chat4all.channels.telegram.address:_CHAT_ID": Entry(
        "an address that a client or the provider names, of any length", SHORT, DIGITS
    ),
    "chat4all.channels.telegram.address:_MESSAGE_ID": Entry(
        "the provider's id of the message that a message of ours quotes", SHORT, DIGITS
    ),
    "chat4all.channels.shared.phones:E164": Entry(
        "the digits of an address that a client or the provider names, of any length", SHORT, DIGITS
    ),
    "chat4all.channels.shared.phones:_BRAZILIAN_MOBILE_WITHOUT_NINE": Entry(
        "the digits of a phone number, 15 of them at the most", SHORT, (*DIGITS, Text("6", begin="5511"))
    ),
    "chat4all.channels.shared.phones:_MEXICAN_WITH_ONE": Entry(
        "the digits of a phone number, 15 of them at the most", SHORT, (*DIGITS, Text("5", begin="521"))
    ),
    "chat4all.channels.shared.phones:_ARGENTINIAN_WITHOUT_NINE": Entry(
        "the digits of a phone number, 15 of them at the most", SHORT, (*DIGITS, Text("1", begin="54"))
    ),
    "chat4all.channels.whatsapp.address:_GROUP": Entry(
        "an address that a client or the provider names, of any length",
        SHORT,
        (Text("a", begin="group:"), Text("group:")),
    ),
    "chat4all.channels.whatsapp.address:_USER_ID": Entry(
        "an address that a client or the provider names, of any length",
        SHORT,
        (Text("A", begin="BR."), Text("ENT.", begin="BR."), Text("BR.")),
    ),
    "chat4all.entrypoints.http.files:_SHA256": Entry(
        "the checksum that a client declares, of any length", SHORT, (Text("a"), Text("a", end="\n"))
    ),
    "chat4all.domain.kind_checks:_URL": Entry(
        "an address that a client names, of any length",
        POSSESSIVE,
        (*LINK, Text(":1", begin="http://a"), Text("1", begin="http://a:"), Text("?/#", begin="http://a")),
    ),
    "chat4all.domain.delivery_id:_NUMBER": Entry(
        "a part of what a provider hands back as the id of a delivery, of any length", SHORT, DIGITS
    ),
    "chat4all.domain.pages:TimeCursor.at": Entry(
        "a part of the cursor that a client gives, of any length",
        SHORT,
        (*DIGITS, Text("2026-01-01T00:00:00.000Z"), Text("2026-")),
    ),
    "chat4all.domain.pages:SequenceCursor.sequence": Entry(
        "a part of the cursor that a client gives, of any length", SHORT, DIGITS
    ),
    "chat4all.domain.pages:SentCursor.sent_at": Entry(
        "a part of the cursor that a client gives, of any length",
        SHORT,
        (*DIGITS, Text("2026-01-01T00:00:00.000Z"), Text("2026-")),
    ),
    "chat4all.domain.pages:SentCursor.sequence": Entry(
        "a part of the cursor that a client gives, of any length", SHORT, DIGITS
    ),
    "chat4all.domain.pages:SentCursor.under": Entry(
        "a part of the cursor that a client gives, of any length", SHORT, DIGITS
    ),
    "chat4all.domain.parts:_KEY": Entry(
        "a key of the parts of a message, which we wrote ourselves",
        POSSESSIVE,
        (*DIGITS, Text("1-", end="@"), Text("1", begin="1-1-1@", end="x")),
    ),
    "chat4all.domain.inbound_limits:_ACCOUNT": Entry(
        "the id of an account in a signed webhook, of any length",
        POSSESSIVE,
        (Text("a"), Text("1:"), Text("a", end="#")),
    ),
    "chat4all.domain.text:_INVISIBLE": Entry(
        "a text that a client or a person writes, of any length",
        POSSESSIVE,
        (Text("\u200b"), Text(" ", end="a"), Text("a"), Text("\u2800 ", end="a")),
    ),
    "chat4all.domain.files.known_types:_TYPE": Entry(
        "the declared type of a file, of at most 127 characters",
        POSSESSIVE,
        (Text("a"), Text("a", begin="a/"), Text("/"), Text("a/")),
    ),
    "chat4all.domain.files.plain_text:_CONTROL": Entry(
        "a piece of a file in UTF-16", "It takes one character.", (Text("x"), Text("x", end="\0"))
    ),
    "chat4all.domain.files.plain_text:_HTML": Entry(
        "the first 4,096 bytes of a file",
        POSSESSIVE,
        (Text(" "), Text("\xef\xbb\xbf"), Text(" ", begin="<!doctype"), Text("<!doctype "), Text("<")),
    ),
    "chat4all.domain.files.plain_text:_PROGRAMS": Entry(
        "the first 4,096 bytes of a file",
        POSSESSIVE,
        (Text(" "), Text("\xef\xbb\xbf"), Text(" ", begin="<!doctype"), Text("<!doctype "), Text("<")),
    ),
    "chat4all.domain.files.plain_text:_SVG": Entry(
        "the first 4,096 bytes of a file", POSSESSIVE, (Text(" "), Text("\xef\xbb\xbf"), Text("<"))
    ),
    "chat4all.domain.files.plain_text:_XML": Entry(
        "the first 4,096 bytes of a file", POSSESSIVE, (Text(" "), Text("\xef\xbb\xbf"), Text("<"))
    ),
    "chat4all.domain.files.signatures:_WEBM_HEADER": Entry(
        "the first 4,096 bytes of a file",
        SHORT,
        (Text("\x42\x82", begin="\x1a\x45\xdf\xa3"), Text("\x1a\x45\xdf\xa3")),
    ),
    "chat4all.domain.files.signatures:_ID3": Entry(
        "the first 4,096 bytes of a file", SHORT, (Text("ID3"), Text("\0", begin="ID3\x02"))
    ),
    "chat4all.domain.files.sniffing:_PDF_HEADER": Entry(
        "the first 1,024 bytes of a file", SHORT, (Text("%PDF-"), Text("%PDF-1"), Text("%"))
    ),
    "chat4all_local.bench.upload.own_memory:_MOST": Entry(
        "the kernel's account of this process",
        "A search begins at lines with `VmHWM:` only, and the loop ends before any other letter.",
        (Text("VmHWM:\n"), Text(" ", begin="VmHWM:"), Text("1", begin="VmHWM: "), Text("VmHWM: 1\n")),
    ),
    "chat4all_local.metering.use:_REPORT": Entry(
        "a log line of a function of ours, on this machine",
        "It begins at the beginning only, and whatever place the first loop ends at is tried in a few steps.",
        (
            Text("Billed Duration: 1", begin="REPORT "),
            Text("1", begin="REPORT Billed Duration: "),
            Text(" ", begin="REPORT Billed Duration: 1 ms"),
            Text("B", begin="REPORT "),
        ),
    ),
    "chat4all_local.replay.times:_AGO": Entry("what the user of this machine types", SHORT, DIGITS),
    "chat4all_local.sam_local.base_image:_LIBRARY": Entry(
        "what `ldd` says of a file of this machine, whose paths have 4,096 characters at the most",
        "A search begins at each `/` of a path anew, in a path that is short.",
        (Text("=> /lib/libc.so.6 (0x1)\n"), Text("/lib/libc.so.6\n")),
    ),
    "chat4all_local.simulators.control_api:Settings.webhook_url": Entry(
        "a setting, or the address that a caller of Telegram's setWebhook gives", APART, LINK
    ),
    "chat4all_local.simulators.control_api:CustomerMedia.content_type": Entry(
        "the content type of a file that a test or a demo lets a person send",
        APART,
        (Text(";", begin="a/", end=" x y"), Text("; ", begin="a/"), Text("a", end=" "), Text("a/")),
    ),
    "chat4all_local.simulators.shared.graph:_PATH": Entry(
        "the path of a request to a simulator", APART, (Text("/"), Text("a", begin="/v1.0/"), Text("/v1.0/a"))
    ),
    "chat4all_local.simulators.shared.graph:_OBJECT": Entry(
        "the path of a request to a simulator", LAST, (Text("/"), Text("a", begin="/v1.0/", end="/"))
    ),
    "chat4all_local.simulators.instagram.requests:Person.id": Entry(
        "the address in a request to the simulator", SHORT, DIGITS
    ),
    "chat4all_local.simulators.instagram.requests:Url": Entry(
        "the address of a file in a request to the simulator", LAST, LINK
    ),
    "chat4all_local.simulators.whatsapp.kinds:Media.link": Entry(
        "the address of a file in a request to the simulator", LAST, LINK
    ),
    "chat4all_local.simulators.whatsapp.kinds:LinkParameters.url": Entry(
        "the address of a file in a request to the simulator", LAST, LINK
    ),
    "chat4all_local.simulators.instagram.provider:Instagram.check_address": Entry(
        "the address of a person whom a test or a demo makes up", SHORT, DIGITS
    ),
    "chat4all_local.simulators.telegram.provider:_PATH": Entry(
        "the path of a request to a simulator", APART, (Text("/"), Text("a", begin="/bot"), Text("/bota"))
    ),
    "chat4all_local.simulators.telegram.chats:_NUMBER": Entry(
        "the address of a chat or a topic that a test or a demo makes up", SHORT, DIGITS
    ),
    "chat4all_local.simulators.telegram.chats:_CONNECTION": Entry(
        "the address of a business connection that a test makes up",
        LAST,
        (Text("a", begin="business:"), Text("a", begin="business:", end=".")),
    ),
    "chat4all_local.simulators.telegram.provider:Telegram._set_webhook": Entry(
        "a caller's secret, of at most 256 characters", LAST, (Text("a"), Text("a", end="."))
    ),
    "chat4all_local.simulators.telegram.media:_SUFFIX": Entry(
        "the name of a file that a test or a demo lets a person send",
        SHORT,
        (Text("."), Text(".a"), Text("a", begin="."), Text(".aaaaaaaaaa", end="-")),
    ),
    "chat4all_local.simulators.telegram.media:_FILE_PATH": Entry(
        "the path of a request to the simulator", APART, (Text("/"), Text("a", begin="/file/bot"))
    ),
    "chat4all_local.simulators.telegram.media:TelegramMedia.outgoing": Entry(
        "the file of a request to the simulator, as an address or an id", LAST, LINK
    ),
    "chat4all_local.simulators.whatsapp.requests:Media.link": Entry(
        "the address of a file in a request to the simulator", LAST, LINK
    ),
    "chat4all_local.simulators.whatsapp.requests:Context.message_id": Entry(
        "the quoted message of a request to the simulator", LAST, (Text("a", begin="wamid."), Text("wamid."))
    ),
    "chat4all_local.simulators.whatsapp.requests:Message.to": Entry(
        "the address in a request to the simulator",
        SHORT,
        (*DIGITS, Text("+1"), Text("a"), Text("a", end=" ")),
    ),
    "chat4all_local.simulators.whatsapp.requests:Message.recipient": Entry(
        "the address in a request to the simulator",
        SHORT,
        (Text("A", begin="BR."), Text("ENT.", begin="BR.")),
    ),
    "chat4all_local.simulators.whatsapp.judging:_address_problem.is_phone": Entry(
        "the address in a request to the simulator", SHORT, (*DIGITS, Text("+1"))
    ),
    "chat4all_local.simulators.whatsapp.provider:WhatsApp.check_address.is_group": Entry(
        "the address of a group that a test or a demo makes up", SHORT, (Text("a"), Text("a", end=" "))
    ),
    "chat4all_local.simulators.whatsapp.provider:WhatsApp.check_address.is_person": Entry(
        "the address of a person whom a test or a demo makes up", SHORT, DIGITS
    ),
    "chat4all_local.simulators.whatsapp.provider:WhatsApp.check_address.is_person#2": Entry(
        "the address of a person whom a test or a demo makes up", SHORT, (Text("A", begin="BR."), Text("BR."))
    ),
}
"""The entries by module and name. Each new pattern needs an entry, so consider doing without a pattern."""

EXCUSED: Final = frozenset(
    {
        "chat4all_local.bench.pipeline.memory:_PSS",
        "chat4all_local.bench.upload.own_memory:_MOST",
        "chat4all_local.metering.use:_REPORT",
        "chat4all_local.sam_local.base_image:_LIBRARY",
    }
)
"""The patterns that are slow by their form. The entry of each says why it is quick all the same."""


def work(found: Found, method: str, text: Text) -> Callable[[int], Callable[[], object]]:
    """Return the work to run the pattern over the text as its module does."""
    run = getattr(found.pattern, method)

    def of(length: int) -> Callable[[], object]:
        given = (
            text.of(length) if isinstance(found.pattern.pattern, str) else text.of(length).encode("latin-1")
        )
        if method == "sub":
            return lambda: run("", given)
        return lambda: run(given)

    return of


def test_every_pattern_stands_in_the_table_and_nothing_else_does() -> None:
    assert sorted(found.key for found in FOUND) == sorted(TABLE)


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.key)
def test_no_pattern_backtracks(found: Found) -> None:
    assert (why_slow(found) is not None) == (found.key in EXCUSED)


def test_no_pattern_of_the_product_is_excused() -> None:
    assert not [key for key in EXCUSED if key.startswith("chat4all.")]


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.key)
def test_the_time_of_a_pattern_grows_no_faster_than_its_text(found: Found) -> None:
    for text in TABLE[found.key].worst:
        for method in found.methods:
            assert growth(work(found, method, text), LENGTH) <= MOST, (method, text)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r" - at `\$\.?(.*)`$", "search"),
        (r"(?:ab|a)*c", "match"),
        (r"(?:a+)+$", "match"),
        (r"^(http://[^\s/?#]+[^\s]*)?$", "search"),
        (r"^[a-z]+/[^\s/]+(; ?[^\s]+)?$", "search"),
        (r"^a.*?b", "match"),
        (r"a*b?a*c", "fullmatch"),
        (r"(?im)^a*+b", "search"),
        (r"(?i)k*K", "match"),
        (r"a{1,1000}a", "match"),
        (r"a+", "finditer"),
        (rb"\s+ ", "match"),
        (r"(?:a{1,8}){1,8}b", "search"),
        (r"(?:a{1,200}){2,3}$", "match"),
    ],
)
def test_a_pattern_that_could_be_slow_is_found(pattern: str | bytes, method: str) -> None:
    assert why_slow(Found("module", "name", re.compile(pattern), frozenset({method})))


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[^/]+/[^/]+", "fullmatch"),
        (r"^[^/]+/[^/]+$", "search"),
        (r"a*+a", "match"),
        (r"x(?:y|z)?a*", "match"),
        (rb"\s++html", "match"),
    ],
)
def test_a_pattern_that_is_quick_is_not_refused(pattern: str | bytes, method: str) -> None:
    assert why_slow(Found("module", "name", re.compile(pattern), frozenset({method}))) is None


@pytest.mark.parametrize(
    "code",
    [
        "from re import compile",
        "import re as regular",
        "import re\nre.template('a')",
        "import re\nX = re.compile('a')",
    ],
)
def test_a_pattern_in_disguise_is_refused(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disguised.py").write_text(
        code.replace("re.template('a')", "X = re.template if False else 0")
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "disguised", raising=False)

    with pytest.raises(AssertionError):
        list(patterns_of(tmp_path, tmp_path / "disguised.py"))
