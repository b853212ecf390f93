"""Generate the OpenAPI description, the functions' routes and the tables of docs/api.md from the routes."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from chat4all.channels.shared.manifest import Manifest
from chat4all_local.generate.blocks import Block, File
from chat4all_local.generate.openapi import document
from chat4all_local.generate.resources import Resource
from chat4all_local.generate.tables import endpoints, errors

SERVED: Final = "layers/core/chat4all/entrypoints/http/openapi.json"
READ: Final = "docs/openapi.json"


def description_blocks(resources: Sequence[Resource]) -> tuple[Block, ...]:
    functions = dict.fromkeys(resource.function for resource in resources)
    return (
        *(
            Block("template.yaml", f"routes of {function}", partial(_routes, function, resources))
            for function in functions
        ),
        Block("docs/api.md", "errors", partial(errors, resources)),
        *(
            Block("docs/api.md", f"endpoints of {resource.name}", partial(endpoints, resource))
            for resource in resources
        ),
    )


def description_files(resources: Sequence[Resource], channels: Sequence[Manifest]) -> tuple[File, ...]:
    description = msgspec.json.encode(document(resources, channels))
    return (
        File(READ, msgspec.json.format(description, indent=2).decode() + "\n"),
        File(SERVED, description.decode() + "\n"),
    )


def _routes(function: str, resources: Sequence[Resource]) -> str:
    return "".join(
        f"{route.name}:\n  Type: Api\n"
        f'  Properties: {{ RestApiId: !Ref Api, Method: {route.method}, Path: "{route.path}" }}\n'
        for resource in resources
        if resource.function == function
        for route in resource.routes
    )
