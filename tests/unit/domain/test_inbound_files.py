"""The name and the type of a file that a person sends, and the name and type that we store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.content import ProviderFile
from chat4all.domain.files.file import MOST_BYTES, Attachment, check_new_file
from chat4all.domain.files.inbound import attachment_of


def taken(
    content_type: str | None = None, filename: str | None = None, size: int | None = None
) -> Attachment:
    return attachment_of("file-1", ProviderFile("theirs", content_type, filename, size))


@pytest.mark.parametrize(
    ("content_type", "filename", "expected"),
    [
        ("image/png", None, ("image/png", "image.png")),
        ("audio/ogg; codecs=opus", None, ("audio/ogg", "audio.ogg")),
        ("IMAGE/JPEG", "Photo.JPEG", ("image/jpeg", "Photo.JPEG")),
        ("application/pdf", "invoice", ("application/pdf", "invoice.pdf")),
        ("application/pdf", "invoice.exe", ("application/pdf", "invoice.exe.pdf")),
        ("video/3gpp", None, ("video/mp4", "video.mp4")),
        ("image/heic", "a.heic", ("image/jpeg", "a.heic.jpg")),
        ("application/zip", "a.zip", ("application/pdf", "a.zip.pdf")),
        ("application/octet-stream", "notes.txt", ("text/plain", "notes.txt")),
        (None, "a.mp3", ("audio/mpeg", "a.mp3")),
        (None, None, ("application/pdf", "document.pdf")),
        ("nonsense", "", ("application/pdf", "document.pdf")),
    ],
)
def test_type_and_name_fit_each_other(
    content_type: str | None, filename: str | None, expected: tuple[str, str]
) -> None:
    file = taken(content_type, filename)

    assert (file.content_type, file.filename) == expected


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\x00\nb.pdf", "ab.pdf"),
        ("fdp.\u202eexe.pdf", "fdp.exe.pdf"),
        ("...", "document.pdf"),
        (".pdf", "pdf.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_name_is_made_safe(said: str, kept: str) -> None:
    assert taken("application/pdf", said).filename == kept


@given(st.none() | st.text(max_size=30), st.none() | st.text(max_size=400), st.none() | st.integers())
def test_whatever_is_said_it_is_a_file_that_could_have_been_uploaded(
    content_type: str | None, filename: str | None, size: int | None
) -> None:
    file = taken(content_type, filename, size)

    check_new_file(file.filename, file.size or 1, file.content_type)


@pytest.mark.parametrize(
    ("said", "size"), [(None, None), (0, None), (-5, None), (7, 7), (MOST_BYTES + 1, MOST_BYTES)]
)
def test_a_size_is_one_that_a_file_may_have(said: int | None, size: int | None) -> None:
    assert taken(size=said).size == size
