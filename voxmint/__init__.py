"""voxmint turns YAML profiles, kept in git, into short-lived tokens for realtime transcription.

The public API is what this module exports. Everything is imported when it is first used, so that
`import voxmint` itself costs nothing.
"""

# Nothing is imported here, not even `typing`: `python -m voxmint` runs this before it can take the
# current folder, and whatever lies there under a module's name, off the import path.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from voxmint.engine.emulator import Emulator
    from voxmint.engine.mint import mint_profiles as mint
    from voxmint.engine.project import Project, open_project
    from voxmint.engine.report import Report, Result
    from voxmint.origin import Origin
    from voxmint.problems import Problem, ProblemsError, Severity, UsageError, VoxmintError
    from voxmint.profiles.compiled import Compilation, CompiledBody
    from voxmint.profiles.order import Order
    from voxmint.secret import Secret

__version__ = "0.1.0"

__all__ = [
    "Compilation",
    "CompiledBody",
    "Emulator",
    "Order",
    "Origin",
    "Problem",
    "ProblemsError",
    "Project",
    "Report",
    "Result",
    "Secret",
    "Severity",
    "UsageError",
    "VoxmintError",
    "mint",
    "open_project",
]

_HOMES = {
    "Compilation": "voxmint.profiles.compiled:Compilation",
    "CompiledBody": "voxmint.profiles.compiled:CompiledBody",
    "Emulator": "voxmint.engine.emulator:Emulator",
    "Order": "voxmint.profiles.order:Order",
    "Origin": "voxmint.origin:Origin",
    "Problem": "voxmint.problems:Problem",
    "ProblemsError": "voxmint.problems:ProblemsError",
    "Project": "voxmint.engine.project:Project",
    "Report": "voxmint.engine.report:Report",
    "Result": "voxmint.engine.report:Result",
    "Secret": "voxmint.secret:Secret",
    "Severity": "voxmint.problems:Severity",
    "UsageError": "voxmint.problems:UsageError",
    "VoxmintError": "voxmint.problems:VoxmintError",
    "mint": "voxmint.engine.mint:mint_profiles",
    "open_project": "voxmint.engine.project:open_project",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _HOMES[name].partition(":")
    value: object = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
