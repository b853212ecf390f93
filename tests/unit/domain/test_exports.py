"""Names in the zips of an export."""

from hypothesis import example, given
from hypothesis import strategies as st

from chat4all.domain.exports import LONGEST_NAME, safe_name


@given(st.text(max_size=300))
@example("../../etc/passwd")
@example("..")
@example("")
@example("con")
@example("NUL.txt")
@example("aux.tar.gz")
@example("\u202egpj.exe")
@example("C:\\x")
@example("a\x00b.png")
@example("é" * 255)
@example("x.\ud800")
@example("name.")
@example(" .png")
@example("._-.")
def test_a_name_is_harmless(text: str) -> None:
    name = safe_name(text)

    assert name.isascii()
    assert 0 < len(name.encode()) <= LONGEST_NAME
    assert not set(name) & set('/\\:*?"<>|\0 ')
    assert not name.startswith(".")
    assert not name.endswith(".")
    assert name.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


@given(st.lists(st.text("aAbB.\u00e9/ _-", max_size=12), unique=True, max_size=8))
def test_two_names_never_meet_even_where_case_does_not_count(texts: list[str]) -> None:
    names = [safe_name(text).lower() for text in texts]

    assert len(set(names)) == len(names)


def test_a_plain_name_stays_and_an_extension_survives() -> None:
    assert safe_name("invoice-17.pdf") == "invoice-17.pdf"
    assert safe_name("Rechnung März.PDF").endswith(".pdf")
    assert safe_name("3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05") == "3c9d7e0a-5b1f-4c62-8f0e-7a2b9d4c1e05"
