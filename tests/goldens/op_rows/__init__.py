"""The rows of tests/op_cases/ in PyTorch, a module for each file there: outputs = ROWS[name](*inputs)."""

import importlib
import pkgutil

FAMILIES = [importlib.import_module(f"{__name__}.{module.name}") for module in
            pkgutil.iter_modules(__path__)]
ROWS = {name: row for family in FAMILIES for name, row in getattr(family, "ROWS", {}).items()}
