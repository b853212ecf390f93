"""The files that may be uploaded, and the number of their parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.errors import Invalid
from chat4all.domain.files.file import (
    BY_EXTENSION,
    FILE_TYPES,
    LEAST_PART_BYTES,
    LONGEST_NAME,
    MOST_BYTES,
    MOST_PARTS,
    FileStatus,
    StoredFile,
    check_new_file,
    part_size,
)


@given(st.integers(1, MOST_BYTES))
def test_the_parts_are_the_file_and_at_most_a_thousand(size: int) -> None:
    file = StoredFile("", "a.png", "image/png", size, FileStatus.PENDING, "", "", part_size=part_size(size))

    parts = [file.bytes_of_part(number) for number in range(1, file.part_count + 1)]

    assert sum(parts) == size
    assert len(parts) <= MOST_PARTS
    assert all(part == file.part_size >= LEAST_PART_BYTES for part in parts[:-1])
    assert 0 < parts[-1] <= file.part_size


def test_every_allowed_type_has_its_extensions() -> None:
    allowed = {"jpg", "jpeg", "png", "gif", "webp", "pdf", "docx", "xlsx", "pptx", "txt"}
    allowed |= {"mp4", "mov", "webm", "mp3", "ogg", "wav", "m4a"}
    assert set(BY_EXTENSION) == allowed
    for extension, file_type in BY_EXTENSION.items():
        assert (
            check_new_file(f"A.{extension.upper()}", 1, file_type.content_type)
            is FILE_TYPES[file_type.content_type]
        )


@pytest.mark.parametrize("size", [1, MOST_BYTES])
def test_sizes_up_to_two_gib_are_taken(size: int) -> None:
    check_new_file("film.mp4", size, "video/mp4")


@pytest.mark.parametrize(
    ("filename", "issue"),
    [
        ("", "1 to 255 characters"),
        ("a" * 252 + ".png", "1 to 255 characters"),
        ("../a.png", "without a path"),
        ("C:\\a.png", "without a path"),
        ("a\0.png", "control characters"),
        ("a\n.png", "control characters"),
        ("a\u2028.png", "line ends"),
        ("é" * 200 + ".png", "255 bytes"),
        ("a\ud800.png", "lone surrogates"),
        ("a\u202egnp.png", "direction of writing"),
        ("a\u2066.png", "direction of writing"),
        ("a.exe", "must end in .png"),
        ("png", "must end in .png"),
        ("a.png.", "must end in .png"),
    ],
)
def test_names_that_are_refused(filename: str, issue: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_new_file(filename, 1, "image/png")

    assert [(detail.field, issue in detail.issue) for detail in refused.value.details] == [("filename", True)]


@pytest.mark.parametrize(
    "filename", ["a.png", "Ärger 日本.png", "a b (1).PNG", "a" * (LONGEST_NAME - 4) + ".png"]
)
def test_names_that_are_taken(filename: str) -> None:
    check_new_file(filename, 1, "image/png")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        check_new_file("", MOST_BYTES + 1, "application/x-msdownload")

    assert [detail.field for detail in refused.value.details] == ["filename", "size", "content_type"]


@pytest.mark.parametrize("size", [0, -1])
def test_nothing_is_no_file(size: int) -> None:
    with pytest.raises(Invalid) as refused:
        check_new_file("a.png", size, "image/png")

    assert refused.value.details[0].issue == "must be at least 1 byte"
