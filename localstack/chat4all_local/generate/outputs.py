"""Every file that is generated, wholly or in parts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from chat4all_local.cloud.checkout import ROOT
from chat4all_local.generate.openapi import document
from chat4all_local.generate.resources import resources
from chat4all_local.generate.tables import with_tables
from chat4all_local.generate.template import with_routes

SERVED: Final = ROOT / "layers/core/chat4all/entrypoints/http/openapi.json"
READ: Final = ROOT / "docs/openapi.json"


def outputs() -> Mapping[Path, str]:
    """Return the text that each file is to have."""
    declared = resources()
    description = msgspec.json.encode(document(declared))
    template, tables = ROOT / "template.yaml", ROOT / "docs/api.md"
    return {
        READ: msgspec.json.format(description, indent=2).decode() + "\n",
        SERVED: description.decode() + "\n",
        template: with_routes(template.read_text(encoding="utf-8"), declared),
        tables: with_tables(tables.read_text(encoding="utf-8"), declared),
    }
