"""What came of a trial, for a program: one JSON object, of version 1."""

from typing import Any

from voxmint.cli.display.screen import Screen
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.formats.problem_json import place_of, problem_of
from voxmint.engine.echoing import shown_path
from voxmint.engine.trying import Trial
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.echo import Echo, Nothing

VERSION = 1


def write(screen: Screen, trial: Trial) -> None:
    """Writes the object. What is absent from `asked` or `answered` has no such key."""
    problem = trial.problem
    content = {
        "version": VERSION,
        "profile": trial.body.profile,
        "environment": trial.body.environment,
        "api": trial.target.api,
        "url": trial.target.url,
        "status": trial.status,
        "request_id": trial.request_id,
        "seconds": round(trial.seconds, 3),
        "answer": trial.answer,
        "expires_at": trial.expires_at,
        "may_live_until": trial.may_live_until,
        "echo": [_echo(one, trial.body) for one in trial.echoes],
        "problems": [problem_of(one) for one in trial.warnings],
        "error": None if problem is None else problem_of(problem),
    }
    write_json(screen, content)


def _echo(echo: Echo, body: CompiledBody) -> dict[str, Any]:
    at = None if isinstance(echo.asked, Nothing) else body.origin(shown_path(echo))
    return {
        "path": shown_path(echo),
        "fate": echo.fate.value,
        **({} if isinstance(echo.asked, Nothing) else {"asked": echo.asked}),
        **({} if isinstance(echo.answered, Nothing) else {"answered": echo.answered}),
        "at": None if at is None else place_of(at),
    }
