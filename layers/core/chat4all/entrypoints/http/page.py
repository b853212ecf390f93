"""The API's description as a page of HTML, without scripts and without resources from other places."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

import msgspec

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 0.875em ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8884; border-radius: 4px; }
details { border-top: 1px solid #8884; padding: 0.4rem 0; }
summary { cursor: pointer; }
table { border-collapse: collapse; }
td, th { padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; }
"""
_OBJECTS: Final = "Objects"
"""The last section: the bodies and answers that the operations name."""
_SCHEMAS: Final = "#/components/schemas/"
_RESPONSES: Final = "#/components/responses/"


class Schema(msgspec.Struct, frozen=True, rename={"ref": "$ref", "any_of": "anyOf"}):
    """A JSON Schema, as far as the page shows it."""

    ref: str | None = None
    type: str | None = None
    description: str | None = None
    enum: tuple[object, ...] = ()
    const: object = msgspec.UNSET
    default: object = msgspec.UNSET
    any_of: tuple["Schema", ...] = ()
    items: "Schema | bool | None" = None
    properties: Mapping[str, "Schema"] = {}
    required: tuple[str, ...] = ()


class Content(msgspec.Struct, frozen=True, rename={"media_schema": "schema"}):
    media_schema: Schema | None = None
    example: object = None


class Parameter(msgspec.Struct, frozen=True, rename={"place": "in", "value": "schema"}):
    name: str
    place: str
    required: bool
    value: Schema
    example: object = None


class Response(msgspec.Struct, frozen=True, rename={"ref": "$ref"}):
    ref: str | None = None
    description: str = ""
    content: Mapping[str, Content] = {}


class RequestBody(msgspec.Struct, frozen=True):
    content: Mapping[str, Content]


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    operation_id: str
    tags: tuple[str, ...]
    summary: str
    parameters: tuple[Parameter, ...]
    responses: Mapping[str, Response]
    description: str = ""
    request_body: RequestBody | None = None


class Tag(msgspec.Struct, frozen=True):
    name: str
    description: str


class Info(msgspec.Struct, frozen=True):
    title: str
    version: str
    description: str


class Components(msgspec.Struct, frozen=True):
    schemas: Mapping[str, Schema]
    responses: Mapping[str, Response]


class Description(msgspec.Struct, frozen=True):
    info: Info
    tags: tuple[Tag, ...]
    paths: Mapping[str, Mapping[str, Operation]]
    components: Components


def page(document: str) -> str:
    """Return the page that shows an OpenAPI document."""
    return "".join(_page(msgspec.json.decode(document, type=Description)))


def _page(description: Description) -> Iterator[str]:
    title = escape(f"{description.info.title}, version {description.info.version}")
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
    for paragraph in description.info.description.split("\n\n"):
        yield f"<p>{_prose(paragraph)}</p>"
    yield '<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>'
    yield from _table_of_contents(description)
    for tag in description.tags:
        yield f'<h2 id="{_anchor(tag.name)}">{escape(tag.name)}</h2><p>{_prose(tag.description)}</p>'
        for path, operations in description.paths.items():
            for method, operation in operations.items():
                if tag.name in operation.tags:
                    yield from _operation(path, method, operation, description.components)
    yield f'<h2 id="{_anchor(_OBJECTS)}">{_OBJECTS}</h2>'
    for name, schema in description.components.schemas.items():
        yield f'<details id="object-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        yield f"<p>{_prose(schema.description or '')}</p>{_fields(schema)}</details>"
    yield "</body></html>"


def _table_of_contents(description: Description) -> Iterator[str]:
    """Yield the table of contents: a link to each section."""
    yield "<nav><ul>"
    for name in (*(tag.name for tag in description.tags), _OBJECTS):
        yield f'<li><a href="#{_anchor(name)}">{escape(name)}</a></li>'
    yield "</ul></nav>"


def _anchor(section: str) -> str:
    return f"section-{escape(section.lower().replace(' ', '-'))}"


def _operation(path: str, method: str, operation: Operation, components: Components) -> Iterator[str]:
    place = f"<b>{escape(method.upper())}</b> <code>{escape(path)}</code>"
    yield f'<details id="{escape(operation.operation_id)}"><summary>{place} '
    yield f"{_prose(operation.summary)}</summary><p>{_prose(operation.description)}</p>"
    if operation.parameters:
        yield "<h3>Parameters</h3>"
        yield _table(
            (
                parameter.name,
                parameter.place,
                _kind(parameter.value),
                f"<code>{escape(_shown(parameter.example))}</code>",
                _needed(needed=parameter.required),
            )
            for parameter in operation.parameters
        )
    if operation.request_body is not None:
        yield "<h3>Body</h3>"
        yield from _contents(operation.request_body.content)
    yield "<h3>Answers</h3>"
    for status, response in operation.responses.items():
        known = components.responses[response.ref.removeprefix(_RESPONSES)] if response.ref else response
        yield f"<h4>{escape(status)}</h4><p>{_prose(known.description)}</p>"
        yield from _contents(known.content)
    yield "</details>"


def _contents(contents: Mapping[str, Content]) -> Iterator[str]:
    for content_type, content in contents.items():
        if content.media_schema is not None and content.media_schema.ref is not None:
            yield f"<p>{_kind(content.media_schema)}, <code>{escape(content_type)}</code></p>"
        if content.example is not None:
            yield f"<pre>{escape(_shown(content.example))}</pre>"


def _shown(example: object) -> str:
    """Return an example as text: JSON, or the text that it is."""
    if isinstance(example, str):
        return example
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()


def _fields(schema: Schema) -> str:
    if not schema.properties:
        return f"<p>{_kind(schema)}</p>"
    return _table(
        (name, _kind(field), _needed(needed=name in schema.required), _prose(field.description or ""))
        for name, field in schema.properties.items()
    )


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; the first cell of a row is a name, all others are HTML."""
    cells = (
        f"<tr><td><code>{escape(name)}</code></td>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
        for name, *rest in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _needed(*, needed: bool) -> str:
    return "" if needed else "may be left out"


def _kind(schema: Schema) -> str:
    """Describe the values of a schema: the name of a type, a link to an object, or all possible values."""
    if schema.ref is not None:
        name = escape(schema.ref.removeprefix(_SCHEMAS))
        return f'<a href="#object-{name}"><code>{name}</code></a>'
    if schema.any_of:
        return " or ".join(_kind(option) for option in schema.any_of)
    values = schema.enum or (() if schema.const is msgspec.UNSET else (schema.const,))
    if values:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in values)
    if isinstance(schema.items, Schema):
        return f"list of {_kind(schema.items)}"
    return escape(schema.type or "anything")


def _prose(text: str) -> str:
    """Return a text as HTML, with the words between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
