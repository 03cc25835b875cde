"""What may be shown: text from a file or a server, made harmless for a terminal and a log.

Law: whatever is shown has control and bidirectional characters escaped, and what looks like a key
masked. Every output goes through `shown`; nothing else in the project escapes or masks.
"""

import re
from functools import cache

# Most runs show nothing that these patterns have to look at, and to compile them takes a tenth of
# a start-up: so each is compiled when it is first asked for.
_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = "\u200b\u2028\u2029\ufeff"


@cache
def _unsafe() -> re.Pattern[str]:
    return re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDIRECTIONAL}{_INVISIBLE}\ud800-\udfff]")


@cache
def _unsafe_in_line() -> re.Pattern[str]:
    return re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDIRECTIONAL}{_INVISIBLE}\ud800-\udfff]")


@cache
def _unseen() -> re.Pattern[str]:
    """What takes no room of its own and so can hide in a line.

    Joiners, soft hyphens, fillers, selectors of variants, tags, in the ranges of Unicode's
    Default_Ignorable_Code_Point, and format controls.
    """
    return re.compile(
        "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
        "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
        "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
        "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    )


@cache
def _keylike() -> re.Pattern[str]:
    """What keys and tokens of this trade look like.

    sk-…, sess-…, ek_…, a bearer header, a JSON web token, what people log in with to AWS, Azure
    (`…8Q~…`), Google (a private key), Vault and GitHub. Azure's 32 hexadecimal digits or 84 letters
    are too common a shape to be masked alone. Each branch reads a character a bounded number of
    times: a file may be made of nothing else.
    """
    return re.compile(
        r"""
          \b(?:sk|rk|pk|sess)-(?=[A-Za-z0-9_\-]{0,40}[0-9]|[A-Za-z0-9_\-]{12})
            [A-Za-z0-9_\-]{8,}+[A-Za-z0-9_\-.~+/=]*+
        | (?<=://)[^\s/:@"']*+:[^\s/@"']++(?=@)
        | \bek_[A-Za-z0-9_\-.~+/=]{6,}+
        | (?<=(?i:bearer\ ))[A-Za-z0-9_\-.~+/=]{8,}+
        | (?<![A-Za-z0-9_\-])eyJ[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]*+
        | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b
        | (?:(?<=(?i:secret_access_key)[:=])|(?<=(?i:secret_access_key):\ ))
            ["']?[A-Za-z0-9/+=]{16,}+
        | (?:(?<=(?i:secret_id)[:=])|(?<=(?i:secret_id):\ ))
            ["']?[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4,12}){4}
        | (?<![A-Za-z0-9_.~\-])[A-Za-z0-9_.~\-]{3}[0-9]Q~[A-Za-z0-9_.~\-]{30,}+
        | -----BEGIN\ [A-Z\ ]{0,20}PRIVATE\ KEY-----[^\s"']*+
        | \bhv[sbr]\.[A-Za-z0-9_\-]{16,}+
        | \b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{16,}+
        """,
        re.VERBOSE,
    )


# One of these is in every such text: looking for them first is ten times as fast.
_SIGNS = (
    *("://", "sk-", "rk-", "pk-", "sess-", "ek_", "bearer ", "eyj"),
    *("akia", "asia", "secret_access_key", "secret_id", "q~", "private key-----"),
    *("hvs.", "hvb.", "hvr.", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
)


def looks_like_key(text: str) -> bool:
    """Whether the text holds something of a key's or token's form."""
    folded = text.lower()
    return any(sign in folded for sign in _SIGNS) and _keylike().search(text) is not None


def masked(text: str) -> str:
    """The text with each thing that looks like a key cut down to its first characters and `…`."""
    return _keylike().sub(_cut, text)


def _cut(found: re.Match[str]) -> str:
    # A user name and password in a URL: any part of them could be the secret one.
    return "…" if ":" in found.group() else found.group()[:3] + "…"


def shown(text: str) -> str:
    """The text for one line of output: line breaks and control characters escaped, keys masked."""
    return masked(_unsafe_in_line().sub(_escaped, text))


def evident(text: str) -> str:
    """As `shown`, and with all escaped that nobody sees: for text that a reviewer has to trust."""
    return _unseen().sub(_escaped, shown(text))


def shown_lines(text: str) -> str:
    """As `shown`, for text of several lines: tabs and line breaks stay."""
    return masked(_unsafe().sub(_escaped, text))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    match found.group():
        case "\n":
            return "\\n"
        case "\t":
            return "\\t"
        case "\r":
            return "\\r"
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def key_places(text: str) -> list[tuple[int, int, int]]:
    """Where in a text something looks like a key: line and column from 1, and its length."""
    places: list[tuple[int, int, int]] = []
    if not looks_like_key(text):
        return places
    line, counted = 1, 0
    for found in _keylike().finditer(text):
        start = found.start()
        line, counted = line + text.count("\n", counted, start), start
        places.append((line, start - text.rfind("\n", 0, start), found.end() - start))
    return places
