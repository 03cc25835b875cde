"""Whether tokens live long enough for what follows: before the first request, and at the end."""

from collections.abc import Iterator, Sequence
from math import floor

from voxmint.engine.durations import spoken
from voxmint.engine.report import Result
from voxmint.engine.upstream.request import lifetime_of
from voxmint.engine.wording import LIFETIME_SHORT, TOKEN_SHORT_LIVED
from voxmint.origin import Origin
from voxmint.problems import Problem, gathered
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.documents import LayerKind
from voxmint.profiles.fields import EXPIRES_AFTER

_LONGEST = int(EXPIRES_AFTER.by_name["seconds"].maximum or 0)
_MOST_NAMED = 3
_SECONDS = "expires_after.seconds"


def lifetime_problems(
    bodies: Sequence[CompiledBody], min_remaining: float | None
) -> tuple[Problem, ...]:
    """An error for each place that asks for tokens which cannot outlive `min_remaining` seconds."""
    if min_remaining is None:
        return ()
    short = [body for body in bodies if lifetime_of(body) <= min_remaining]
    return gathered(_short(short, min_remaining))


def _short(bodies: Sequence[CompiledBody], needed: float) -> Iterator[Problem]:
    silent = []
    for body in bodies:
        if body.origin(_SECONDS) is None:
            silent.append(body)
        else:
            yield _problem((body,), needed)
    if silent:
        # They have no place in common but the profiles themselves: the first stands for all.
        yield _problem(silent, needed)


def _problem(bodies: Sequence[CompiledBody], needed: float) -> Problem:
    """The problem of bodies that share a place."""
    facts = {"lifetime": spoken(lifetime_of(bodies[0])), "needed": spoken(needed)}
    enough = floor(needed) + 1
    facts |= {"seconds": str(enough)} if enough <= _LONGEST else {"longest": spoken(_LONGEST)}
    affects = tuple((body.profile, body.environment) for body in bodies)
    return Problem(LIFETIME_SHORT, _place(bodies[0]), facts, (), _SECONDS, affects)


def _place(body: CompiledBody) -> Origin | None:
    """Where the lifetime is asked for, or the beginning of the profile that asks for none."""
    own = (layer for layer in body.layers if layer.kind is LayerKind.PROFILE)
    files = [layer.file for layer in own if layer.name == body.profile]
    default = Origin(files[-1], 1, 1) if files else None
    return body.origin(_SECONDS) or default


def short_lived(
    results: Sequence[Result], min_remaining: float | None, now: float
) -> tuple[Problem, ...]:
    """An error where tokens that are in place do not outlive `min_remaining` seconds from now.

    `now` is in Unix seconds, by the service's clock.
    """
    if min_remaining is None:
        return ()
    left = {
        result.profile: result.expires_at - now
        for result in results
        if result.is_good and result.expires_at is not None
    }
    short = [profile for profile, seconds in left.items() if seconds < min_remaining]
    if not short:
        return ()
    rest = len(short) - _MOST_NAMED
    names = ", ".join(f"`{profile}`" for profile in short[:_MOST_NAMED])
    facts = {
        "profiles": names + (f" and {rest} more" if rest > 0 else ""),
        "left": spoken(min(left[profile] for profile in short)),
        "needed": spoken(min_remaining),
    }
    return (Problem(TOKEN_SHORT_LIVED, facts=facts),)
