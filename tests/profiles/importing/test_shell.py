"""Command lines are taken apart as the shells themselves do it, and every character keeps its
place."""

import shutil
import subprocess

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from voxmint.profiles.importing.shell import words
from voxmint.profiles.importing.shell_words import ShellError, Word

LINES = [
    "curl a b",
    "  curl\ta\\\n  b",
    "curl 'a b' \"c d\" e\\ f",
    "curl a'b'\"c\"d",
    "curl '' \"\" ''a",
    'curl "a\\"b\\\\c\\$d\\`e\\nf"',
    "curl 'it'\\''s' 'it'\"'\"'s'",
    "curl $'it\\'s\\n\\t\\x41\\u00e9\\U0001F600\\101\\\\\\\"'",
    "curl $'\\xc3\\xa9\\303\\251'",
    "curl $'a\\qb\\e[0m'",
    'curl "a\\\nb" c\\\nd',
    "curl a#b # a comment 'with a quote",
    "curl a > /dev/null 2>&1 b",
    "curl a 2>/dev/null b <&-",
    "curl a &>/dev/null b",
    "curl a; echo b",
    "curl a && echo b",
    "curl a | true",
    "curl a\necho b >&2",
    "curl {a,} '{\"a\": [1, {}]}'",
    'curl "$" $ a$',
    'curl -d \'{"a":\n  "b"}\' \\\n  -H x',
    "curl a=b a@b a%b a^b ~b !b",
    'curl "é😀" é😀',
    'curl \'{"a": "b^"}\' ^ a^b',
    "curl 'a ^\n b' \"c ^\n d\" \\^",
    'curl "a\\"^" b',
]
"""Commands that need nothing of the machine; what stands after the first command goes elsewhere."""

SHOW = "curl() { printf '%s\\0' curl \"$@\" >&3; }\nset +o braceexpand\nset +H\n"


def by_bash(line: str) -> list[str]:
    """The words that bash hands to the first command of the line."""
    done = subprocess.run(
        [
            shutil.which("bash") or "bash",
            "--norc",
            "--noprofile",
            "-c",
            f"exec 3>&1 1>&2\n{SHOW}{line}",
        ],
        capture_output=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/nowhere"},
        check=False,
    )
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("line", LINES)
def test_words_are_those_of_bash(line: str) -> None:
    assert [word.text for word in words(line)] == by_bash(line)


PIECES = st.sampled_from(
    [*"ab '\"\\$#\n{}", "\\\n", "$'", "\\'", '\\"', "''", '""', "é", "=", "@", "\\n", "\\x41"]
)


@law(40)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_taken_apart_is_what_bash_takes_apart(text: str) -> None:
    line = f"curl {text}"
    try:
        found = words(line)
    except ShellError:
        return
    if any(word.expansions for word in found) or "~" in text:
        return
    assert [word.text for word in found] == by_bash(line)


def taken_apart(line: str) -> list[Word]:
    """The words; none where the line is refused."""
    try:
        return words(line)
    except ShellError as failure:
        if not 0 <= failure.at <= len(line):
            raise
        return []


@law(200)
@given(st.text("ab'\"\\ $\n`^()|&;<>#u{}0x1cé😀", max_size=40))
def test_any_line_is_taken_apart_or_refused(text: str) -> None:
    starts = ("curl", "curl.exe", "curl.exe ''", "curl ^\n", "curl `\n")
    for line in (f"{start} {text}" for start in starts):
        for word in taken_apart(line):
            assert len(word.text) == len(word.offsets)
            assert 0 <= word.start <= word.end <= len(line)
            assert all(word.start <= at < len(line) for at in word.offsets)
            assert list(word.offsets) == sorted(word.offsets)


@law(100)
@given(st.lists(st.text("ab '\"\\\n#é", min_size=1), min_size=1, max_size=4))
def test_each_character_keeps_its_place(texts: list[str]) -> None:
    quoted = ["'" + text.replace("'", "'\\''") + "'" for text in texts]
    line = " ".join(["curl", *quoted])
    _, *found = words(line)
    assert [word.text for word in found] == texts
    for word in found:
        assert "".join(line[at] for at in word.offsets) == word.text


# ── what a shell would put in ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ('"a $NAME b"', "$NAME"),
        ("a$1", "$1"),
        ('"${NAME:-x y}"', "${…}"),
        ('"$(cat key)"', "$(…)"),
        ("`cat`", "`…`"),
        ("$?", "$?"),
    ],
)
def test_what_a_shell_would_put_in_is_noted_and_kept_as_it_is(text: str, sign: str) -> None:
    line = f"curl {text}"
    [_, word] = words(line)
    [expansion] = word.expansions
    assert expansion.sign == sign
    assert line[expansion.start] in "$`"
    assert word.text == text.strip('"')


@pytest.mark.parametrize("text", ["'$NAME'", "\\$NAME", '"\\$NAME"', "$'$NAME'", "$ $", "'`a`'"])
def test_what_is_quoted_is_put_in_nowhere(text: str) -> None:
    assert not any(word.expansions for word in words(f"curl {text}"))


