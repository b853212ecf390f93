import pytest

from chat4all.domain.provider_names import is_named, undated


@pytest.mark.parametrize(
    ("name", "asked", "is_meant"),
    [
        ("99:5@1441645532", "99:5@1441645532", True),
        ("99:5@1441645532", "99:5", True),
        ("99:5@1441645532", "99:5@1441645533", False),
        ("99:5", "99:5@1441645532", False),
        ("99:51@1441645532", "99:5", False),
        ("wamid.HBgM", "wamid.HBgM", True),
        (None, "99:5", False),
    ],
)
def test_a_name_without_a_date_means_the_message_of_its_number(
    name: str | None,
    asked: str,
    is_meant: bool,  # noqa: FBT001
) -> None:
    assert is_named(name, asked) is is_meant


def test_a_name_without_its_date_is_the_number() -> None:
    assert (undated("-1001:5@1441645532"), undated("wamid.HBgM=")) == ("-1001:5", "wamid.HBgM=")
