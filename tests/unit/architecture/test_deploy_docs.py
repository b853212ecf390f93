"""docs/deploy.md knows every parameter of the template, and no other."""

import re
from typing import Final

from tests.integration.template import ROOT, read

TEXT: Final = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
PARAMETERS: Final = read("template.yaml")["Parameters"]


def test_its_table_has_the_parameters_with_their_defaults() -> None:
    section = TEXT.split("### Parameters")[1].split("\n##")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", section, re.MULTILINE))

    assert told == {name: str(one.get("Default", "")) for name, one in PARAMETERS.items()}


def test_what_it_names_is_there() -> None:
    for path in re.findall(r"\]\(([\w./-]+\.md)", TEXT):
        assert (ROOT / "docs" / path).is_file(), path
    for name in re.findall(r"\b([A-Z]\w+)=", TEXT.split("### Parameters")[0]):
        assert name in PARAMETERS or name.isupper(), name
