"""All of voxmint's own sinks, held against the contract that sinks of other packages share."""

import io
import json
import os
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from tests.engine.worlds import environ, new_repository
from voxmint.engine.git import repository
from voxmint.engine.locks import Locks
from voxmint.engine.sinks import SINKS, own_sink
from voxmint.engine.sinks.contract import Console, Sink, Surroundings
from voxmint.engine.state import made_state
from voxmint.testing.sink_contract import Destination, Obstacle, SinkContract, Values

IGNORED = ".env.*\n/tokens*\n"
VALUES = ("client_secret", "expires_at", "session_id")


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can have more than a few bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def aside(path: Path, kind: str) -> Iterator[None]:
    """Something else stands at a path for a while: a link, or a folder."""
    kept = path.with_name("kept-aside")
    is_there = os.path.lexists(path)
    if is_there:
        path.rename(kept)
    if kind == "link":
        path.symlink_to("elsewhere")
    else:
        path.mkdir()
    try:
        yield
    finally:
        if kind == "link":
            path.unlink()
        else:
            path.rmdir()
        if is_there:
            kept.rename(path)


class Local(Destination):
    """A destination in a project of its own."""

    kind: str

    def __init__(self, folder: Path, **settings: object) -> None:
        self.project = folder.resolve() / "project"
        self.project.mkdir()
        new_repository(self.project)
        (self.project / ".gitignore").write_text(IGNORED)
        self.settings = settings
        self.environ = environ(self.project)
        self.console: Console | None = None

    def sink(self, *profiles: str) -> Sink:
        state = made_state(self.project, self.environ)
        around = Surroundings(
            project=self.project,
            environment="production",
            profiles=profiles,
            state=state,
            locks=Locks(state.locks, "voxmint mint", timeout=30),
            git=partial(repository, environ=self.environ),
            environ=self.environ,
            console=self.console,
        )
        found = own_sink(self.kind)
        assert found is not None
        return found(found.Options.model_validate(self.settings), around)

    def state(self) -> object:
        return {
            path.relative_to(self.project).as_posix(): (
                path.lstat().st_ino,
                path.lstat().st_mtime_ns,
                path.is_file() and path.read_bytes(),
            )
            for path in sorted(self.project.rglob("*"))
            if not {".voxmint", ".git"}.intersection(path.relative_to(self.project).parts)
            # A folder that files come and go in says nothing of the files.
            and not (path.is_dir() and not path.is_symlink())
        }


def by_names(found: Mapping[str, Any], profiles: Mapping[str, str]) -> dict[str, Values]:
    """What stands under variables, by profile: `profiles` gives what their names begin with."""
    read = {
        profile: {
            which: str(found[f"{stem}_{which.upper()}"])
            for which in VALUES
            if f"{stem}_{which.upper()}" in found
        }
        for profile, stem in profiles.items()
    }
    return {profile: values for profile, values in read.items() if values}


STEMS = {"clinic": "CLINIC", "ward/7": "WARD_7"}


class OneFile(Local):
    """A file that profiles share."""

    file: str
    theirs: bytes

    @property
    def path(self) -> Path:
        return self.project / self.file

    def add_foreign(self) -> bool:
        self.path.write_bytes(self.theirs)
        return True

    def foreign(self) -> object:
        return [line for line in self.path.read_bytes().split(b"\n") if b"theirs" in line]

    def obstacles(self) -> Mapping[str, Obstacle]:
        return {
            "preflight": partial(aside, self.path, "link"),
            "stage": full_disk,
            "switch": partial(aside, self.path, "link"),
        }


class Dotenv(OneFile):
    kind, file = "dotenv", ".env.production"
    theirs = b'# theirs\nexport X=\'theirs\'\r\nY="theirs\\"" # theirs'

    def read(self) -> Mapping[str, Values]:
        return by_names(dotenv_values(self.path) if self.path.exists() else {}, STEMS)


class Json(OneFile):
    kind, file = "json", "tokens.json"
    theirs = b'{\n\t"theirs": [1.50, {"theirs": "\\u00e9"}]  ,\n\n  "z theirs":null}'

    def read(self) -> Mapping[str, Values]:
        if not self.path.exists():
            return {}
        found = json.loads(self.path.read_bytes())
        return {
            name: {which: str(value) for which, value in values.items()}
            for name, values in found.items()
            if "theirs" not in name
        }

    def foreign(self) -> object:
        found = json.loads(self.path.read_bytes())
        own = {name: value for name, value in found.items() if "theirs" in name}
        return own, self.path.read_bytes().count(b"1.50")


class Yaml(OneFile):
    kind, file = "yaml", "tokens.yaml"
    theirs = b"# theirs\ntheirs: &x   # theirs\n  - 010 # theirs\nz_theirs: *x"

    def read(self) -> Mapping[str, Values]:
        if not self.path.exists():
            return {}
        found = yaml.safe_load(self.path.read_bytes()) or {}
        return {
            name: {which: str(value) for which, value in values.items()}
            for name, values in found.items()
            if "theirs" not in name
        }


class ForEach(Local):
    """A file for each profile."""

    stem: str
    end: str

    def path(self, name: str) -> Path:
        return self.project / f"{self.stem}{name}{self.end}"

    def content(self, path: Path) -> Mapping[str, Any]:
        raise NotImplementedError

    def read(self) -> Mapping[str, Values]:
        files = {profile: self.path(profile.replace("/", "-")) for profile in STEMS}
        return {
            profile: {which: str(value) for which, value in self.content(path).items()}
            for profile, path in files.items()
            if path.exists()
        }

    def add_foreign(self) -> bool:
        self.path("other").write_text("theirs")
        return True

    def foreign(self) -> object:
        path = self.path("other")
        return path.read_text(), path.stat()

    def obstacles(self) -> Mapping[str, Obstacle]:
        return {
            "preflight": partial(aside, self.path("clinic"), "link"),
            "stage": full_disk,
            "switch": partial(aside, self.path("clinic"), "link"),
        }


