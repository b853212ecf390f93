import json

import pytest
from msgspec.structs import replace

from chat4all_local.demo import main
from chat4all_local.demo.files.judging import FilesVerdict
from chat4all_local.demo.observed import Observed
from chat4all_local.demo.run import Outcome
from chat4all_local.demo.sent import Sent
from chat4all_local.demo.verdict import judge

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
    # Given texts that all came
    outcome = Outcome(judge(sent, observed), sent, observed)

    def run(files: FilesVerdict) -> int:
        monkeypatch.setattr(main, "perform", lambda _: (outcome, files))
        return main.run(json_output=json_output)

    # Then the files decide
    assert run(ALL_WELL) == 0
    assert run(replace(ALL_WELL, **{kind: ("photo.jpg at Telegram",)})) == 1


def test_json_has_the_files_and_is_all_there_is(
    sent: Sent, observed: Observed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(judge(sent, observed), sent, observed)
    monkeypatch.setattr(main, "perform", lambda _: (outcome, ALL_WELL))
    main.run(json_output=True)
    assert json.loads(capsys.readouterr().out)["files"] == {}
