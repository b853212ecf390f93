"""The blocks that follow from the list of channels, in every file that lists the channels."""

from collections.abc import Sequence
from functools import partial

from chat4all.channels.shared.manifest import Manifest
from chat4all_local.generate import acts, alarms, compose, dashboard, deploy_guide, kinds, template
from chat4all_local.generate.blocks import Block


def channel_blocks(channels: Sequence[Manifest]) -> tuple[Block, ...]:
    rendered_by_file = {
        "template.yaml": template.BLOCKS,
        "infra/alarms.yaml": alarms.BLOCKS,
        "infra/dashboard.yaml": dashboard.BLOCKS,
        "localstack/docker-compose.yml": compose.COMPOSE_BLOCKS,
        "localstack/docker/deploy.sh": compose.SCRIPT_BLOCKS,
        "docs/deploy.md": deploy_guide.BLOCKS,
        "docs/api.md": {**kinds.BLOCKS, **acts.BLOCKS},
    }
    return tuple(
        Block(path, name, partial(render, channels))
        for path, rendered in rendered_by_file.items()
        for name, render in rendered.items()
    )
