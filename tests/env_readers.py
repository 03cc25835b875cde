"""What different programs read out of an env file: each by itself, none of them by our own code."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from dotenv import dotenv_values

Reader = Callable[[Path], Mapping[str, str | None]]

_PRINT = "import json, os; print(json.dumps(dict(os.environ)))"


def by_python_dotenv(path: Path) -> Mapping[str, str | None]:
    return dotenv_values(path, interpolate=False)


def by_python_dotenv_with_interpolation(path: Path) -> Mapping[str, str | None]:
    return dotenv_values(path)


def by_node(path: Path) -> Mapping[str, str | None]:
    """Node's `--env-file`, from 20.6 on; skips the test where there is none."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = "console.log(JSON.stringify(process.env))"
    command = [node, f"--env-file={path}", "-e", script]
    ran = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    if "bad option" in ran.stderr:
        pytest.skip("this node is too old to have --env-file")
    assert ran.returncode == 0, ran.stderr
    return _object(ran.stdout)


def by_bash(path: Path) -> Mapping[str, str | None]:
    """`set -a; . file` of bash; skips the test where there is none."""
    return _by_shell("bash", path)


def by_sh(path: Path) -> Mapping[str, str | None]:
    """The same of the system's own shell, which is dash on many."""
    return _by_shell("sh", path)


def by_docker(path: Path) -> Mapping[str, str | None]:
    """As `docker run --env-file` parses: after the first `=` all of the line is the value.

    Source: docker/cli, `pkg/kvfile`. A quote is a character like any other; a line without `=`
    takes the variable from docker's own environment, which has none here.
    """
    found: dict[str, str | None] = {}
    for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode().split("\n"):
        text = line.removesuffix("\r").lstrip(" \t\v\f")
        if not text or text.startswith("#"):
            continue
        name, sign, value = text.partition("=")
        assert name, f"docker refuses a line without a name: {line!r}"
        assert not any(character in " \t\v\f" for character in name), f"docker refuses {name!r}"
        if sign:
            found[name] = value
    return found


READERS: Mapping[str, Reader] = {
    "python-dotenv": by_python_dotenv,
    "python-dotenv, interpolating": by_python_dotenv_with_interpolation,
    "node": by_node,
    "bash": by_bash,
    "sh": by_sh,
    "docker": by_docker,
}


def _by_shell(name: str, path: Path) -> Mapping[str, str | None]:
    shell = shutil.which(name)
    if shell is None:
        pytest.skip(f"{name} is not installed")
    sourced = _environment_after(shell, path)
    untouched = _environment_after(shell, Path("/dev/null"))
    return {key: value for key, value in sourced.items() if untouched.get(key) != value}


def _environment_after(shell: str, path: Path) -> Mapping[str, str]:
    script = 'set -a; . "$1"; exec "$2" -c "$3"'
    command = [shell, "-c", script, shell, str(path), sys.executable, _PRINT]
    ran = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    return _object(ran.stdout)


def _object(text: str) -> dict[str, str]:
    found = json.loads(text)
    assert isinstance(found, dict)
    return found
