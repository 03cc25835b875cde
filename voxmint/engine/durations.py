"""Lengths of time, as people say them."""

import re

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def spoken(seconds: float) -> str:
    """A length of time in its two largest units: `9 min 50 s`, `2 h`, `0 s`.

    Less than nothing is nothing.
    """
    left = max(0, round(seconds))
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(left, size)
        if parts or count:
            parts.append(f"{count} {unit}" if count else "")
        left = rest
    return " ".join(part for part in parts[:2] if part) or "0 s"


_PLAIN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_WRITTEN = re.compile(
    r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?", re.ASCII
)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_LONGEST = 3650 * 86400


def parsed(text: str) -> float:
    """The seconds that are meant by `45m`, `1h30m`, `90s`, or a plain number of them.

    `ValueError` for anything else, and for more than ten years.
    """
    text = text.strip().lower()
    # Without a unit only alone: who writes `1h30` means minutes.
    match = _WRITTEN.fullmatch(f"{text}s" if _PLAIN.fullmatch(text) else text)
    if not text or match is None:
        raise ValueError(f"{text!r} is no length of time")
    given = {unit: value for unit, value in match.groupdict().items() if value is not None}
    seconds = sum(float(value) * _SECONDS[unit] for unit, value in given.items())
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than ten years")
    return seconds


def written(seconds: float) -> str:
    """A length of time as `parsed` takes it, in its largest units: `1h30m`, `90.5s`."""
    if seconds != int(seconds):
        return f"{seconds:g}s"
    left, parts = int(seconds), ""
    for unit, size in _SECONDS.items():
        count, left = divmod(left, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"
