"""README.md stays short and readable; every link and command in the documents is real."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from chat4all.channels.registry import manifests
from chat4all_local.cli.app import app
from tests.integration.template import ROOT

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS: Final = sorted(
    path for folder in (".", "docs", "docs/runbooks") for path in (ROOT / folder).glob("*.md")
)
MOST_WORDS: Final = 1_400
LONGEST_SENTENCE: Final = 35
LONGEST_LINE: Final = 120
FIRST_SCREEN: Final = 40
"""Lines of README.md that a reader sees before scrolling."""
LINKS: Final = sorted(
    {
        (path.relative_to(ROOT).as_posix(), link)
        for path in DOCUMENTS
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
        if "://" not in link
    }
)
CODE: Final = [
    code
    for path in DOCUMENTS
    for block, span in re.findall(
        r"^```\w*\n(.*?)^```|`([^`\n]+)`", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    for code in (block or span).splitlines()
]
COMMAND: Final = re.compile(r"\bchat4all ([a-z][a-z-]*(?: [a-z][a-z-]*)*)([^)|\n]*)")
COMMANDS: Final = sorted({found for code in CODE for found in COMMAND.findall(code)})
MAKE_TARGETS: Final = sorted(
    {name for code in CODE for name in re.findall(r"(?:^|[;&|(] *)make ([a-z][a-z-]*)", code)}
)


ENUMERATIONS: Final = {
    "README.md": r"\A# Chat4All\n\n(.*?)\n\n",
    "README.md, accounts": r"\*\*Which provider accounts do I need\?\*\*(.*?)\n\n",
    "CHANGELOG.md": r"\n- Texts go out to (.*?)\n- ",
    "pyproject.toml": r'\ndescription = "(.*?)"',
    "layers/core/chat4all/__init__.py": r'\A"""(.*?)\n',
}
"""The texts that list the channels by their titles, by document."""


@pytest.mark.parametrize("place", ENUMERATIONS)
@pytest.mark.parametrize("title", [channel.title for channel in manifests()])
def test_where_the_channels_are_enumerated_none_is_forgotten(place: str, title: str) -> None:
    text = (ROOT / place.partition(",")[0]).read_text(encoding="utf-8")

    found = re.search(ENUMERATIONS[place], text, re.DOTALL)

    assert found
    assert re.search(rf"\b{re.escape(title)}\b", found[1])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_counts_the_channels(document: Path) -> None:
    """A number of channels in a document is wrong as soon as a channel is added."""
    count = r"(?:two|three|four|five|six) (?:channels|providers)\b"
    assert re.findall(count, document.read_text(encoding="utf-8"), re.IGNORECASE) == []


def test_the_readme_has_few_words() -> None:
    assert len(README.split()) < MOST_WORDS


def test_no_sentence_of_the_readme_is_long() -> None:
    assert [words for words in _sentences(README) if len(words.split()) > LONGEST_SENTENCE] == []


def test_no_line_of_the_readme_is_long() -> None:
    assert [line for line in README.splitlines() if len(line) > LONGEST_LINE] == []


def test_the_first_screen_has_the_two_commands_and_the_picture() -> None:
    screen = "\n".join(README.splitlines()[:FIRST_SCREEN])
    for part in ("\nmake demo\n", "\nmake test\n", "](docs/demo.svg)"):
        assert part in screen


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_shell_blocks_can_be_pasted_into_zsh(document: Path) -> None:
    # An interactive zsh treats the words of a comment as arguments.
    blocks = re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [block for block in blocks if re.search(r"(?:^|\s)#", block)] == []


@pytest.mark.parametrize(("document", "link"), LINKS)
def test_a_link_leads_to_a_file_and_a_heading(document: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / document).parent / path if path else ROOT / document
    assert target.exists()
    assert not anchor or anchor in _anchors(target)


@pytest.mark.parametrize("target", MAKE_TARGETS)
def test_make_knows_the_target(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(("words", "rest"), COMMANDS)
def test_the_command_line_knows_the_command_and_its_options(words: str, rest: str) -> None:
    shown = CliRunner(env={"COLUMNS": "300"}).invoke(app, [*words.split(), "--help"])
    assert shown.exit_code == 0
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
        assert re.search(rf"{option}\b", shown.output), option


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of paragraphs, list items, headings and table cells; skip code blocks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for paragraph in re.split(r"\n\s*\n|\n(?=[-#|])|(?<=\s)\|(?=\s)", prose):
        yield from re.split(r"(?<=[.!?])\s+", paragraph)


def _anchors(document: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of `document`."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
