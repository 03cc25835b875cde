"""What came of a trial, for a person: the answer, and what the service does with each setting."""

from collections import Counter
from collections.abc import Iterator

from voxmint.cli.display.moments import moment
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.cli.formats.json_text import indented
from voxmint.cli.world import World
from voxmint.engine.durations import spoken
from voxmint.engine.echoing import is_of_session, shown_path
from voxmint.engine.minting.clocks import WORTH_SAYING
from voxmint.engine.trying import Trial
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.echo import Echo, Fate, Nothing
from voxmint.profiles.values import briefly
from voxmint.shown import shown

_COLOR = {
    Fate.CHANGED: Style.RED,
    Fate.IGNORED: Style.YELLOW,
    Fate.LEFT_OUT: Style.YELLOW,
    Fate.SILENT: Style.DIM,
    Fate.FILLED: Style.DIM,
}
_SAID = {
    Fate.CHANGED: "changed",
    Fate.IGNORED: "ignored",
    Fate.LEFT_OUT: "left out",
    Fate.SILENT: "not answered",
    Fate.KEPT: "kept",
    Fate.FILLED: "filled in",
}
_REMARK = {
    Fate.IGNORED: "the answer says nothing of it",
    Fate.LEFT_OUT: "the endpoint's body has no place for it",
    Fate.SILENT: "services never repeat it",
    Fate.FILLED: "the service's default",
}


def write(screen: Screen, trial: Trial, world: World) -> None:
    """Writes status, answer and echo, and until when the token lives."""
    screen.line(screen.paint(f"POST {shown(trial.target.url or '')}", Style.BOLD))
    if trial.status is not None:
        request = f", request {shown(trial.request_id)}" if trial.request_id else ""
        screen.line(f"{trial.status} in {trial.seconds:.2f} s{request}")
    if trial.answer is not None:
        screen.line()
        screen.line(indented(trial.answer, is_unicode=screen.is_unicode))
    screen.line()
    if trial.echoes:
        _write_echoes(screen, trial)
        screen.line()
    for line in _ends(trial, world):
        screen.line(line)


def _write_echoes(screen: Screen, trial: Trial) -> None:
    order = list(Fate)
    rows = [
        (echo.fate, (_SAID[echo.fate], shown_path(echo), _values(echo), _remark(echo, trial.body)))
        for echo in sorted(trial.echoes, key=lambda one: order.index(one.fate))
    ]
    columns = [max(width(cells[column]) for _, cells in rows) for column in range(3)]
    for fate, cells in rows:
        line = "  ".join(
            padded(cell, size) for cell, size in zip(cells, (*columns, 0), strict=True)
        )
        color = _COLOR.get(fate)
        screen.line(screen.paint(line.rstrip(), color) if color else line.rstrip())
    counts = Counter(echo.fate for echo in trial.echoes)
    screen.line()
    screen.line(", ".join(f"{counts[fate]} {_SAID[fate]}" for fate in order if counts[fate]))


def _values(echo: Echo) -> str:
    """What was asked, and what is answered where that differs."""
    if echo.fate is Fate.CHANGED:
        return f"{_value(echo.asked)} → {_value(echo.answered)}"
    return _value(echo.answered if echo.fate is Fate.FILLED else echo.asked)


def _value(value: object) -> str:
    return "" if isinstance(value, Nothing) else shown(briefly(value))


def _remark(echo: Echo, body: CompiledBody) -> str:
    at = None if isinstance(echo.asked, Nothing) else body.origin(shown_path(echo))
    place = f"{shown(at.file)}:{at.line}" if at is not None else ""
    remark = _REMARK.get(echo.fate, "")
    return f"{place}  {remark}".strip()


def _clock(skew: float) -> str:
    """By which clock a moment is told, where the service's is another one."""
    if abs(skew) < WORTH_SAYING:
        return ""
    way = "ahead of" if skew > 0 else "behind"
    return f" by the service's clock, which is {spoken(abs(skew))} {way} this machine's"


def _ends(trial: Trial, world: World) -> Iterator[str]:
    if trial.expires_at is not None:
        if not is_of_session(trial.echoes):
            yield "the answer says nothing of the session, so nothing can be compared"
        until = moment(trial.expires_at, world, trial.skew) + _clock(trial.skew)
        yield f"the token lives until {until}; it was written nowhere, and cannot be revoked"
    elif trial.may_live_until is not None:
        yield f"a token that nobody has may live until {moment(trial.may_live_until, world)}"
    else:
        yield "no token was minted"
