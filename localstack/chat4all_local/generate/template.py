"""The routes of the functions in template.yaml."""

from collections.abc import Sequence

from chat4all_local.generate.blocks import filled
from chat4all_local.generate.resources import Resource


def with_routes(template: str, resources: Sequence[Resource]) -> str:
    """Write the routes of each function into its block, whose name is `routes of <function>`."""

    def events(block: str, indent: str) -> str:
        function = block.removeprefix("routes of ")
        return "".join(
            f"{indent}{route.name}:\n{indent}  Type: Api\n{indent}  Properties: "
            f'{{ RestApiId: !Ref Api, Method: {route.method}, Path: "{route.path}" }}\n'
            for resource in resources
            if resource.function == function
            for route in resource.routes
        )

    return filled(template, events)
