"""The commands, against the running cloud."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from signal import SIGINT

import msgspec
import psutil
import pytest

from chat4all_local.cloud.settings import LOCALHOST
from tests.e2e.api import Api
from tests.e2e.sockets import listening
from tests.e2e.stage import Stage
from tests.e2e.waiting import DEADLINE_S, eventually

PROGRAM = str(Path(sys.executable).with_name("chat4all"))
INTERRUPTED = 130


def run(stage: Stage, *arguments: str) -> str:
    """Run a command that must succeed, and return its output."""
    command = [PROGRAM, *arguments, "--state", str(stage.cloud.folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_send_prints_the_id_of_a_message_that_arrives(stage: Stage) -> None:
    customer = stage.customer("instagram")
    talk = stage.talk(customer)

    message_id = run(stage, "send", talk.conversation_id, "from the terminal 🙂").strip()

    stage.reaches(message_id, "READ")
    assert stage.texts(customer) == ["from the terminal 🙂"]


def test_users_and_conversations_are_created_and_listed(stage: Stage) -> None:
    address = stage.new_address("telegram")
    customer_id = run(
        stage, "users", "create", "CUSTOMER", "Maria", "--identity", f"telegram:{address}"
    ).strip()
    agent_id = run(stage, "users", "create", "agent", "Ada").strip()
    conversation_id = run(stage, "conversations", "create", agent_id, customer_id, "--title", "Hats").strip()

    users = msgspec.json.decode(run(stage, "users", "list", "--json"))
    conversations = msgspec.json.decode(run(stage, "conversations", "list", "--json"))

    [maria] = [user for user in users if user["user_id"] == customer_id]
    assert (maria["display_name"], maria["identities"][0]["address"]) == ("Maria", address)
    [hats] = [
        conversation for conversation in conversations if conversation["conversation_id"] == conversation_id
    ]
    assert (hats["title"], hats["type"], len(hats["participants"])) == ("Hats", "1:1", 2)
    assert customer_id in run(stage, "users", "list")
    assert conversation_id in run(stage, "conversations", "list")


def test_users_list_shows_agents_too(stage: Stage) -> None:
    agent_id = stage.agent()

    assert agent_id in run(stage, "users", "list", "--json")


def test_status_names_every_component_with_its_process_and_memory(stage: Stage) -> None:
    stage.reaches(stage.say(stage.talk(stage.customer("telegram")), "so that functions run"), "SENT")

    status = msgspec.json.decode(run(stage, "status", "--json"))

    assert status["phase"] == "ready"
    assert {component["name"]: component["health"] for component in status["components"]} == {
        "ministack": "UP",
        "nanio": "UP",
        "simulators": "UP",
    }
    assert all(component["process"]["memory"] > 0 and component["urls"] for component in status["components"])
    assert {f"{stage.cloud.stack}-{name}" for name in ("api", "router", "telegram")} <= {
        function["name"] for function in status["functions"]
    }
    assert status["memory"] > 0


def test_only_this_machine_reaches_the_local_cloud(stage: Stage) -> None:
    components = stage.cloud.folder.read().components

    assert listening(component.process.pid for component in components) == {LOCALHOST}


def test_logs_show_what_a_function_logged(stage: Stage) -> None:
    nowhere = "nowhere-to-be-found"
    stage.api.call("GET", f"/messages/{nowhere}")

    assert "MESSAGE_NOT_FOUND" in eventually(
        lambda: run(stage, "logs", "api"), lambda text: "MESSAGE_NOT" in text
    )
    run(stage, "logs", "ministack")


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux reports the peak memory of a process")
def test_a_report_tells_the_memory_that_the_function_used(stage: Stage) -> None:
    stage.api.call("GET", "/users")

    logged = eventually(lambda: run(stage, "logs", "api"), lambda text: "REPORT " in text)

    used = re.findall(r"REPORT .*Memory Size: (\d+) MB\s+Max Memory Used: (\d+) MB", logged)
    assert used, logged
    assert all(10 < int(most) < int(size) for size, most in used)


def test_a_key_that_is_created_works_within_its_scopes(stage: Stage) -> None:
    key = run(stage, "keys", "create", "--name", "reader", "--scopes", "users:read").strip()

    api = Api(stage.cloud.api_url, key)
    try:
        assert api.call("GET", "/users").status_code == 200
        assert api.call("GET", "/channels").status_code == 403
    finally:
        api.close()


@pytest.fixture
def watching(stage: Stage) -> Iterator["Watching"]:
    started = Watching(stage)
    yield started
    started.stop()


class Watching:
    """`chat4all watch` on a conversation of its own."""

    def __init__(self, stage: Stage) -> None:
        self.customer = stage.customer("instagram", "Iris")
        self.talk = stage.talk(self.customer)
        command = [PROGRAM, "watch", self.talk.conversation_id, "--state", str(stage.cloud.folder.path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines: Queue[str] = Queue()
        self._seen: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def shows(self, *words: str) -> bool:
        """Return whether a line so far has all the words."""
        try:
            while True:
                self._seen.append(self._lines.get_nowait())
        except Empty:
            return any(all(word in line for word in words) for line in self._seen)

    def stop(self) -> int:
        """Stop the command as Ctrl-C does, and return its exit status."""
        self.process.send_signal(SIGINT)
        try:
            code = self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line)


def test_watch_shows_both_sides_and_how_far_messages_come_until_ctrl_c(
    stage: Stage, watching: Watching
) -> None:
    stage.say(watching.talk, "how are you?")
    eventually(lambda: watching.shows("READ", "Ada", "how are you?"))

    stage.simulators["instagram"].write(watching.customer.address, "fine!")

    eventually(lambda: watching.shows("Iris", "fine!"))
    assert watching.stop() == INTERRUPTED
