import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.worlds import ROOT, problem_of
from voxmint.engine.sinks import SINKS, known_kinds, own_sink, sink_class
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.problems import ProblemsError

THEIRS = """
from voxmint.engine.sinks.dotenv import DotenvSink


class TheirSink(DotenvSink):
    kind = "theirs"


not_a_sink = 1
"""
OFFERS = """
[voxmint.sinks]
theirs = their_sinks:TheirSink
dotenv = their_sinks:TheirSink
broken = their_sinks_missing:TheirSink
leaving = their_leaving_sinks:TheirSink
odd = their_sinks:not_a_sink
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that offers sinks."""
    (tmp_path / "their_sinks.py").write_text(THEIRS)
    (tmp_path / "their_leaving_sinks.py").write_text("print('loud')\nraise SystemExit(3)\n")
    metadata = tmp_path / "their_sinks-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-sinks\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(OFFERS)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("their_sinks", None)


@pytest.mark.parametrize("kind", SINKS)
def test_each_of_our_own_is_what_it_is_called(kind: str) -> None:
    found = own_sink(kind)
    assert found is not None
    assert issubclass(found, Sink)
    assert (found.kind, sink_class(kind)) == (kind, found)
    assert found.Options.model_config["extra"] == "forbid"
    assert found.Options.model_config["frozen"]


@pytest.mark.usefixtures("package")
def test_a_package_can_bring_a_sink() -> None:
    assert known_kinds() == SINKS.keys() | {"theirs", "broken", "leaving", "odd"}
    assert own_sink("theirs") is None
    # What only reads has learned of it without importing it.
    assert "their_sinks" not in sys.modules
    assert sink_class("theirs").kind == "theirs"


@pytest.mark.usefixtures("package")
def test_a_package_cannot_replace_one_of_ours() -> None:
    assert sink_class("dotenv") is DotenvSink


@pytest.mark.usefixtures("package")
def test_a_package_that_is_broken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = {}
    for kind in ("broken", "leaving", "odd"):
        with pytest.raises(ProblemsError) as error:
            sink_class(kind)
        said[kind] = problem_of(error).message
    assert said == {
        "broken": "the sink `broken` of the package their-sinks cannot be loaded: "
        "ModuleNotFoundError: No module named 'their_sinks_missing'",
        "leaving": "the sink `leaving` of the package their-sinks cannot be loaded: SystemExit: 3",
        "odd": "the sink `odd` of the package their-sinks cannot be loaded: 1 is not a sink",
    }
    # What it prints while it is imported is not among what a program reads.
    assert capsys.readouterr() == ("", "loud\n")


def test_an_unknown_kind_gets_a_near_miss() -> None:
    with pytest.raises(ProblemsError) as error:
        sink_class("dotnev")
    problem = problem_of(error)
    assert (problem.message, problem.hint) == (
        "there is no sink of the kind `dotnev`",
        "did you mean `dotenv`?",
    )
    with pytest.raises(ProblemsError) as error:
        sink_class("s3")
    assert problem_of(error).hint == f"known here: {', '.join(sorted(SINKS))}"


def test_the_registry_imports_nothing_heavy() -> None:
    script = "import voxmint.engine.sinks, sys; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True
    )
    heavy = {"pydantic", "sqlite3", "subprocess", "importlib.metadata", "asyncio", "httpx"}
    assert "voxmint.engine.sinks.contract" in done.stdout.split()
    assert heavy.isdisjoint(done.stdout.split())
