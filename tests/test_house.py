"""The house keeps its order: who imports whom, what is pure, where a secret leaves, one version."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

FOUNDATIONS = frozenset({"origin", "problems", "secret", "shown"})
"""Modules of the package itself that every room may use."""

MAY_IMPORT = {
    "foundations": {"foundations"},
    "profiles": {"foundations", "profiles"},
    "engine": {"foundations", "profiles", "engine", "voxmint"},
    "cli": {"foundations", "profiles", "engine", "cli", "voxmint"},
    "voxmint": {"foundations", "profiles", "engine", "voxmint"},
    "__main__": {"cli", "voxmint"},
    "testing": {"foundations", "profiles", "engine", "testing", "voxmint"},
}
"""Each room, with the rooms it may import. `voxmint` is the package's own module: the public API,
and the version, which cli and engine may ask it for."""

PURE = frozenset(
    """
    __future__ abc base64 binascii bisect codecs collections contextlib contextvars copy
    dataclasses decimal difflib enum fnmatch fractions functools gc graphlib hashlib heapq hmac
    itertools json keyword math numbers operator re string stringprep textwrap types typing
    typing_extensions unicodedata
    pathlib.PurePath pathlib.PurePosixPath urllib.parse
    annotated_types jinja2 markupsafe pydantic pydantic_core yaml
    """.split()
)
"""What `profiles` may import from outside: nothing that reads a file, a clock, the environment, the
network or chance. A module that has no effects may be added."""

EFFECTS = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"}
)
"""Built-in functions that `profiles` does not call."""

REVEALERS = frozenset(
    {
        "voxmint.cli.ci_log",
        "voxmint.engine.emulator.minting",
        "voxmint.engine.emulator.tokens",
        "voxmint.engine.handing",
        "voxmint.engine.upstream.http",
        "voxmint.engine.upstream.keys",
        "voxmint.engine.upstream.keystores",
        "voxmint.engine.providers.azure",
        "voxmint.engine.providers.contract",
        "voxmint.engine.sinks.passing",
        "voxmint.engine.sinks.values",
        "voxmint.engine.stores.content",
        "voxmint.engine.stores.troubles",
        "voxmint.engine.stores.vault_login",
    }
)
"""The modules in which a secret is handed over: the only ones that call `reveal`. To add one is to
say that the value must leave there."""


class Module(NamedTuple):
    """A module of the package: its dotted name, whether it is a folder, and all that it says."""

    name: str
    is_package: bool
    nodes: tuple[ast.AST, ...]

    @property
    def room(self) -> str:
        """The room it stands in, or its own name where it is of no room."""
        _, _, inner = self.name.partition(".")
        first = inner.partition(".")[0] or "voxmint"
        return "foundations" if first in FOUNDATIONS else first


def parsed(name: str, text: str, *, is_package: bool = False) -> Module:
    return Module(name, is_package, tuple(ast.walk(ast.parse(text))))


def _named(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {_named(path): path for path in sorted((ROOT / "voxmint").rglob("*.py"))}
NAMES = frozenset(PATHS)


@cache
def modules() -> list[Module]:
    """All of the package; read when they are first asked for, by one process of several."""
    return [
        parsed(name, path.read_text(encoding="utf-8"), is_package=path.stem == "__init__")
        for name, path in PATHS.items()
    ]


def imports(module: Module, names: frozenset[str] = NAMES) -> Iterator[tuple[str, int]]:
    """Each module that a module imports, with the line: at its top, in a function, for types only,
    relatively, or by a name in a registry, as in `"voxmint.cli.render:command"`."""
    for node in module.nodes:
        match node:
            case ast.Import():
                yield from ((alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                base = _absolute(module, node)
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    yield (inner if inner in names or not _is_ours(base) else base), node.lineno
            case ast.Constant(value=str(text)):
                named = text.partition(":")[0]
                if "." in named and named in names:
                    yield named, node.lineno


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    steps = node.level - 1 if module.is_package else node.level
    base = module.name.rsplit(".", steps)[0] if steps else module.name
    return f"{base}.{node.module}" if node.module else base


def wrong_ways(module: Module) -> list[str]:
    """What the module imports from rooms that its own may not use."""
    allowed = MAY_IMPORT[module.room]
    inner = ((name, line) for name, line in imports(module) if _is_ours(name))
    return [
        f"{module.name}:{line} imports {name}"
        for name, line in inner
        if Module(name, False, ()).room not in allowed
    ]


def impurities(module: Module) -> list[str]:
    """What a pure module imports or calls that may have an effect."""
    outer = ((name, line) for name, line in imports(module) if not _is_ours(name))
    wrong = [f"{module.name}:{line} imports {name}" for name, line in outer if not _is_pure(name)]
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in EFFECTS:
                wrong.append(f"{module.name}:{node.lineno} calls {name}")
    return wrong


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == "voxmint"


def _is_pure(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:length]) in PURE for length in range(1, len(parts) + 1))


def reveals(module: Module) -> bool:
    """Whether the module takes a secret's value: calls `reveal`, hands it on, or asks by name."""
    return any(
        getattr(node, "attr", None) == "reveal" or getattr(node, "value", None) == "reveal"
        for node in module.nodes
    )


