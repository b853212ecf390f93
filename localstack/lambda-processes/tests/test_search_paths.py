from pathlib import Path

import pytest

from lambda_processes.search_paths import search_paths
from lambda_processes.settings import settings


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    for part in ("one/python", "one/lib", "two/python/lib/python3.11/site-packages", "two/bin"):
        (tmp_path / part).mkdir(parents=True)
    return [tmp_path / "one", tmp_path / "two"]


def test_the_later_layer_is_found_first(layers: list[Path]) -> None:
    first, second = layers

    found = search_paths(layers, "python3.11")["PYTHONPATH"].split(":")

    assert found == [f"{second}/python", f"{second}/python/lib/python3.11/site-packages", f"{first}/python"]


def test_programs_and_libraries_of_layers_are_found_too(layers: list[Path]) -> None:
    first, second = layers
    found = search_paths(layers, "python3.11")

    assert found["LD_LIBRARY_PATH"] == f"{first}/lib"
    assert found["PATH"].startswith(f"{second}/bin:")


def test_packages_for_another_runtime_are_not_found(layers: list[Path]) -> None:
    assert "site-packages" not in search_paths(layers, "python3.12")["PYTHONPATH"]


def test_without_layers_there_is_only_the_usual_path() -> None:
    assert set(search_paths([], "python3.11")) == {"PATH"}


@pytest.mark.parametrize(("setting", "limits"), [("", True), ("1", True), ("true", True), ("0", False)])
def test_memory_is_limited_unless_the_setting_is_off(setting: str, limits: bool) -> None:  # noqa: FBT001 (a table)
    assert settings({"LAMBDA_PROCESS_LIMIT_MEMORY": setting}).limits_memory is limits


def test_names_of_variables_to_pass_come_in_a_list() -> None:
    assert settings({"LAMBDA_PROCESS_PASS": "ONE, TWO"}).passed == ("ONE", "TWO")
