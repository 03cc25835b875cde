"""Lengths of time, as people say them."""

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