def test_each_module_stands_in_a_room_and_imports_only_what_that_room_may() -> None:
    assert [module.name for module in modules() if module.room not in MAY_IMPORT] == []
    assert [wrong for module in modules() for wrong in wrong_ways(module)] == []


def test_every_room_is_there() -> None:
    assert {module.room for module in modules()} == set(MAY_IMPORT)


def test_profiles_are_pure() -> None:
    pure = [module for module in modules() if module.room in {"foundations", "profiles"}]
    assert [wrong for module in pure for wrong in impurities(module)] == []


def test_a_secret_leaves_only_where_the_list_says() -> None:
    found = {module.name for module in modules() if reveals(module)}
    assert found == REVEALERS


def test_the_version_is_written_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    written = re.compile(r"^__version__ = \"(.+)\"$", re.MULTILINE)
    found = {
        path.relative_to(ROOT).as_posix(): written.findall(path.read_text(encoding="utf-8"))
        for path in (ROOT / "voxmint").rglob("*.py")
    }
    [version] = found.pop("voxmint/__init__.py")
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "voxmint/__init__.py"
    assert [path for path, versions in found.items() if versions] == []
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


KNOWN = frozenset(
    {"voxmint", "voxmint.cli.list", "voxmint.engine", "voxmint.engine.mint", "voxmint.origin"}
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import voxmint.engine.mint", "voxmint.engine.mint"),
        ("from voxmint.engine import mint", "voxmint.engine.mint"),
        ("from voxmint.engine import PROVIDERS", "voxmint.engine"),
        ("from ..engine.mint import minted", "voxmint.engine.mint"),
        ("from .. import engine", "voxmint.engine"),
        ("from voxmint import origin", "voxmint.origin"),
        ("from voxmint import __version__", "voxmint"),
        ("def late():\n    from voxmint.engine import mint", "voxmint.engine.mint"),
        ("if TYPE_CHECKING:\n    import voxmint.engine", "voxmint.engine"),
        ("LATE = {'list': 'voxmint.cli.list:command'}", "voxmint.cli.list"),
    ],
)
def test_no_way_of_importing_goes_unseen(text: str, found: str) -> None:
    module = parsed("voxmint.profiles.merge", text)
    assert found in {name for name, _ in imports(module, KNOWN)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("voxmint.profiles.merge", "from voxmint.engine import files"),
        ("voxmint.profiles.merge", "import voxmint.cli"),
        ("voxmint.profiles.merge", "from voxmint import __version__"),
        ("voxmint.engine.files", "def late():\n    import voxmint.cli.main"),
        ("voxmint.origin", "from voxmint.profiles import nodes"),
    ],
)
def test_a_wrong_way_is_seen(name: str, text: str) -> None:
    assert len(wrong_ways(parsed(name, text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import os.path",
        "from pathlib import Path",
        "import urllib.request",
        "open('x')",
        "print(1)",
    ],
)
def test_an_effect_is_seen(text: str) -> None:
    assert len(impurities(parsed("voxmint.profiles.merge", text))) == 1


@pytest.mark.parametrize(
    "text", ["token.reveal()", "map(Secret.reveal, tokens)", "getattr(token, 'reveal')()"]
)
def test_a_revelation_is_seen(text: str) -> None:
    assert reveals(parsed("voxmint.engine.mint", text))
