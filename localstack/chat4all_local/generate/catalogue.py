"""Every generated block and file of the repository. A new generator adds its blocks here."""

from chat4all.channels.registry import manifests
from chat4all_local.generate.blocks import Block, File
from chat4all_local.generate.channels import channel_blocks
from chat4all_local.generate.description import description_blocks, description_files
from chat4all_local.generate.resources import resources


def blocks() -> tuple[Block, ...]:
    return (*channel_blocks(manifests()), *description_blocks(resources()))


def files() -> tuple[File, ...]:
    return description_files(resources(), manifests())
