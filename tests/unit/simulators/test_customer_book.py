"""A provider keeps its customers while Chat4All is down."""

from pathlib import Path

import pytest

from chat4all_local.simulators.control_api import Customer
from chat4all_local.simulators.customer_book import CustomerBook

ANA = Customer("1", "Ana", 1.0)
BEN = Customer("2", "Ben", 2.0, blocked=True)


def test_the_last_that_was_written_of_a_person_counts(tmp_path: Path) -> None:
    book = CustomerBook(tmp_path / "whatsapp.jsonl")
    later = Customer("1", "Ana", 5.0)
    for customer in (ANA, BEN, later):
        book.write(customer)

    assert CustomerBook(tmp_path / "whatsapp.jsonl").read() == {"1": later, "2": BEN}


def test_a_new_one_knows_nobody(tmp_path: Path) -> None:
    assert CustomerBook(tmp_path / "whatsapp.jsonl").read() == {}


def test_what_a_killed_process_left_unfinished_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "whatsapp.jsonl"
    CustomerBook(path).write(ANA)
    with path.open("ab") as file:
        file.write(b'{"address": "2", "na')

    assert CustomerBook(path).read() == {"1": ANA}
    CustomerBook(path).write(BEN)
    assert CustomerBook(path).read() == {"1": ANA, "2": BEN}


def test_what_is_no_text_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "whatsapp.jsonl"
    CustomerBook(path).write(ANA)
    with path.open("ab") as file:
        file.write(b'{"address": "2", "name": "Jos\xe9"}\n')

    assert CustomerBook(path).read() == {"1": ANA}


def test_nobody_is_forgotten_when_a_start_is_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "whatsapp.jsonl"
    CustomerBook(path).write(ANA)

    def cut_short(written: Path, data: bytes) -> int:
        written.open("wb").close()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", cut_short)
        with pytest.raises(KeyboardInterrupt):
            CustomerBook(path).read()

    assert CustomerBook(path).read() == {"1": ANA}
