"""What different programs read out of an env file: each by itself, none of them by our own code."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


def by_kubectl(path: Path) -> Mapping[str, str | None]:
    """`kubectl create secret --from-env-file`, which asks no server; skips where there is none."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    command = [kubectl, "create", "secret", "generic", "x", f"--from-env-file={path}"]
    command += ["--dry-run=client", "--output=json"]
    ran = subprocess.run(command, env={"HOME": "/"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    data = json.loads(ran.stdout).get("data") or {}
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


def by_make(path: Path) -> Mapping[str, str | None]:
    """`include` and `export` of make; skips the test where there is none."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    # A space in a path would be two files to it.
    rules = f"include {path}\nexport\nall:\n\t@{sys.executable} -c '{_PRINT}'\n"
    command = [make, "--no-print-directory", "-s", "-f", "-", "all"]
    ran = subprocess.run(command, env={}, input=rules, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = _object(ran.stdout).items()
    own = {"CURDIR", *_environment()}
    return {name: value for name, value in found if name not in own and not _OF_MAKE.match(name)}


def by_xargs(path: Path) -> Mapping[str, str | None]:
    """The idiom `env $(grep -v '^#' file | xargs) command`."""
    script = 'env $(grep -v "^#" "$1" | xargs) "$2" -c "$3"'
    command = ["sh", "-c", script, "sh", str(path), sys.executable, _PRINT]
    environ = {"PATH": os.environ["PATH"]}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    own = {"PATH", "PWD", *_environment()}
    return {name: value for name, value in _object(ran.stdout).items() if name not in own}


def by_systemd(path: Path) -> Mapping[str, str | None]:
    """`EnvironmentFile=`, by systemd.exec(5): quotes as in a shell, no expansion, `;` comments.

    A line that ends in a backslash goes on in the next one; a key that is none is left out.
    """
    text = path.read_bytes().decode().replace("\\\n", "")
    found: dict[str, str | None] = {}
    for line in text.split("\n"):
        name, sign, value = line.strip(" \t\r").partition("=")
        if sign and not line.lstrip().startswith(("#", ";")) and _SHELL_NAME.fullmatch(name):
            found[name] = _unquoted(value.strip(" \t"))
    return found


def by_github(path: Path) -> Mapping[str, str | None]:
    """`$GITHUB_ENV`, by the documentation of workflow commands: all after the first `=`."""
    found: dict[str, str | None] = {}
    for line in path.read_bytes().decode().split("\n"):
        if line.removesuffix("\r"):
            name, sign, value = line.removesuffix("\r").partition("=")
            assert sign, f"GitHub refuses {line!r}"
            assert name, f"GitHub refuses {line!r}"
            found[name] = value
    return found


class Rules(NamedTuple):
    """What the documentation of a library in dotenv's manner says that it does.

    `comment` is what begins one after a value; `expands` that `$NAME` is replaced.
    """

    comment: str
    expands: bool
    takes_colon: bool = False
    takes_export: bool = True


def by_rules(rules: Rules) -> Reader:
    """A reader that keeps to these rules."""

    def read(path: Path) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for line in path.read_bytes().decode().splitlines():
            text = line.strip()
            if text and not text.startswith("#"):
                name, value = _assignment(text, rules)
                found[name] = value
        return found

    return read


def _assignment(text: str, rules: Rules) -> tuple[str, str]:
    text = text.removeprefix("export ").lstrip() if rules.takes_export else text
    signs = "=:" if rules.takes_colon else "="
    match = re.match(rf"([A-Za-z_][\w.-]*)[ \t]*[{signs}][ \t]*(.*)", text)
    assert match, f"no assignment: {text!r}"
    name, value = match.groups()
    if value[:1] not in {"'", '"', "`"}:
        value = value.split(rules.comment)[0].rstrip()
        quoted = value
    else:
        quoted = _unquoted(value)
    if rules.expands and not value.startswith("'"):
        quoted = re.sub(r"\$\{?\w+\}?", "", quoted)
    return name, quoted


def _unquoted(value: str) -> str:
    """The value as a shell would have it, without replacing anything."""
    try:
        return "".join(shlex.split(value, comments=False)) if value[:1] in "'\"" else value
    except ValueError:
        raise AssertionError(f"a quote that is never closed: {value!r}") from None


_OF_MAKE = re.compile("(GNU)?MAKE|MFLAGS")
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

MODELS: Mapping[str, Reader] = {
    "docker": by_docker,
    "podman": by_docker,
    "systemd": by_systemd,
    "github": by_github,
    "compose": by_rules(Rules(" #", expands=True, takes_colon=True)),
    "godotenv": by_rules(Rules(" #", expands=True, takes_colon=True)),
    "direnv": by_rules(Rules(" #", expands=True)),
    "dotenv of npm": by_rules(Rules("#", expands=False, takes_colon=True)),
    "dotenv of ruby": by_rules(Rules(" #", expands=True, takes_colon=True)),
}
"""Readers that are not run here, by their documented rules."""

READERS: Mapping[str, Reader] = {
    "python-dotenv": by_python_dotenv,
    "python-dotenv, interpolating": by_python_dotenv_with_interpolation,
    "node": by_node,
    "bash": by_bash,
    "sh": by_sh,
    "kubectl": by_kubectl,
    "make": by_make,
    "xargs": by_xargs,
    **MODELS,
}


@cache
def _environment() -> frozenset[str]:
    """What stands in the environment of a Python that was given none."""
    command = [sys.executable, "-c", _PRINT]
    ran = subprocess.run(command, env={}, capture_output=True, text=True, check=True)
    return frozenset(_object(ran.stdout))


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
