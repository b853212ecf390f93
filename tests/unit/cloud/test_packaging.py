import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
import pytest
import yaml
from moto import mock_aws

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.packaging import Package, package
from chat4all_local.cloud.settings import ARTIFACTS_BUCKET

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEMPLATE: Final[dict[str, Any]] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Resources": {
        "Api": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": "Api", "Handler": "app.handler"},
        },
        "Core": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "Core"}},
        "Data": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "Data/template.yaml"}},
        "Key": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/key"}},
    },
}
NESTED: Final = b"Resources:\n  Fn::ForEach::Tables: [Table, [a, b], {}]\n"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    made = tmp_path / "build"
    for path, content in {
        "template.yaml": yaml.safe_dump(TEMPLATE).encode(),
        "Api/app.py": b"handler = None\n",
        "Core/python/core.py": b"answer = 42\n",
        "Core/python/run.sh": b"#!/bin/sh\n",
        "Data/template.yaml": NESTED,
    }.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(content)
    (made / "Core/python/run.sh").chmod(0o755)
    return made


class Stored(Aws):
    """A cloud with only S3, by moto."""

    def deployment_s3(self) -> "S3Client":
        return boto3.client("s3", region_name="us-east-1")

    def keys(self) -> list[str]:
        listed = self.deployment_s3().list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", [])
        return [item["Key"] for item in listed]

    def read(self, address: str) -> bytes:
        """Return the artifact with an address of the packaged template."""
        place, _, key = address.rpartition("/")
        assert place.endswith(f"/{ARTIFACTS_BUCKET}")
        return self.deployment_s3().get_object(Bucket=ARTIFACTS_BUCKET, Key=key)["Body"].read()


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        yield Stored("http://cloud", "")


def test_the_template_names_what_was_uploaded(build: Path, stored: Stored) -> None:
    package(build)
    url = Package(build).upload(stored)

    template = json.loads(stored.read(url))
    properties = {name: resource["Properties"] for name, resource in template["Resources"].items()}
    with zipfile.ZipFile(io.BytesIO(stored.read(properties["Api"]["CodeUri"]))) as code:
        assert code.namelist() == ["app.py"]
    with zipfile.ZipFile(io.BytesIO(stored.read(properties["Core"]["ContentUri"]))) as layer:
        assert layer.read("python/core.py") == b"answer = 42\n"
        assert layer.getinfo("python/run.sh").external_attr >> 16 & 0o777 == 0o755
    assert json.loads(stored.read(properties["Data"]["TemplateURL"])) == yaml.safe_load(NESTED)
    assert {urlsplit(address).netloc for address in (url, properties["Data"]["TemplateURL"])} == {"cloud"}
    assert properties["Api"]["Handler"] == "app.handler"
    assert properties["Key"] == {"AliasName": "alias/key"}


def test_the_same_files_are_the_same_artifacts_whatever_their_times(build: Path, stored: Stored) -> None:
    package(build)
    first = {path.name for path in (build / "package").iterdir()}
    os.utime(build / "Api/app.py", (1, 1))
    package(build)

    assert {path.name for path in (build / "package").iterdir()} == first


def test_only_what_changed_is_uploaded_again(build: Path, stored: Stored) -> None:
    package(build)
    Package(build).upload(stored)
    before = set(stored.keys())
    (build / "Api/app.py").write_bytes(b"handler = print\n")
    package(build)
    Package(build).upload(stored)

    new = set(stored.keys()) - before
    assert sorted(Path(key).suffix for key in new) == [".json", ".zip"]


def test_a_build_without_its_package_is_not_complete(build: Path) -> None:
    assert not Package(build).exists
    package(build)
    assert Package(build).exists
