"""What changed since a token was minted: which field, and which line sets it now."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from voxmint.engine.lines import PROVIDER, Lines, Variable
from voxmint.engine.upstream.traces import Change, Traces, differences, traces_in
from voxmint.origin import COMMAND_LINE, Origin
from voxmint.profiles.compiled import CompiledBody

_KIND = "provider.kind"
_MOST_TOLD = 2


class Changed(NamedTuple):
    """A field that is not as it was when the token was minted, and where it is set now.

    `at` is `None` where no line sets it: it is gone, or given on the command line. `variables` are
    those that its template uses: it may be one of them that changed.
    """

    path: str
    change: Change
    at: Origin | None = None
    variables: tuple[Variable, ...] = ()

    @property
    def is_of_provider(self) -> bool:
        """Whether it says where tokens are minted, not what is asked for."""
        return self.path.startswith(PROVIDER)

    @property
    def told(self) -> str:
        """The change for people: the field and its line."""
        place = _placed(self.at)
        if self.change is Change.REMOVED:
            return f"{self.path} is no longer set{place}"
        used = " and ".join(f"{name}{_placed(at)}" for name, at in self.variables[:_MOST_TOLD])
        return self.path + place + (f", with {used}" if used else "")

    def to_json(self) -> dict[str, Any]:
        """The change as programs read it."""
        variables = [{"name": name, "at": _json(at)} for name, at in self.variables]
        used = {"variables": variables} if variables else {}
        return {"path": self.path, "change": str(self.change), "at": _json(self.at), **used}


def _json(at: Origin | None) -> dict[str, Any] | None:
    return None if at is None else {"file": at.file, "line": at.line, "column": at.column}


def _placed(at: Origin | None) -> str:
    if at is None:
        return ""
    return ", given with --set" if at.file == COMMAND_LINE else f", {at.file}:{at.line}"


def changes_between(
    before: str | None,
    now: Traces,
    compiled: CompiledBody,
    lines: Lines,
) -> tuple[Changed, ...]:
    """What is not as it was; nothing where that is not known.

    `before` is what the ledger holds of the last mint, and `now` what would be sent. `lines` are
    those of the files.
    """
    known = traces_in(before)
    return () if known is None else changed_since(known, now, compiled, lines)


def changed_since(
    before: Traces,
    now: Traces,
    compiled: CompiledBody,
    lines: Lines,
) -> tuple[Changed, ...]:
    """What differs between two traces of a request, the later of which is of the compiled one."""
    found = differences(before, now)
    if any(one.path == _KIND for one in found):
        # Its address and its endpoint follow from that.
        found = tuple(one for one in found if one.path == _KIND or not _is_of_provider(one.path))
    return tuple(
        Changed(path, change, lines.of(compiled, path), lines.variables(compiled, path))
        for path, change in found
    )


def _is_of_provider(path: str) -> bool:
    return path.startswith(PROVIDER)


def told(what: str, changes: Sequence[Changed]) -> str:
    """What happened with the first changes behind it; without any, what happened alone."""
    return f"{what}: {listed(changes)}" if changes else what


def listed(changes: Sequence[Changed]) -> str:
    """The first changes, for people, and how many more there are."""
    rest = len(changes) - _MOST_TOLD
    shown = "; ".join(one.told for one in changes[:_MOST_TOLD])
    return shown + (f"; and {rest} more" if rest > 0 else "")
