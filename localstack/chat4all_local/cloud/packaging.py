"""Package a build, as `sam package` does: code becomes zip files, and the templates name the artifacts in S3.

The packaged build lies beside the build, so a build is packaged once, and a deployment only uploads. The key
of an artifact is its digest, so an artifact that a cloud has is not uploaded again.
"""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Final, TypedDict

import yaml

from chat4all_local.cloud.aws import Aws
from chat4all_local.cloud.settings import ARTIFACTS_BUCKET

_PACKAGED: Final = "package"
_CODE: Final = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_NESTED: Final = "AWS::CloudFormation::Stack"
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SAME_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a zip file, so that the same files are the same zip file."""


class Resource(TypedDict):
    """A resource, with the properties that name artifacts."""

    Type: str
    Properties: dict[str, str]


class Template(TypedDict):
    Resources: dict[str, Resource]


class Package:
    """The packaged build in the folder `build`."""

    def __init__(self, build: Path) -> None:
        self._folder = build / _PACKAGED

    @property
    def exists(self) -> bool:
        return self._root.exists()

    def upload(self, aws: Aws) -> str:
        """Upload the artifacts that the cloud lacks; return the address of the root template.

        The addresses of templates name the cloud: LocalStack would ask AWS for any other address first.
        """
        storage = aws.deployment_s3()
        storage.create_bucket(Bucket=ARTIFACTS_BUCKET)
        pages = storage.get_paginator("list_objects_v2").paginate(Bucket=ARTIFACTS_BUCKET)
        present = {stored["Key"] for page in pages for stored in page.get("Contents", ())}
        for artifact in self._folder.glob("*.*"):
            if artifact.name not in present:
                storage.upload_file(str(artifact), ARTIFACTS_BUCKET, artifact.name)
        root = _located(json.loads(self._root.read_bytes()), aws.endpoint)
        key = _key_of(root)
        storage.put_object(Bucket=ARTIFACTS_BUCKET, Key=key, Body=root)
        return _url(aws.endpoint, key)

    @property
    def _root(self) -> Path:
        """The file with the root template, which names the nested templates by their keys."""
        return self._folder / "root"


def package(build: Path) -> None:
    """Package the build in the folder `build`."""
    folder = build / _PACKAGED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "root").write_bytes(_root(build / "template.yaml", folder))


def _root(path: Path, folder: Path) -> bytes:
    """Write all that the root template names; return the template with the keys.

    The nested templates name no local files.
    """
    template = _read(path)
    for resource in template["Resources"].values():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if (place := _CODE.get(kind)) is not None:
            properties[place] = f"s3://{ARTIFACTS_BUCKET}/{_zip(path.parent / properties[place], folder)}"
        elif kind == _NESTED:
            nested = _json(_read(path.parent / properties["TemplateURL"]))
            properties["TemplateURL"] = key = _key_of(nested)
            (folder / key).write_bytes(nested)
    return _json(template)


def _located(template: Template, endpoint: str) -> bytes:
    """Return the root template with the addresses of the nested templates in the cloud at `endpoint`."""
    for resource in template["Resources"].values():
        if resource["Type"] == _NESTED:
            properties = resource["Properties"]
            properties["TemplateURL"] = _url(endpoint, properties["TemplateURL"])
    return _json(template)


def _read(path: Path) -> Template:
    template: Template = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 (both loaders are safe)
    return template


def _json(template: Template) -> bytes:
    """Return the template as JSON, which the local clouds parse faster than YAML."""
    return json.dumps(template, default=str).encode()


def _key_of(template: bytes) -> str:
    return f"{hashlib.sha256(template).hexdigest()}.json"


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


def _url(endpoint: str, key: str) -> str:
    return f"{endpoint}/{ARTIFACTS_BUCKET}/{key}"
