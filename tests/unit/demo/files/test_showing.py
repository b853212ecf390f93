import io
import re

import pytest
from msgspec.structs import replace
from rich.console import Console

from chat4all.channels.registry import names
from chat4all_local.demo.files.judging import judge_files
from chat4all_local.demo.files.observed import FilesObserved
from chat4all_local.demo.files.sent import FilesSent
from chat4all_local.demo.files.table import files_table
from chat4all_local.traffic.participants import SHOWN


def rendered(what: object) -> list[str]:
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as capture:
        console.print(what)
    return [line.rstrip() for line in capture.get().splitlines()]


def test_the_table_says_how_each_file_went_and_fits_80_columns(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    assert rendered(files_table(judge_files(files_sent, files_observed).rows, SHOWN)) == [
        "FILE           SIZE  UPLOADED  TO WHATSAPP  TO TELEGRAM  TO INSTAGRAM",
        "photo.jpg    0.4 MB     0.5 s  media ✓      media ✓      media ✓",
        "video.mp4  200.0 MB     2.2 s  link ✓       link ✓       link ✓",
        "from Ana     0.3 MB            received ✓",
    ]


@pytest.mark.parametrize("channels", [names()])
def test_the_table_has_a_column_of_every_channel_and_fits_80_columns(
    files_sent: FilesSent, files_observed: FilesObserved, channels: tuple[str, ...]
) -> None:
    shown = rendered(files_table(judge_files(files_sent, files_observed).rows, channels))
    assert [line.count("✓") for line in shown] == [0, len(channels), len(channels), 1]


def test_the_table_marks_what_did_not_come_and_what_came_twice(
    files_sent: FilesSent, files_observed: FilesObserved
) -> None:
    since = files_observed.since_texts
    photo, video = since.provided["whatsapp"]
    spoilt = replace(since, provided={"whatsapp": (photo, photo, video), "telegram": (video,)})
    rows = judge_files(files_sent, replace(files_observed, since_texts=spoilt)).rows
    cells = re.split(r"  +", rendered(files_table(rows, SHOWN))[1])
    assert cells[-3:] == ["media 2 times ✗", "nothing ✗", "nothing ✗"]
