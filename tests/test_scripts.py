"""`make` on a machine that lacks something: it says what, in one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what `make` reads before there is an environment; its name has a blank."""
    folder = tmp_path / "a checkout"
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def python_that(folder: Path, says: str) -> Path:
    """An interpreter of which something is not as it should be."""
    path = folder / "python3"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; {says}\n$2"\n')
    path.chmod(0o755)
    return path


def asked(checkout: Path, python: str | Path) -> str:
    """What `make demo` says, without make's own line."""
    # A make above this one would speak to the one below through these.
    inherited = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    command = ["make", f"PYTHON={python}", "demo"]
    run = subprocess.run(
        command, cwd=checkout, env=inherited, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert run.stdout == ""
    return "\n".join(line for line in run.stderr.splitlines() if not line.startswith("make"))


def test_a_python_that_is_too_old(checkout: Path) -> None:
    old = python_that(checkout, "sys.version_info = (3, 9, 2)")
    assert asked(checkout, old) == (
        f"voxmint needs Python 3.11 or later; {old} here is 3.9.2: "
        "install one, or run make PYTHON=/path/to/python3.11 demo"
    )


def test_a_python_without_venv(checkout: Path) -> None:
    bare = python_that(checkout, "sys.version_info = (3, 12, 1); sys.modules['ensurepip'] = None")
    assert asked(checkout, bare) == (
        f"{bare} (3.12.1) has no venv module: on Debian or Ubuntu, apt install python3.12-venv"
    )


def test_no_python_at_all(checkout: Path) -> None:
    assert asked(checkout, "pithon") == (
        "voxmint needs Python 3.11 or later; pithon does not run: "
        "install one, or run make PYTHON=/path/to/python3.11 demo"
    )
