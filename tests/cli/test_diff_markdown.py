"""What a comment on a pull request holds: nothing that a file could bring in, and never too much.

It is read as GitHub reads it: by a parser of CommonMark with tables and bare addresses, and what
comes out of that by one of HTML.
"""

import io
import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from string import ascii_letters, digits

import pytest
from hypothesis import Phase, given, settings, strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.cli.differences import SIGN, comparison_of, differences, many, partly_untold, texts
from tests.profiles.laws import law
from voxmint.cli.display.screen import Screen
from voxmint.cli.formats import diff_markdown
from voxmint.cli.formats.diff_told import Layout
from voxmint.cli.formats.links import Links, links_of
from voxmint.cli.formats.markdown import Section, code, fitted, length
from voxmint.engine.comparing import Comparison
from voxmint.profiles.diff.result import Difference

ADDRESS = "https://code.example/hospital/voice"
PARSER = MarkdownIt("gfm-like", {"html": True, "linkify": True})
TAGS = {"details", "summary", "code", "a"}


def written(
    comparison: Comparison, links: Links | None = None, layout: Layout | None = None
) -> str:
    out = io.StringIO()
    diff_markdown.write(Screen(out, {}), comparison, links or Links(), layout or Layout())
    return out.getvalue()


class Read(HTMLParser):
    """What a comment is once it is HTML: its tags, its addresses, and its text outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.text = self.code = ""
        self.remarks: list[str] = []
        self._depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        self._depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.code += data
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.remarks.append(data)

    def handle_decl(self, decl: str) -> None:
        self.remarks.append(decl)

    def handle_pi(self, data: str) -> None:
        self.remarks.append(data)

    def unknown_decl(self, data: str) -> None:
        self.remarks.append(data)


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


OURS = {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "p", "strong", "em", *TAGS}


_ADDRESS = f"{ascii_letters}{digits}-._~:/#%"


# Differences take long to draw, so that one is looked at in every way, and none is made smaller.
@settings(law(25), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(differences(), st.builds(Layout, *[st.booleans()] * 3))
def test_nothing_from_a_file_is_markup(difference: Difference, layout: Layout) -> None:
    comparison = comparison_of(difference, (SIGN + "<b>`|@x", SIGN + "[a](b)"))
    links = links_of(ADDRESS, comparison.base, comparison.head)
    text = written(comparison, links, layout)
    nothing_is_markup(text)
    each_row_has_its_columns(text)
    nothing_is_hidden(text)


def nothing_is_markup(text: str) -> None:
    read = Read(PARSER.render(text))
    assert read.tags <= OURS
    assert read.attributes <= {"href", "style"}
    assert read.remarks == []
    # All that came from a file stands in code, where no mention or reference is looked for.
    assert SIGN not in read.text
    assert SIGN in read.code
    assert "@" not in read.text
    assert not re.search(r"#\d|GH-\d|!\d|www\.|://", read.text)
    assert all(one.startswith(f"{ADDRESS}/blob/") for one in read.addresses)
    assert all(set(one) <= set(_ADDRESS) for one in read.addresses)
    assert {token.type for token in tokens(text)}.isdisjoint(
        {"image", "fence", "code_block", "heading_open", "hr", "blockquote_open", "html_inline"}
    )


def each_row_has_its_columns(text: str) -> None:
    """A `|` from a file neither adds a column nor takes one away."""
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    html = PARSER.render(text)
    assert html.count("<tr>") == sum(not set(row) <= set("|- :") for row in rows)
    for table in re.findall(r"<table>(.*?)</table>", html, re.DOTALL):
        heads = len(re.findall(r"<th[ >]", table))
        cells = re.findall(r"<td[^>]*>(.*?)</td>", table, re.DOTALL)
        assert len(cells) % heads == 0
        # A last cell of the details says which bodies: it would be dropped, or be another.
        if ">value<" in table:
            assert all(re.fullmatch(r".*\bin <code>.*|\d.*", one) for one in cells[2::heads])
        else:
            assert all(re.fullmatch(r"[\d,]+", one) for one in cells[2::heads])


def nothing_is_hidden(text: str) -> None:
    inner = text.replace("\n", "")
    assert not [one for one in inner if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Cs")]
    assert not re.search("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f]", inner)


@given(texts)
def test_a_span_of_code_is_one_span(text: str) -> None:
    [_, inline, _] = PARSER.parse(f"{code(text)} x".replace("\\|", "|"))
    first, *others = inline.children or []
    assert first.type == "code_inline"
    assert [one.content for one in others] == [" x"]


@pytest.mark.parametrize("text", ["word", "é" * 100, "😀 " * 90, "`" * 90, "e" + "\u0301" * 200])
@pytest.mark.parametrize("count", [1, 40, 300])
def test_it_is_never_too_long(text: str, count: int) -> None:
    """Whole edits are left out, and counted; so are whole bodies."""
    found = written(comparison_of(many(count, text)), Links(), Layout(is_full=True))
    assert length(found) <= 65_000
    assert len(found.encode("utf-16-le")) // 2 <= 65_536
    shown = found.count("<summary><code>")
    left = re.search(r"\*\*([\d,]+) more edits?\*\*", found)
    assert shown + (int(left[1].replace(",", "")) if left else 0) == count
    assert found.count("</details>") == found.count("<details>") == shown + 1
    bodies = len(re.findall(r"^- `profile-\d+` in ", found, re.MULTILINE))
    more = re.search(r"^- and ([\d,]+) more bod(?:y|ies)$", found, re.MULTILINE)
    assert bodies + (int(more[1].replace(",", "")) if more else 0) == count
    assert shown == len(re.findall(r"^\| `profiles", found, re.MULTILINE))
    assert shown > 30 or shown == count


def test_long_names_of_environments_leave_room() -> None:
    difference = many(3, "x")
    comparison = comparison_of(difference, ("n" * 70_000, "m" * 70_000))
    assert length(written(comparison)) < 65_000


@law(50)
@given(st.lists(st.lists(st.text(max_size=9), max_size=9), max_size=4), st.integers(40, 200))
def test_what_fits_is_shown_and_no_more(lists: list[list[str]], most: int) -> None:
    def section(items: list[str], rank: int) -> Section:
        return Section(
            len(items),
            lambda count: "".join(items[:count]) + f"({len(items) - count})",
            rank,
        )

    sections = [section(items, -place) for place, items in enumerate(lists)]
    text = fitted(sections, most)
    assert length(text) <= most
    if sum(length(one.written(one.items)) + 2 for one in sections) <= most:
        assert text == "\n\n".join(one.written(one.items) for one in sections)


def test_it_says_where_nothing_can_be_said() -> None:
    lines = written(comparison_of(partly_untold())).splitlines()
    assert (
        "- `profiles/base.yaml:1` `vars.x 1 → 2`: no effect, `no value there depends on it` "
        "(`clinic` in `local`); nothing can be said of bodies that are or were invalid"
    ) in lines
    assert (
        "- `profiles/w.yaml` differs in bodies that are or were invalid, of which nothing can be "
        "said"
    ) in lines
