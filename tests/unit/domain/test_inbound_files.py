"""The name and the type of a file that a person sends, and the name and type that we store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat4all.domain.content import ProviderFile
from chat4all.domain.errors import Invalid
from chat4all.domain.files.file import MOST_BYTES, Attachment, check_new_file
from chat4all.domain.files.inbound import attachment_of
from chat4all.domain.files.known_types import canonical_type


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
        ("application/pdf", "invoice.exe", ("application/pdf", "invoice.exe")),
        ("video/3gpp", None, ("video/3gpp", "video.3gp")),
        ("image/heic", "a.heic", ("image/heic", "a.heic")),
        ("application/zip", "a.zip", ("application/zip", "a.zip")),
        ("application/msword", "letter.doc", ("application/msword", "letter.doc")),
        ("application/json", "data.json", ("application/json", "data.json")),
        ("application/octet-stream", "data.JSON", ("application/json", "data.JSON")),
        ("audio/amr", None, ("audio/amr", "audio.amr")),
        ("text/csv; charset=windows-1252", "list.csv", ("text/csv", "list.csv")),
        ("image/jpg", None, ("image/jpeg", "image.jpg")),
        ("application/vnd.acme.plan", "plan.acme", ("application/vnd.acme.plan", "plan.acme")),
        ("application/vnd.acme.plan", "plan", ("application/vnd.acme.plan", "plan")),
        ("application/octet-stream", "notes.txt", ("text/plain", "notes.txt")),
        (None, "a.mp3", ("audio/mpeg", "a.mp3")),
        (None, None, ("application/octet-stream", "document")),
        ("nonsense", "", ("application/octet-stream", "document")),
        ("text/html\r\nX-Evil: 1", "a.bin", ("application/octet-stream", "a.bin")),
    ],
)
def test_type_and_name_are_the_persons_own(
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
        ("fdp.\u202eexe", "fdp.exe"),
        ("...", "document.pdf"),
        (".pdf", "pdf.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("x" * 300 + ".exe", "x" * 251 + ".exe"),
        ("ä" * 300, "ä" * 125 + ".pdf"),
    ],
)
def test_a_name_is_made_safe(said: str, kept: str) -> None:
    assert taken("application/pdf", said).filename == kept


@given(st.none() | st.text(max_size=30), st.none() | st.text(max_size=400), st.none() | st.integers())
def test_any_declaration_leads_to_a_safe_name_and_a_known_form_of_type(
    content_type: str | None, filename: str | None, size: int | None
) -> None:
    """The rules for the names of uploads hold; the extension may be any."""
    file = taken(content_type, filename, size)

    assert canonical_type(file.content_type) == file.content_type
    with pytest.raises(Invalid) as refused:
        check_new_file(file.filename, file.size or 1, None)
    assert [detail.field for detail in refused.value.details] == ["content_type"]


@pytest.mark.parametrize(
    ("said", "size"), [(None, None), (0, None), (-5, None), (7, 7), (MOST_BYTES + 1, MOST_BYTES)]
)
def test_a_size_is_one_that_a_file_may_have(said: int | None, size: int | None) -> None:
    assert taken(size=said).size == size
