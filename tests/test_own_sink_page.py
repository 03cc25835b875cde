"""The page on a sink of one's own: its package is held to the contract, built and installed.

Every day its files are loaded as they stand on the page. The test that takes longer makes a virtual
environment, installs the package there as a reader would, and runs each command of the page.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.doc_pages import Block, fits, parts, steps
from voxmint.engine.sinks import GROUP
from voxmint.testing.sink_contract import Destination, SinkContract

PAGE = Path(__file__).parents[1] / "docs/own-sink.md"
BLOCKS = [block for block in parts(PAGE.read_text(encoding="utf-8")) if block is not None]
FILES = {block.file: block.body for block in BLOCKS if block.file is not None}


@pytest.fixture(scope="session")
def page() -> Iterator[ModuleType]:
    """The test module of the page, which has the sink's own beside it."""
    before = {*sys.modules}
    for name in ("voxmint_sqlite", "test_voxmint_sqlite"):
        made = ModuleType(name)
        sys.modules[name] = made
        code = compile(FILES[f"voxmint-sqlite/{name}.py"], name, "exec")
        exec(code, vars(made))
    yield made
    for name in {*sys.modules} - before:
        if name.endswith("voxmint_sqlite"):
            del sys.modules[name]


class TestThePagesSink(SinkContract):
    @pytest.fixture
    def destination(self, page: ModuleType, tmp_path: Path) -> Destination:
        made: Destination = page.Table(tmp_path)
        return made


def test_every_step_of_the_pages_sink_can_fail(page: ModuleType, tmp_path: Path) -> None:
    """So that none of the contract's promises is skipped."""
    made: Destination = page.Table(tmp_path)
    assert made.keeps
    assert made.obstacles().keys() == {"preflight", "stage", "switch"}
    assert made.add_foreign()


def test_the_page_registers_it_where_voxmint_looks() -> None:
    assert f'[project.entry-points."{GROUP}"]' in FILES["voxmint-sqlite/pyproject.toml"]


# ── as a reader does it ──────────────────────────────────────────────────────────────────────────


def _reader(folder: Path) -> dict[str, str]:
    """The variables of somebody in an environment that has voxmint, pytest and no network.

    What this process has installed is there, too: so nothing has to be fetched.
    """
    home = folder / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    paths = {"base": str(home), "platbase": str(home)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    # Links to other packages are followed as in their own home, so that voxmint itself is found.
    here = sysconfig.get_path("purelib")
    (packages / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    programs = home / "bin"
    pip = f'"{programs}/python" -m pip "$@" --no-index --no-build-isolation'
    for name, line in {
        "pip": pip,
        "pytest": f'"{programs}/python" -m pytest -p no:cacheprovider "$@"',
        "voxmint": f'"{programs}/python" -m voxmint "$@"',
    }.items():
        program = programs / name
        program.write_text(f"#!/bin/sh\nexec {line}\n")
        program.chmod(0o755)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Where voxmint is not installed but run from its sources.
        **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
    }


@pytest.mark.slow
def test_a_reader_who_does_what_the_page_says(tmp_path: Path) -> None:
    environ = _reader(tmp_path)
    folder = tmp_path / "reader"
    for block in BLOCKS:
        if block.file is not None:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        else:
            _run(block, folder, environ)


def _run(block: Block, folder: Path, environ: dict[str, str]) -> None:
    assert block.language == "console"
    for step in steps(block.body):
        done = subprocess.run(
            step.command,
            shell=True,
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert fits(done.stdout, step.output), f"$ {step.command}\n{done.stdout}"
        assert (done.returncode == 0) == ("FAILED" not in step.output)
