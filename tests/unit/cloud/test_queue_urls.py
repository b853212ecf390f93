from pathlib import Path

import pytest

from chat4all_local.cloud.queue_urls import move_queues

QUEUE = "http://127.0.0.1:{port}/000000000000/chat4all-inbound.fifo"


@pytest.mark.parametrize("name", ["sqs.json", "lambda.json", "cloudformation.json"])
def test_kept_queues_move_to_the_new_port(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(f'["{QUEUE.format(port=4711)}", "us-east-1 {QUEUE.format(port=4711)}"]')
    move_queues(tmp_path, 815)
    assert (
        tmp_path / name
    ).read_text() == f'["{QUEUE.format(port=815)}", "us-east-1 {QUEUE.format(port=815)}"]'


def test_other_addresses_stay(tmp_path: Path) -> None:
    simulator = '{"WhatsAppBaseUrl": "http://127.0.0.1:4712", "Template": "http://127.0.0.1:4711/bucket/key"}'
    (tmp_path / "cloudformation.json").write_text(simulator)
    move_queues(tmp_path, 815)
    assert (tmp_path / "cloudformation.json").read_text() == simulator


def test_what_people_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "dynamodb.json").write_text(QUEUE.format(port=4711))
    move_queues(tmp_path, 815)
    assert (tmp_path / "dynamodb.json").read_text() == QUEUE.format(port=4711)


def test_a_copy_made_by_linking_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "sqs.json").write_text(QUEUE.format(port=4711))
    (tmp_path / "copy").hardlink_to(tmp_path / "sqs.json")
    move_queues(tmp_path, 815)
    assert (tmp_path / "copy").read_text() == QUEUE.format(port=4711)


def test_a_cloud_that_never_ran_has_nothing_to_move(tmp_path: Path) -> None:
    move_queues(tmp_path, 815)
    assert list(tmp_path.iterdir()) == []
