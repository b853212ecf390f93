import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from chat4all.channels.registry import names
from chat4all.domain.status import Status
from chat4all_local.demo.display import messages_shown, progress_line
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.kinds.judging import KindsVerdict, Seen, judge_kinds
from chat4all_local.demo.kinds.table import kinds_table
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.run import Outcome
from chat4all_local.demo.script import write_script
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.summary import summary
from chat4all_local.demo.table import moving_table
from chat4all_local.demo.verdict import judge
from chat4all_local.traffic.participants import BY_CHANNEL, SHOWN

NO_KINDS = KindsVerdict(())
NO_FILES = FilesVerdict(rows=(), repeats=0, lost=(), late=(), wrong=(), duplicates=(), strange=())


def rendered(what: object, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


@pytest.mark.parametrize("filled", [False, True])
def test_the_table_fits_80_columns(sent: Sent, observed: Observed, filled: bool) -> None:  # noqa: FBT001 (a case)
    rows = judge(sent, observed).rows if filled else judge(Sent(write_script(SHOWN)), Observed()).rows
    lines = rendered(moving_table(rows)).splitlines()
    assert len(lines) == 1 + 2 * len(SHOWN)
    assert "ANSWERS" in lines[0]


def test_what_is_still_to_come_is_seen_before_it_comes(sent: Sent, observed: Observed) -> None:
    empty, full = judge(Sent(write_script(SHOWN)), Observed()).rows, judge(sent, observed).rows
    assert "●" not in rendered(moving_table(empty))
    assert "·" not in rendered(moving_table(full))
    assert rendered(moving_table(empty)).count("·") == rendered(moving_table(full)).count("●")


def test_without_a_terminal_there_are_plain_lines_and_none_twice(sent: Sent, observed: Observed) -> None:
    rows = judge(sent, observed).rows
    file = io.StringIO()
    with messages_shown(Console(file=file, force_terminal=False), "Messages") as show:
        show(rows)
        show(rows)
    assert file.getvalue().count("accepted 21/21, sent 21/21, delivered 21/21, read 14/14") == 1
    assert "\x1b" not in file.getvalue()


def test_a_plain_line_says_what_each_count_should_come_to() -> None:
    assert progress_line(judge(Sent(write_script(SHOWN)), Observed()).rows).startswith(
        "accepted 0/21, sent 0/21, delivered 0/21"
    )


def test_the_summary_ends_with_the_verdict(sent: Sent, observed: Observed) -> None:
    last = rendered(
        summary(Outcome(judge(sent, observed), sent, observed), NO_FILES, NO_KINDS, 19.5)
    ).splitlines()[-1]
    assert last == "✓ 0 lost, 0 duplicated, 0 out of order, in 19.5 s"


def test_the_summary_says_why_a_channel_has_more_parts_than_messages(sent: Sent, observed: Observed) -> None:
    shown = rendered(
        summary(Outcome(judge(sent, observed), sent, observed), NO_FILES, NO_KINDS, 19.5), width=200
    )
    assert "1,000 bytes on Instagram" in shown


@pytest.mark.parametrize("channels", [names()])
def test_the_summary_has_a_row_of_every_channel_that_takes_part(
    sent: Sent, observed: Observed, channels: tuple[str, ...]
) -> None:
    shown = rendered(summary(Outcome(judge(sent, observed), sent, observed), NO_FILES, NO_KINDS, 19.5))
    messages = shown.partition("FILE ")[0].splitlines()
    rows = {cells[0]: cells[1:5] for cells in map(str.split, messages) if len(cells) > 4}
    for channel in channels:
        customer = BY_CHANNEL[channel]
        read = "7" if customer.final_status is Status.READ else "-"
        assert rows[customer.title] == ["7", "7", read, "7"]


def test_the_summary_names_the_channel_without_receipts(sent: Sent, observed: Observed) -> None:
    shown = rendered(summary(Outcome(judge(sent, observed), sent, observed), NO_FILES, NO_KINDS, 19.5))
    assert "Telegram sends no receipts: delivered counts SENT." in shown
    assert shown.count("sends no receipts") == 1


def test_the_summary_names_what_is_missing(sent: Sent, observed: Observed) -> None:
    observed = Observed(
        {**observed.provided, "telegram": observed.provided["telegram"][1:]},
        observed.histories,
        observed.statuses,
    )
    shown = rendered(summary(Outcome(judge(sent, observed), sent, observed), NO_FILES, NO_KINDS, 19.5))
    assert "lost: telegram-1 at Telegram" in shown
    assert shown.splitlines()[-1].startswith("✗ 1 lost")


@pytest.mark.parametrize(
    ("kind", "shown", "last"),
    [
        ("lost", "lost", "✗ 1 lost, 0 duplicated"),
        ("duplicates", "duplicated", "✗ 0 lost, 1 duplicated"),
        ("wrong", "wrong", "✗ 0 lost, 0 duplicated"),
        ("late", "late", "✗ 0 lost, 0 duplicated"),
        ("strange", "unexpected", "✗ 0 lost, 0 duplicated"),
    ],
)
def test_one_bad_file_spoils_it_and_is_named(
    sent: Sent, observed: Observed, kind: str, shown: str, last: str
) -> None:
    files = replace(NO_FILES, **{kind: ("photo.jpg at Telegram",)})
    text = rendered(summary(Outcome(judge(sent, observed), sent, observed), files, NO_KINDS, 19.5))
    assert f"{shown}: photo.jpg at Telegram" in text
    assert text.splitlines()[-1].startswith(last)


def test_each_kind_shows_how_every_app_got_it() -> None:
    # Given a reaction that SMS does not have, and buttons of which an answer is missing
    verdict = judge_kinds(
        {
            "whatsapp": {"buttons": Seen("shown", "no answer"), "reaction": Seen("❤")},
            "sms": {"buttons": Seen("as numbered text")},
        }
    )
    # When the table is shown
    head, buttons, reaction = rendered(kinds_table(verdict.rows, ("whatsapp", "sms"))).splitlines()
    # Then each has a mark, and what a channel lacks has none
    assert head.split() == ["KIND", "WHATSAPP", "SMS"]
    assert buttons.split() == ["buttons", "shown", "✗", "as", "numbered", "text", "✓"]
    assert reaction.split() == ["reaction", "❤", "✓", "-"]
    assert verdict.faults == ("buttons at WhatsApp: no answer",)
