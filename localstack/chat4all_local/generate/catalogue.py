"""Every generated block of the repository. What generates more adds its blocks here."""

from chat4all.channels.registry import manifests
from chat4all_local.generate.blocks import Block
from chat4all_local.generate.channels import channel_blocks


def blocks() -> tuple[Block, ...]:
    return channel_blocks(manifests())
