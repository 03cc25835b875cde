"""A difference as one JSON object, of version 1."""

from collections.abc import Mapping, Sequence

from voxmint.cli.display.screen import Screen
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.formats.problem_json import place_of, problem_of
from voxmint.engine.comparing import Comparison
from voxmint.engine.states import State as ProjectState
from voxmint.problems import Body
from voxmint.profiles.diff.result import ABSENT, Arrival, Cause, Group, Moved, Shadow, State
from voxmint.shown import masked

VERSION = 1


def write(screen: Screen, comparison: Comparison) -> None:
    """Writes the object; `before`, `after` and `value` are missing where a value is absent."""
    difference = comparison.difference
    content = {
        "version": VERSION,
        "base": _project(comparison.base),
        "head": _project(comparison.head),
        "checked": {"bodies": difference.bodies, "changed": len(difference.changed)},
        "min_remaining": dict(sorted(comparison.deploys.items())),
        "groups": [_group(group) for group in difference.groups],
        "shadowed": [_shadow(shadow) for shadow in difference.shadowed],
        "idle": [_cause(cause) for cause in difference.idle],
        "untold": [_cause(cause) for cause in difference.untold],
        "layout": list(difference.layout),
        "following": list(difference.following),
        "unread": list(difference.unread),
        "added": [
            {**one, "valid": body in comparison.after.bodies}
            for arrival in difference.added
            for body, one in zip(arrival.bodies, _arrived(arrival), strict=True)
        ],
        "removed": [one for arrival in difference.removed for one in _arrived(arrival)],
        "renamed": [one._asdict() for one in difference.renamed],
        "invalid": _bodies(difference.invalid),
        "valid": _bodies(difference.valid),
        "broken": _bodies(difference.broken),
        "problems": {
            "new": [problem_of(problem) for problem in difference.new],
            "old": [problem_of(problem) for problem in difference.old],
            "gone": [problem_of(problem) for problem in difference.gone],
        },
        "moved": [_moved(one) for one in difference.moved],
        "renews": [one._asdict() for one in comparison.renewals],
    }
    write_json(screen, content)


def _project(state: ProjectState) -> dict[str, object]:
    return {"name": state.name, "commit": state.commit, "why": state.why or None}


def _group(group: Group) -> dict[str, object]:
    change = group.change
    return {
        "cause": _cause(group.cause),
        "change": {"path": change.path, **_states(change.before, change.after)},
        "bodies": _bodies(group.bodies),
        "others": [_cause(cause) for cause in group.others],
    }


def _cause(cause: Cause) -> dict[str, object]:
    return {
        "kind": cause.kind.value,
        "path": cause.path,
        "at": place_of(cause.at),
        "in": cause.side.value,
        "was": None if cause.was is None else place_of(cause.was),
        "layer": cause.layer,
        **_states(cause.before, cause.after),
    }


def _states(before: State, after: State) -> dict[str, object]:
    states = {"before": before, "after": after}
    return {name: _safe(value) for name, value in states.items() if value is not ABSENT}


def _safe(value: object) -> object:
    """The value with what looks like a key masked: a file that is wrong may hold one."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {masked(key): _safe(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    return value


def _shadow(shadow: Shadow) -> dict[str, object]:
    by = None
    if shadow.by is not None:
        by = {
            "at": place_of(shadow.by),
            "in": shadow.side.value,
            "layer": shadow.layer,
            "value": _safe(shadow.value),
        }
    return {
        "cause": _cause(shadow.cause),
        "by": by,
        "why": shadow.why or None,
        "bodies": _bodies(shadow.bodies),
    }


def _arrived(arrival: Arrival) -> list[dict[str, object]]:
    return [
        {"profile": profile, "environment": environment, "cause": _cause(arrival.cause)}
        for profile, environment in arrival.bodies
    ]


def _moved(moved: Moved) -> dict[str, object]:
    return {
        "path": moved.path,
        "value": _safe(moved.value),
        "before": place_of(moved.before),
        "after": place_of(moved.after),
        "bodies": _bodies(moved.bodies),
    }


def _bodies(bodies: Sequence[Body]) -> list[list[str]]:
    return [list(body) for body in bodies]
