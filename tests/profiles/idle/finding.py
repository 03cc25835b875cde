"""What is idle in small projects."""

from collections.abc import Mapping

from tests.sources import Content, marked, project
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.order import Order
from voxmint.profiles.pipeline import compile_project

KINDS = (
    wording.DEAD_OVERRIDE,
    wording.IDLE_OVERLAY_ITEM,
    wording.SHADOWED_VAR,
    wording.UNUSED_VAR,
    wording.UNUSED_BASE,
)
SERVER = "turn_detection: {type: server_vad, threshold: 0.5}"


def speaking(prompt: str = "Words.", rest: str = SERVER) -> str:
    """A session that is right, with this prompt."""
    return (
        "session:\n"
        f"  input_audio_transcription: {{model: gpt-4o-transcribe, prompt: 'Say {prompt}'}}\n"
        f"  {rest}\n"
    )


def base(prompt: str = "Words.", rest: str = SERVER) -> str:
    """An abstract profile with such a session."""
    return "abstract: true\n" + speaking(prompt, rest)


def judged(
    profiles: Mapping[str, Content],
    environments: Mapping[str, Content] | None = None,
    order: Order | None = None,
) -> list[Problem]:
    """What is idle in the project, compiled as `validate` does."""
    compilation = compile_project(project(profiles, environments), order or Order(idle=True))
    return [problem for problem in compilation.problems if problem.kind in KINDS]


def idle(
    profiles: Mapping[str, str],
    environments: Mapping[str, str] | None = None,
    order: Order | None = None,
) -> list[str]:
    """What is idle, a line each: the file's name, the text at the place, and the code."""
    texts = {file: str(text) for file, text in project(profiles, environments).files.items()}
    return [
        f"{_name(problem)}: {marked(texts, problem)} {problem.code}"
        for problem in judged(profiles, environments, order)
    ]


def _name(problem: Problem) -> str:
    assert problem.at is not None
    return problem.at.file.removesuffix(".yaml").split("/", 1)[1]
