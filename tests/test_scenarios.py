"""Whole projects with golden results, failures too: the folders of `tests/scenarios`.

`NAME/project` is compiled for both endpoints, with a `--set` for each line of `NAME/set.txt` where
there is one. What must come out is in `NAME/expected`:

- `ENVIRONMENT/PROFILE.transcription_sessions.json` and `….client_secrets.json`: the two bodies;
- `ENVIRONMENT/environment.json`: the merged settings, and the profiles that the environment has;
- `problems.txt`: all that is said about the project; where that differs between the endpoints,
  `problems.ENDPOINT.txt`, one each. A line says what each caret stands under.

`make goldens` (`pytest --snapshot-update`) accepts what comes out now. Read the diff.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from voxmint.engine.project import Project
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import Compilation, CompiledEnvironment
from voxmint.profiles.nodes import plain
from voxmint.shown import shown

SCENARIOS = Path(__file__).parent / "scenarios"
NAMES = sorted(folder.name for folder in SCENARIOS.iterdir() if (folder / "project").is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str, pytestconfig: pytest.Config) -> None:
    found = dict(results(SCENARIOS / name))
    expected = SCENARIOS / name / "expected"
    if pytestconfig.getoption("update_snapshots"):
        accept(found, expected)
    assert in_one(found) == in_one(golden(expected))


def test_each_environment_asks_its_own_endpoint() -> None:
    compilation = Project(SCENARIOS / "endpoints" / "project").compile_all()
    assert {environment: body.api for (_, environment), body in compilation.bodies.items()} == {
        "azure": "client_secrets",
        "azure-flat": "transcription_sessions",
        "compatible": "transcription_sessions",
        "compatible-nested": "client_secrets",
        "emulator": "transcription_sessions",
        "emulator-nested": "client_secrets",
        "openai": "client_secrets",
        "openai-flat": "transcription_sessions",
    }


# ── golden results ───────────────────────────────────────────────────────────────────────────────


def in_one(files: dict[str, str]) -> str:
    """All files as one text, whose difference can be read."""
    return "".join(f"=== {name}\n{text}" for name, text in sorted(files.items()))


def golden(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in files}


def accept(found: dict[str, str], folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


# ── what comes out ───────────────────────────────────────────────────────────────────────────────


def results(scenario: Path) -> Iterator[tuple[str, str]]:
    """Every result of a scenario: the name of its file, and its text."""
    problems: dict[str, str] = {}
    for api in FORMS:
        try:
            compilation = compiled(scenario, api)
        except ProblemsError as failure:
            problems[api] = report(failure.problems, {})
            continue
        problems[api] = report(compilation.problems, compilation.texts)
        for (profile, environment), body in compilation.bodies.items():
            yield f"{environment}/{profile}.{api}.json", written(body.body)
        for name, compiled_environment in compilation.environments.items():
            yield f"{name}/environment.json", written(settings(compiled_environment))
    yield from reports(problems)


def compiled(scenario: Path, api: str) -> Compilation:
    project = Project(scenario / "project")
    given = scenario / "set.txt"
    overrides = given.read_text(encoding="utf-8").splitlines() if given.exists() else ()
    return project.compile_all(project.order(api=api, overrides=overrides, idle=True))


def written(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def settings(environment: CompiledEnvironment) -> dict[str, object]:
    provider, mint, sinks = environment.provider, environment.mint, environment.sinks_of
    return {
        "lineage": [one.name for one in environment.lineage],
        "provider": provider and provider.model_dump(exclude_unset=True),
        "mint": mint and mint.model_dump(exclude_unset=True),
        "profiles": environment.profiles,
        "sinks": plain(sinks.sinks) if sinks and sinks.sinks else None,
    }


# ── problems ─────────────────────────────────────────────────────────────────────────────────────


def reports(by_api: dict[str, str]) -> Iterator[tuple[str, str]]:
    """One report where both endpoints have the same problems, else one for each that has any."""
    if len(set(by_api.values())) == 1:
        by_api = {"": next(iter(by_api.values()))}
    for api, text in by_api.items():
        if text:
            yield f"problems{api and '.'}{api}.txt", text


def report(problems: tuple[Problem, ...], texts: Mapping[str, str]) -> str:
    return "\n".join("\n".join(lines(problem, texts)) + "\n" for problem in problems)


def lines(problem: Problem, texts: Mapping[str, str]) -> Iterator[str]:
    yield f"{problem.severity} {problem.code} {problem.at}"
    yield f"  {problem.message}"
    if problem.at is not None:
        yield f"  caret    {under_caret(problem.at, texts)}"
    if problem.remark:
        yield f"  remark   {problem.remark}"
    if problem.hint:
        yield f"  hint     {problem.hint}"
    if problem.path:
        yield f"  path     {problem.path}"
    for related in problem.related:
        yield f"  related  {related.at} {related.message}: {under_caret(related.at, texts)}"
    if problem.affects:
        yield f"  affects  {', '.join(' in '.join(body) for body in problem.affects)}"


def under_caret(at: Origin, texts: Mapping[str, str]) -> str:
    """What stands at a place, as far as it stands on one line; `-` in what could not be read."""
    if not texts.get(at.file):
        return "-"
    rest = "".join(texts[at.file].split("\n")[at.line - 1 : at.line])[at.column - 1 :]
    return f"[{shown(rest[: at.length])}]"
