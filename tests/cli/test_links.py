"""Addresses of lines: the forms of hosts, templates, which state a place is in, what is refused."""

import pytest

from voxmint.cli.formats.links import links_of
from voxmint.engine.states import State
from voxmint.origin import Origin
from voxmint.problems import UsageError
from voxmint.profiles.diff.result import Side

BASE = State("one", None, "b" * 40)
HEAD = State("two", None, "e" * 40, folder="voice")
TREE = State("the working tree", None, folder="voice")
AT = Origin("profiles/base.yaml", 7, 3)
E = "e" * 40


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://github.com/o/r", f"https://github.com/o/r/blob/{E}/voice/profiles/base.yaml#L7"),
        ("https://git.clinic.example/o/r/", f"https://git.clinic.example/o/r/blob/{E}/voice/"),
        ("https://gitlab.com/o/g/r", f"https://gitlab.com/o/g/r/-/blob/{E}/voice/profiles/"),
        ("http://gitlab.clinic:8080/r", f"http://gitlab.clinic:8080/r/-/blob/{E}/voice/profiles/"),
        (
            "https://bitbucket.org/o/r",
            f"https://bitbucket.org/o/r/src/{E}/voice/profiles/base.yaml",
        ),
        ("https://x.example/{path}?at={revision}&l={line}", "https://x.example/voice/profiles/"),
        ("https://x.example/main/{path}", "https://x.example/main/voice/profiles/base.yaml"),
    ],
)
def test_forms(given: str, address: str) -> None:
    found = links_of(given, BASE, HEAD).to(AT, Side.HEAD)
    assert found is not None
    assert found.startswith(address)


def test_a_place_is_looked_up_in_its_own_state() -> None:
    links = links_of("https://github.com/o/r", BASE, HEAD)
    expected = f"https://github.com/o/r/blob/{'b' * 40}/profiles/base.yaml#L7"
    assert links.to(AT, Side.BASE) == expected


def test_what_is_no_commit_has_no_address_but_that_of_a_fixed_branch() -> None:
    links = links_of("https://github.com/o/r", BASE, TREE)
    assert links.to(AT, Side.HEAD) is None
    fixed = links_of("https://x.example/main/{path}#L{line}", BASE, TREE)
    assert fixed.to(AT, Side.HEAD) == "https://x.example/main/voice/profiles/base.yaml#L7"
    assert fixed.to(AT, Side.BASE) is None


def test_a_name_cannot_leave_its_place_in_the_address() -> None:
    odd = Origin('profiles/a b)](javascript:x)"<é>#?{line}%.yaml', 1, 1)
    found = links_of("https://x.example/{path}", BASE, HEAD).to(odd, Side.HEAD)
    assert found == (
        "https://x.example/voice/profiles/a%20b%29%5D%28javascript%3Ax%29%22%3C%C3%A9%3E%23%3F"
        "%7Bline%7D%25.yaml"
    )


def test_a_name_that_is_masked_is_not_told_by_its_address() -> None:
    secret = Origin("profiles/sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12.yaml", 1, 1)
    assert links_of("https://github.com/o/r", BASE, HEAD).to(secret, Side.HEAD) is None


def test_without_an_address_there_are_no_links() -> None:
    assert links_of(None, BASE, HEAD).to(AT, Side.HEAD) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("github.com/o/r", "takes the address of a repository"),
        ("javascript:alert(1)", "takes the address of a repository"),
        ("https://x.example/a b", "takes the address of a repository"),
        ("https://x.example/)](x", "takes the address of a repository"),
        ("https://x.example/\n", "takes the address of a repository"),
        ("https:///o/r", "names no host"),
        ("https://me:secret@x.example/o/r", "holds a name or a key"),
        ("https://x.example/{file}", "has no `{file}`"),
        ("https://x.example/{path}{", "has a brace that stands alone"),
        ("https://x.example/{revision}", "leads to no file"),
    ],
)
def test_what_is_no_address(given: str, said: str) -> None:
    with pytest.raises(UsageError, match="--base-url") as raised:
        links_of(given, BASE, HEAD)
    assert said in str(raised.value)
    assert "secret" not in f"{raised.value} {raised.value.hint}"
