from pathlib import Path

import pytest

from chat4all_local.cloud.digest import digest_of_deployment, digest_of_files, source_files


def digest(root: Path, salt: str = "python3.11") -> str:
    return digest_of_files(root, source_files(root), salt)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name in ("template.yaml", "infra/data.yaml", "functions/api/app.py", "layers/core/chat4all/text.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_unchanged_sources_keep_their_digest(sources: Path) -> None:
    assert digest(sources) == digest(sources)


@pytest.mark.parametrize("name", ["template.yaml", "infra/data.yaml", "functions/api/app.py"])
def test_a_changed_byte_changes_the_digest(sources: Path, name: str) -> None:
    before = digest(sources)
    (sources / name).write_text("something else")
    assert digest(sources) != before


def test_a_moved_file_changes_the_digest(sources: Path) -> None:
    before = digest(sources)
    (sources / "functions/api/app.py").rename(sources / "functions/api/main.py")
    assert digest(sources) != before


def test_an_added_empty_file_changes_the_digest(sources: Path) -> None:
    before = digest(sources)
    (sources / "layers/core/chat4all/__init__.py").touch()
    assert digest(sources) != before


def test_content_that_moves_from_one_file_to_the_next_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "functions").mkdir()
    first, second = tmp_path / "functions/a.py", tmp_path / "functions/b.py"
    first.write_text("xy")
    second.write_text("")
    before = digest(tmp_path)
    first.write_text("x")
    second.write_text("y")
    assert digest(tmp_path) != before


def test_bytecode_and_what_is_not_built_from_do_not_count(sources: Path) -> None:
    before = digest(sources)
    (sources / "functions/api/__pycache__").mkdir()
    (sources / "functions/api/__pycache__/app.pyc").write_bytes(b"\0")
    (sources / "README.md").write_text("read me")
    assert digest(sources) == before


def test_another_python_is_another_build(sources: Path) -> None:
    assert digest(sources, "python3.11") != digest(sources, "python3.12")


def test_a_deployment_is_known_by_its_build_and_its_parameters_in_any_order() -> None:
    known = digest_of_deployment("build", {"A": "1", "B": "2"})
    assert digest_of_deployment("build", {"B": "2", "A": "1"}) == known
    assert digest_of_deployment("build", {"A": "1", "B": "3"}) != known
    assert digest_of_deployment("other", {"A": "1", "B": "2"}) != known
