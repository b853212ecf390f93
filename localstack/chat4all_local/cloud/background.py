"""The launcher that `chat4all up --detach` starts in the background, and its reports to that command.

`python -m chat4all_local.cloud.background FOLDER BACKEND ENDPOINT EVENT_STREAM ROLES` reports on stdout, a
JSON object per line: first each step, then that the cloud is ready or why the start failed. After that it
prints nothing, and runs until a signal stops it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chat4all_local.cloud.backends.choice import BackendName, chosen
from chat4all_local.cloud.backends.event_stream import EventStream
from chat4all_local.cloud.backends.roles import Roles
from chat4all_local.cloud.checkout import ROOT, own_python
from chat4all_local.cloud.errors import CloudError, ComponentFailed, in_words
from chat4all_local.cloud.folder import StateFolder
from chat4all_local.cloud.progress import Progress, Step
from chat4all_local.cloud.signals import Stopped, stopped_by_signals
from chat4all_local.cloud.start import start
from chat4all_local.cloud.supervise import supervise


class Progressed(msgspec.Struct, frozen=True, tag=True):
    step: Step


class Ready(msgspec.Struct, frozen=True, tag=True):
    pass


class Failed(msgspec.Struct, frozen=True, tag=True):
    message: str
    advice: str
    log: str


Report = Progressed | Ready | Failed
_REPORTS = msgspec.json.Decoder(Report)


def start_in_background(
    folder: StateFolder,
    progress: Progress,
    name: BackendName,
    endpoint: str,
    event_stream: EventStream,
    *,
    roles: Roles,
) -> None:
    """Start the cloud, and return when it is ready. An interruption stops the cloud. Raises CloudError."""
    folder.create()
    with _launcher(folder, [name, endpoint, event_stream, roles]) as process:
        for report in _reports(process):
            match report:
                case Progressed(step):
                    progress(step)
                case Ready():
                    return
                case Failed(message, advice, log):
                    raise ComponentFailed(message, log, advice)
    raise CloudError("the launcher died", f"see: {folder.logs / 'launcher.log'}")


@contextmanager
def _launcher(folder: StateFolder, wanted: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    command = [str(own_python()), "-m", "chat4all_local.cloud.background", str(folder.path), *wanted]
    with (folder.logs / "launcher.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        yield process
    except (KeyboardInterrupt, Stopped):
        process.terminate()
        process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()


def _reports(process: "subprocess.Popen[bytes]") -> Iterator[Report]:
    for line in process.stdout or ():
        yield _REPORTS.decode(line)


def main(
    folder: StateFolder, name: BackendName, endpoint: str, event_stream: EventStream, roles: Roles
) -> int:
    try:
        backend = chosen(name, endpoint, event_stream, roles)
        with stopped_by_signals(), start(folder, lambda step: _report(Progressed(step)), backend) as begun:
            _report(Ready())
            supervise(begun.running, folder)
    except Stopped:
        _report(Failed("the local cloud was stopped before it was up", "run: chat4all up --detach", ""))
        return 0
    except CloudError as error:
        _fail(Failed(error.message, error.advice, getattr(error, "log", "")))
    except (BotoCoreError, ClientError) as error:
        _fail(Failed(f"AWS: {error}", f"see: {folder.logs}", ""))
    except OSError as error:
        _fail(Failed(in_words(error), f"see: {folder.logs}", ""))
    return 1


def _fail(failed: Failed) -> None:
    _report(failed)
    sys.stderr.write(f"{failed.message}\n{failed.log}\n")


def _report(report: Report) -> None:
    try:
        os.write(sys.stdout.fileno(), msgspec.json.encode(report) + b"\n")
    except BrokenPipeError:
        return  # the command that started this has ended; the cloud keeps running


if __name__ == "__main__":
    path, backend_name, url, stream, enforcement = sys.argv[1:]
    sys.exit(
        main(StateFolder(Path(path)), BackendName(backend_name), url, EventStream(stream), Roles(enforcement))
    )
