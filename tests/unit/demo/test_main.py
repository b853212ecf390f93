import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from chat4all_local.demo import main
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.kinds.judging import Seen, judge_kinds
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.run import Outcome
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.verdict import judge
from chat4all_local.traffic.participants import SHOWN

SHOWN_WELL = judge_kinds({"sms": {"place": Seen("as text")}})
SHOWN_BADLY = judge_kinds({"sms": {"place": Seen("as text", "did not arrive")}})
ALL_WELL = FilesVerdict(rows=(), repeats=0, lost=(), late=(), wrong=(), duplicates=(), strange=())


@pytest.mark.parametrize("json_output", [False, True])
@pytest.mark.parametrize("kind", ["lost", "late", "wrong", "duplicates", "strange"])
def test_one_bad_file_makes_the_command_fail(
    sent: Sent,
    observed: Observed,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    json_output: bool,  # noqa: FBT001 (a case)
) -> None:
    # Given a demo whose texts all arrived
    outcome = Outcome(judge(sent, observed), sent, observed)

    def run(files: FilesVerdict) -> int:
        monkeypatch.setattr(main, "perform", lambda *_: (outcome, files, SHOWN_WELL))
        return main.run(SHOWN, json_output=json_output)

    # Then the files decide the result
    assert run(ALL_WELL) == 0
    assert run(replace(ALL_WELL, **{kind: ("photo.jpg at Telegram",)})) == 1


def test_json_has_the_files_and_is_all_there_is(
    sent: Sent, observed: Observed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(judge(sent, observed), sent, observed)
    monkeypatch.setattr(main, "perform", lambda *_: (outcome, ALL_WELL, SHOWN_WELL))
    main.run(SHOWN, json_output=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["files"] == {}
    assert printed["kinds"] == {"place": {"sms": {"how": "as text", "fault": None}}}


def test_one_kind_that_is_not_shown_makes_the_command_fail(
    sent: Sent, observed: Observed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(judge(sent, observed), sent, observed)
    monkeypatch.setattr(main, "perform", lambda *_: (outcome, ALL_WELL, SHOWN_BADLY))

    assert main.run(SHOWN, json_output=False) == 1

    assert "wrong: place at SMS: did not arrive" in capsys.readouterr().out


def test_the_picture_is_an_svg_that_shows_the_verdict_and_loads_nothing(
    sent: Sent, observed: Observed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Given a demo that went well
    outcome = Outcome(judge(sent, observed), sent, observed)
    monkeypatch.setattr(main, "perform", lambda *_: (outcome, ALL_WELL, SHOWN_WELL))
    picture = tmp_path / "new folder" / "demo.svg"
    # When a picture is asked for
    assert main.run(SHOWN, json_output=False, svg=picture) == 0
    # Then the file is a self-contained picture of the final display
    text = "".join(ET.parse(picture).getroot().itertext()).replace("\u00a0", " ")  # noqa: S314 (our own file)
    assert "$ make demo" in text
    assert "WhatsApp" in text
    assert "0 lost, 0 duplicated, 0 out of order" in text
    assert "url(http" not in picture.read_text(encoding="utf-8")
