"""No function outlives the process that started it, however that process ends."""

import subprocess
import sys

import psutil
import pytest

STARTER_OF_TWO = """
import pathlib, sys, tempfile, threading
from lambda_processes.spawning import spawn

folder = pathlib.Path(tempfile.gettempdir())
sleeper = (sys.executable, "-c", "import time; time.sleep(60)")

def start():
    print(spawn(sleeper, {}, folder, output=2).pid, flush=True)

for _ in range(2):
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a function ends when it next asks for work")
def test_functions_started_by_threads_that_are_gone_live_on_and_die_with_the_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER_OF_TWO],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        sleepers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
        assert all(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in sleepers)

        parent.kill()

        _, alive = psutil.wait_procs(sleepers, timeout=10)
        assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
