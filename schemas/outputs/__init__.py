"""All output types, one module per topic family. `load` imports every module, so that the registry is complete."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every module of this package: declaring an event class registers it."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
