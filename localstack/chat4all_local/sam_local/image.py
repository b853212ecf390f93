"""The image of `sam local`: Lambda's own image if it can be pulled, or an image made on this machine."""

import platform
import tempfile
from collections.abc import Iterable
from pathlib import Path

from chat4all_local.cloud.checkout import runtime
from chat4all_local.cloud.errors import CloudError
from chat4all_local.cloud.progress import Progress, step
from chat4all_local.sam_local.base_image import write_base_image
from chat4all_local.sam_local.docker import has_image, import_image, pull

ARCHITECTURE = "x86_64"


def image_name() -> str:
    """Return the image's name in SAM."""
    return f"public.ecr.aws/lambda/{runtime().replace('python', 'python:')}-{ARCHITECTURE}"


def provide_image(layers: Iterable[Path], progress: Progress) -> None:
    """Pull or make the image, unless it exists. Raises CloudError."""
    name = image_name()
    if has_image(name):
        return
    with step(progress, f"Pull {name}"):
        pulled = pull(name)
    if pulled:
        return
    if platform.machine() != ARCHITECTURE:
        raise CloudError(
            f"{name} cannot be pulled, and only {ARCHITECTURE} machines can make it",
            "copy it from another machine with docker save and docker load",
        )
    with (
        step(progress, "Make the image from this machine's Python instead"),
        tempfile.NamedTemporaryFile() as tar,
    ):
        write_base_image(tar, layers)
        tar.flush()
        import_image(Path(tar.name), name)
