import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from chat4all_local.cloud import background
from chat4all_local.cloud.backends.choice import BackendName
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.signals import Stopped

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Stopped(15), "was stopped before it was up"),
        (EndpointConnectionError(endpoint_url=NOWHERE), NOWHERE),
        (OSError(28, "No space left on device"), "No space left"),
    ],
)
def test_whoever_waits_is_told_why_the_launcher_gave_up(
    folder: StateFolder,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    words: str,
) -> None:
    def start(*_: object) -> None:
        raise error

    monkeypatch.setattr(background, "start", start)

    assert background.main(folder, BackendName.EXTERNAL, NOWHERE, EventStream.SQS, Roles.ENFORCED) == (
        0 if isinstance(error, Stopped) else 1
    )

    told = msgspec.json.decode(capfd.readouterr().out, type=background.Failed)
    assert words in told.message
