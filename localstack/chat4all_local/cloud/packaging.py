"""Package a build, as `sam package` does: code becomes zip files, and the templates name the artifacts in S3.

The packaged build lies beside the build, so a build is packaged once, and a deployment only uploads. A key is
the digest of what it names, so an artifact that a cloud has is not uploaded again.
"""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Final

import yaml
from botocore.exceptions import ClientError

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.settings import ARTIFACTS_BUCKET

_PACKAGED: Final = "packaged"
_CODE: Final = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_NESTED: Final = "AWS::CloudFormation::Stack"
_S3: Final = "https://s3.amazonaws.com"
"""The form of a template's URL. A local cloud takes the bucket and the key from it."""
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SAME_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip file, so that the same files are the same zip file."""


class Package:
    """The packaged build in the folder `build`."""

    def __init__(self, build: Path) -> None:
        self._folder = build / _PACKAGED

    @property
    def exists(self) -> bool:
        return self._root.exists()

    @property
    def template_url(self) -> str:
        return _url(self._root.read_text())

    def upload(self, aws: Aws) -> None:
        """Upload the artifacts that the cloud lacks."""
        storage = aws.deployment_s3()
        storage.create_bucket(Bucket=ARTIFACTS_BUCKET)
        for artifact in self._folder.glob("*.*"):
            try:
                storage.head_object(Bucket=ARTIFACTS_BUCKET, Key=artifact.name)
            except ClientError:
                storage.upload_file(str(artifact), ARTIFACTS_BUCKET, artifact.name)

    @property
    def _root(self) -> Path:
        """The file with the key of the root template."""
        return self._folder / "root"


def package(build: Path) -> None:
    """Package the build in the folder `build`."""
    folder = build / _PACKAGED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "root").write_text(_root(build / "template.yaml", folder))


def _root(path: Path, folder: Path) -> str:
    """Write the root template and all that it names; return its key.

    The nested templates name no local files, and stay as they are.
    """
    template = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 (both loaders are safe)
    for resource in template["Resources"].values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if (place := _CODE.get(kind)) is not None:
            properties[place] = f"s3://{ARTIFACTS_BUCKET}/{_zip(path.parent / properties[place], folder)}"
        elif kind == _NESTED:
            nested = (path.parent / properties["TemplateURL"]).read_bytes()
            properties["TemplateURL"] = _url(_write(nested, "yaml", folder))
    return _write(json.dumps(template, default=str).encode(), "json", folder)


def _write(artifact: bytes, suffix: str, folder: Path) -> str:
    key = f"{hashlib.sha256(artifact).hexdigest()}.{suffix}"
    (folder / key).write_bytes(artifact)
    return key


def _zip(code: Path, folder: Path) -> str:
    """Write a zip file of the folder `code`; return its key."""
    unnamed = folder / "unnamed"
    with zipfile.ZipFile(unnamed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in code.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(code).as_posix(), _SAME_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = path.stat().st_mode << 16
            archive.writestr(entry, path.read_bytes())
    with unnamed.open("rb") as written:
        key = f"{hashlib.file_digest(written, 'sha256').hexdigest()}.zip"
    unnamed.rename(folder / key)
    return key


def _url(key: str) -> str:
    return f"{_S3}/{ARTIFACTS_BUCKET}/{key}"