# ── what cannot be taken apart ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "said", "at"),
    [
        ("curl 'a", "`'` is not closed", 5),
        ('curl "a', '`"` is not closed', 5),
        ("curl $'a", "`$'` is not closed", 5),
        ("curl $(a", "`$(` is not closed", 5),
        ("curl `a", "``` is not closed", 5),
        ("curl ${a", "`${` is not closed", 5),
        ("curl $'\\UFFFFFFFF'", "this escape is no character", 7),
        ("curl <<EOF\n{}\nEOF", "a here-document or here-string is not read", 5),
        ("curl <<< '{}'", "a here-document or here-string is not read", 5),
        ("curl a\n  -H b", "it ends here, and the next line is an option", 5),
        ("curl a \\ \n  -H b", "it ends here, and the next line is an option", 8),
        ('curl.exe "a', '`"` is not closed', 9),
        ("curl.exe 'a'\r\n  -H b", "it ends here, and the next line is an option", 12),
        ("curl `\n 'a''", "`'` is not closed", 8),
        ('curl `\n "a`"', '`"` is not closed', 8),
        ("curl `\n ${a", "`${` is not closed", 8),
        ("curl `\n @'\n{}\n'@", "a here-document or here-string is not read", 8),
    ],
)
def test_what_cannot_be_taken_apart(line: str, said: str, at: int) -> None:
    with pytest.raises(ShellError) as failure:
        words(line)
    assert (failure.value.said, failure.value.at) == (said, at)


# ── Windows ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('curl ^\n  -H "a b"', ["curl", "-H", "a b"]),
        ('curl ^\r\n  -H ^"a b^"', ["curl", "-H", "a b"]),
        ("curl.exe a b", ["curl.exe", "a", "b"]),
        ('curl ^"^{^\\^"a^\\^":1^}^"', ["curl", '{"a":1}']),
        ('curl.exe "{\\"a\\":1}"', ["curl.exe", '{"a":1}']),
        ('curl.exe "a""b"', ["curl.exe", 'a"b']),
        ('curl.exe "a\\\\" b', ["curl.exe", "a\\", "b"]),
        ("curl a 'b c' ^\n d", ["curl", "a", "'b", "c'", "d"]),
        ("curl.exe a & echo b", ["curl.exe", "a"]),
        ("curl.exe a > b", ["curl.exe", "a"]),
        ("curl.exe a\r\ncurl.exe b", ["curl.exe", "a"]),
        ('curl.exe ^"a%^PATH^%b^"', ["curl.exe", "a%PATH%b"]),
        ("curl.exe a ^", ["curl.exe", "a"]),
        ('curl "a" -H "it\'s" ^\n "b\\"c"', ["curl", "a", "-H", "it's", 'b"c']),
    ],
)
def test_a_line_for_cmd(line: str, expected: list[str]) -> None:
    assert [word.text for word in words(line)] == expected


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ('"a %NAME% b"', ["%NAME%"]),
        ("%a%%b%", ["%a%", "%b%"]),
        ('"\\"%NAME%\\""', ["%NAME%"]),
        ("^%NAME^% %^NAME% %^NAME%^", []),
        ('"100% of 50%"', []),
    ],
)
def test_what_cmd_would_put_in_is_noted(text: str, signs: list[str]) -> None:
    line = f"curl.exe {text}"
    found = [one for word in words(line) for one in word.expansions]
    assert [one.sign for one in found] == signs
    assert [line[one.start : one.end] for one in found] == signs


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("curl.exe a\\b 'c d'", ["curl.exe", "a\\b", "c d"]),
        ("curl.exe 'it''s $5 `n'", ["curl.exe", "it's $5 `n"]),
        ('curl `\n  -d "a b" `\r\n c', ["curl", "-d", "a b", "c"]),
        ("curl`\n a", ["curl", "a"]),
        ('curl `\n "a""b`"c`td$ e"', ["curl", 'a"b"c\td$ e']),
        ("curl.exe 'a' 'b'c d'e f'g", ["curl.exe", "a", "b", "c", "de fg"]),
        ("curl.exe a` b '' # 'c", ["curl.exe", "a b", ""]),
        ('curl.exe \'{"a": "b"}\'', ["curl.exe", '{"a": "b"}']),
        ('curl.exe \'{\\"a\\": \\"b\\\\\\"c\\"}\'', ["curl.exe", '{"a": "b\\"c"}']),
        ('curl.exe \'{"a": "b\\"c"}\'', ["curl.exe", '{"a": "b\\"c"}']),
        ("curl.exe 'a' > b", ["curl.exe", "a"]),
        ("curl.exe 'a' | jq .", ["curl.exe", "a"]),
        ("curl.exe 'a'; b", ["curl.exe", "a"]),
        ("curl.exe 'a\n b'\nc", ["curl.exe", "a\n b"]),
        ("curl `\n a`", ["curl", "a"]),
    ],
)
def test_a_line_for_powershell(line: str, expected: list[str]) -> None:
    assert [word.text for word in words(line)] == expected


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ('"a $env:NAME b"', ["$env:NAME"]),
        ("$NAME", ["$NAME"]),
        ('"${a b} $(cat x)"', ["${…}", "$(…)"]),
        ("'$NAME' `$NAME \"`$NAME 5$ $\"", []),
    ],
)
def test_what_powershell_would_put_in_is_noted(text: str, signs: list[str]) -> None:
    found = [one for word in words(f"curl `\n {text}") for one in word.expansions]
    assert [one.sign for one in found] == signs


def test_a_line_of_curl_exe_for_a_posix_shell() -> None:
    for line in ("curl.exe 'it'\\''s' b", "curl.exe \\\n 'it'\"'\"'s' b"):
        assert [word.text for word in words(line)] == ["curl.exe", "it's", "b"]


# ── what stands before it ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "prompt", ["$ ", "% ", "> ", "\n\n  ", "# a remark\n", "PS C:\\a b> ", "PS /a> ", "C:\\a b>"]
)
def test_a_prompt_before_it_is_passed(prompt: str) -> None:
    for curl in ("curl", "curl.exe"):
        found = words(f"{prompt}{curl} a")
        assert [word.text for word in found] == [curl, "a"]
        assert found[0].start == len(prompt)


def test_an_emoji_as_browsers_escape_it() -> None:
    [_, word] = words("curl $'\\ud83d\\ude00!'")
    assert word.text == "😀!"
    assert len(word.offsets) == 2