class DotenvForEach(ForEach):
    kind, stem, end = "dotenv", ".env.", ""

    def content(self, path: Path) -> Mapping[str, Any]:
        return {str(name).lower(): value for name, value in dotenv_values(path).items()}


class JsonForEach(ForEach):
    kind, stem, end = "json", "tokens.", ".json"

    def content(self, path: Path) -> Mapping[str, Any]:
        found = json.loads(path.read_bytes())
        assert isinstance(found, dict)
        return found


class YamlForEach(ForEach):
    kind, stem, end = "yaml", "tokens.", ".yaml"

    def content(self, path: Path) -> Mapping[str, Any]:
        found = yaml.safe_load(path.read_bytes())
        assert isinstance(found, dict)
        return found


class Directory(Local):
    kind = "directory"

    @property
    def folder(self) -> Path:
        return self.project / "tokens"

    def read(self) -> Mapping[str, Values]:
        if not self.folder.exists():
            return {}
        files = (path for path in self.folder.iterdir() if not path.name.startswith(".."))
        return by_names({path.name: path.read_text() for path in files}, STEMS)

    def add_foreign(self) -> bool:
        self.folder.mkdir()
        (self.folder / "THEIRS").write_text("theirs")
        (self.folder / "THEIR_LINK").symlink_to("../.gitignore")
        return True

    def foreign(self) -> object:
        theirs, link = self.folder / "THEIRS", self.folder / "THEIR_LINK"
        return theirs.read_text(), theirs.stat(), link.readlink()

    def obstacles(self) -> Mapping[str, Obstacle]:
        return {
            "preflight": partial(aside, self.folder, "link"),
            "stage": full_disk,
            "switch": partial(aside, self.folder / "..data", "folder"),
        }


class Job(Local):
    """A file that a step of a GitHub job hands values on by."""

    keeps = False
    variable: str

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "handed-on"
        self.file.touch()
        self.log = io.StringIO()
        self.environ |= {self.variable: str(self.file), "GITHUB_ACTIONS": "true"}
        self.console = Console(io.StringIO(), self.log)

    def read(self) -> Mapping[str, Values]:
        return by_names(handed_on(self.file.read_text()), STEMS)

    def state(self) -> object:
        return self.file.read_bytes(), self.file.stat(), self.log.getvalue()

    def add_foreign(self) -> bool:
        self.file.write_text("THEIRS=1\nMORE=2")
        return True

    def foreign(self) -> object:
        found = handed_on(self.file.read_text())
        return found["THEIRS"], found["MORE"]

    def obstacles(self) -> Mapping[str, Obstacle]:
        return {"preflight": partial(aside, self.file, "link"), "switch": full_disk}


def handed_on(text: str) -> dict[str, str]:
    """What GitHub's runner reads: `NAME=value`, or lines up to one that is foretold."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        name, sign, rest = line.partition("<<")
        if sign and "=" not in name:
            inner: list[str] = []
            for one in lines:
                if one == rest:
                    break
                inner.append(one)
            else:
                raise AssertionError(f"{name} never ends")
            found[name] = "\n".join(inner)
        elif line:
            name, sign, rest = line.partition("=")
            assert sign, f"a line that says nothing: {line!r}"
            found[name] = rest
    return found


class GithubEnv(Job):
    kind, variable = "github-env", "GITHUB_ENV"


class GithubOutput(Job):
    kind, variable = "github-output", "GITHUB_OUTPUT"


class Stdout(Local):
    kind, keeps = "stdout", False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.out, self.err = io.StringIO(), io.StringIO()
        self.console = Console(self.out, self.err)

    def read(self) -> Mapping[str, Values]:
        lines = (line.partition("=") for line in self.out.getvalue().splitlines())
        return by_names({name: value for name, _, value in lines}, STEMS)

    def state(self) -> object:
        return self.out.getvalue(), self.err.getvalue()


def fixture(make: Any) -> Any:
    """The fixture that makes a destination in a folder of the test's."""

    @pytest.fixture
    def destination(self: object, tmp_path: Path) -> Destination:
        del self
        made: Destination = make(tmp_path)
        return made

    return destination


class TestDotenv(SinkContract):
    destination = fixture(partial(Dotenv, path=Dotenv.file))


class TestJson(SinkContract):
    destination = fixture(partial(Json, path=Json.file))


class TestYaml(SinkContract):
    destination = fixture(partial(Yaml, path=Yaml.file))


PLAIN = {which: which.upper() for which in VALUES}


class TestDotenvForEachProfile(SinkContract):
    destination = fixture(partial(DotenvForEach, path=".env.{profile}", names=PLAIN))


class TestJsonForEachProfile(SinkContract):
    destination = fixture(partial(JsonForEach, path="tokens.{profile}.json"))


class TestYamlForEachProfile(SinkContract):
    destination = fixture(partial(YamlForEach, path="tokens.{profile}.yaml"))


class TestDirectory(SinkContract):
    destination = fixture(partial(Directory, path="tokens"))


class TestGithubEnv(SinkContract):
    destination = fixture(GithubEnv)


class TestGithubOutput(SinkContract):
    destination = fixture(GithubOutput)


class TestStdout(SinkContract):
    destination = fixture(Stdout)


def test_every_sink_is_held_against_the_contract() -> None:
    held = (Dotenv, Json, Yaml, Directory, GithubEnv, GithubOutput, Stdout)
    # Those of stores are held against it beside their servers, in tests/stores.
    local = {kind for kind, home in SINKS.items() if ".sinks." in home}
    assert {one.kind for one in held} == local
