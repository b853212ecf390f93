from pathlib import Path

import pytest

from chat4all_local.sam_local.docker import NoDocker, docker_environment, require_daemon


def test_without_docker_it_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoDocker, match="docker is not on PATH"):
        require_daemon()


def test_without_a_daemon_it_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoDocker, match="the Docker daemon does not answer"):
        require_daemon()


def test_where_the_daemon_is_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere/docker.sock")

    assert docker_environment()["DOCKER_HOST"] == "unix:///somewhere/docker.sock"
