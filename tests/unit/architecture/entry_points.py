"""The functions' app.py, loaded as Lambda does: once, under a name of its own."""

import gc
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def loaded(path: Path) -> ModuleType:
    name = f"function_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name, None)
        gc.unfreeze()  # a function's process lives on with what it has loaded, this one does not
    return module
