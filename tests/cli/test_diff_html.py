"""The page of a difference: it loads nothing, reads without a script, and holds no one's markup."""

import base64
import hashlib
import io
import os
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from syrupy.assertion import SnapshotAssertion

from tests.cli.differences import SIGN, comparison_of, differences, partly_untold
from tests.cli.running import ran, write
from tests.cli.test_diff import NEW, OLD
from tests.profiles.laws import law
from voxmint.cli.display.screen import Screen
from voxmint.cli.formats import diff_html
from voxmint.cli.formats.links import Links, links_of
from voxmint.profiles.diff.result import Difference

ADDRESS = "https://code.example/hospital/voice/blob/main/{path}#L{line}"
ROOT = Path(diff_html.__file__).parents[1] / "templates/diff"


class Page(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.remarks: list[str] = []
        self._inside: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag in ("style", "script", "title"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside[-1:] == [tag]:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        where = self._inside[-1] if self._inside else "text"
        self.texts[where] = self.texts.get(where, "") + data

    def handle_comment(self, data: str) -> None:
        self.remarks.append(data)

    def all(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("projects")
    write(folder / "old", OLD)
    write(folder / "new", NEW)
    arguments = ("diff", "old", "new", "-o", "html", "--base-url", ADDRESS)
    done = ran(folder, *arguments, environ={"PATH": os.environ["PATH"]})
    assert (done.code, done.err) == (1, "")
    return done.out


@pytest.fixture
def page(html: str) -> Page:
    return Page(html)


def test_the_page(html: str, snapshot: SnapshotAssertion) -> None:
    """All of it but the style and the script, which are files, and their digests."""
    rest = re.sub(r"<(style|script)>.*?</\1>", r"<\1>…</\1>", html, flags=re.DOTALL)
    assert re.sub(r"sha256-[\w+/=]+", "sha256-…", rest) == snapshot


def test_it_loads_nothing_and_runs_nothing_but_its_own(page: Page) -> None:
    [policy] = [one["content"] for one in page.of("meta") if "http-equiv" in one]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for name in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.texts[name].encode()).digest()).decode()
        assert rules.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert rules == {}
    used = {tag for tag, _ in page.tags}
    assert used.isdisjoint({"link", "img", "iframe", "object", "embed", "base", "form", "audio"})
    names = {name for _, attrs in page.tags for name in attrs}
    assert names.isdisjoint({"src", "style", "srcset", "action", "xlink:href"})
    assert not [name for name in names if name.startswith("on")]
    assert not re.search(r"url\(|@import|@font-face", page.texts["style"])
    assert not re.search(r"fetch|XMLHttp|innerHTML|eval|document\.write", page.texts["script"])


def test_it_can_be_read_by_a_screen_reader(page: Page) -> None:
    assert page.of("html") == [{"lang": "en"}]
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "for"):
        assert set(page.all(name)) <= set(ids)
    inner = [one.removeprefix("#") for one in page.all("href") if one.startswith("#")]
    assert inner
    assert set(inner) <= set(ids)
    assert [len(page.of(tag)) for tag in ("h1", "main", "header", "footer", "nav")] == [1] * 5
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(other - one <= 1 for one, other in pairwise(levels))
    assert {one.get("scope") for one in page.of("th")} == {"col", "row"}
    assert all("aria-label" in one or "aria-labelledby" in one for one in page.of("nav"))
    scrolled = [one for one in page.of("div") if "scroll" in one.get("class", "")]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in scrolled)
    regions = [one["aria-labelledby"] for one in page.of("section")]
    assert all(one.get("aria-labelledby") not in regions for one in page.of("div"))
    assert (
        set(page.all("aria-labelledby"))
        >= {"matrix"}
        == {one["aria-labelledby"] for one in page.of("table")}
    )


def test_without_its_script_only_the_filter_is_missing(page: Page) -> None:
    hidden = [attrs for _, attrs in page.tags if "hidden" in attrs]
    assert [one["role"] for one in hidden] == ["search"]


def test_all_parts_are_there(page: Page) -> None:
    parts = [one["href"] for one in page.of("a") if one["href"].startswith("#")][1:7]
    assert parts == ["#problems", "#edits", "#fates", "#matrix", "#picture", "#idle"]
    assert "input_audio_transcription.model" in page.texts["text"]


def test_a_new_base_is_marked_in_the_picture(tmp_path: Path) -> None:
    base = "abstract: true\nsession: {input_audio_transcription: {model: gpt-transcribe}}\n"
    loud = "abstract: true\nsession: {turn_detection: null}\n"
    local = {
        "voxmint.yaml": "version: 1\n",
        "environments/local.yaml": "provider: {kind: emulator}",
    }
    files = {"profiles/base.yaml": base, "profiles/p.yaml": "extends: base\n"}
    write(tmp_path / "old", {**local, **files})
    fresh = {"profiles/loud.yaml": loud, "profiles/p.yaml": "extends: [base, loud]\n"}
    write(tmp_path / "new", {**local, **files, **fresh})
    found = ran(tmp_path, "diff", "old", "new", "-o", "html", environ={"PATH": os.environ["PATH"]})
    assert re.search(r"^loud +new, abstract$", found.out, re.MULTILINE)
    assert re.search(r"^<pre>base +abstract$|base +abstract$", found.out, re.MULTILINE)


def test_problems_of_before_are_listed_where_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "old", OLD)
    write(tmp_path / "new", NEW)
    arguments = ("diff", "old", "new", "-e", "local", "broken", "-o", "html")
    environ = {"PATH": os.environ["PATH"]}
    usual, verbose = (
        Page(ran(tmp_path, *flags, *arguments, environ=environ).out) for flags in ((), ("-v",))
    )
    assert "problems from before: `voxmint diff -v` lists them" in usual.texts["text"]
    assert "#known" in verbose.all("href")
    assert "old error" in verbose.texts["text"]
    assert "lists them" not in verbose.texts["text"]


def test_every_place_of_the_head_leads_to_its_line(page: Page) -> None:
    outer = {one for one in page.all("href") if not one.startswith("#")}
    assert "https://code.example/hospital/voice/blob/main/profiles/base.yaml#L7" in outer
    assert all(one.startswith("https://code.example/hospital/voice/blob/main/") for one in outer)
    assert all(one["rel"] == "noreferrer" for one in page.of("a") if one["href"] in outer)


@settings(law(15), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(differences())
def test_nothing_from_a_file_is_markup(difference: Difference) -> None:
    """Phases: a difference takes long to draw, so that none is made smaller."""
    comparison = comparison_of(difference, (SIGN + "<b>", SIGN + "</title><script>"))
    out = io.StringIO()
    links = links_of("https://code.example/a/b", comparison.base, comparison.head)
    diff_html.write(Screen(out, {}), comparison, links)
    page = Page(out.getvalue())
    assert page.remarks == []
    assert {tag for tag, _ in page.tags} <= TAGS
    values = [value for _, attrs in page.tags for value in attrs.values()]
    assert not [value for value in values if SIGN in value]
    addresses = [one for one in page.all("href") if not one.startswith("#")]
    assert all(one.startswith("https://code.example/a/b/blob/") for one in addresses)
    assert page.texts["script"] == (ROOT / "page.js").read_text(encoding="utf-8")
    text = page.texts["text"] + page.texts["title"]
    assert SIGN in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e]", text)


TAGS = set(
    """
    html head meta title style script body header main footer nav section article h1 h2 h3 p ul li a
    div span bdi strong code del ins i details summary label input table thead tbody tr th td svg g
    rect path text wbr pre
    """.split()
)


# ── colours ──────────────────────────────────────────────────────────────────────────────────────


PAIRS = [
    ("ink", "back"),
    ("ink", "raised"),
    ("dim", "back"),
    ("dim", "raised"),
    ("link", "back"),
    ("in", "in-back"),
    ("out", "out-back"),
    ("in", "back"),
    ("out", "back"),
    ("mark", "mark-back"),
    ("mark", "back"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_text_can_be_told_from_what_is_behind_it(scheme: str, front: str, back: str) -> None:
    """At least 4.5 to 1, as the Web Content Accessibility Guidelines ask of text (AA)."""
    light, dark = re.findall(r":root \{(.*?)\}", (ROOT / "page.css").read_text(), re.DOTALL)
    colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light if scheme == "light" else dark))
    bright, dim = sorted(map(luminance, (colors[front], colors[back])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_it_says_where_nothing_can_be_said() -> None:
    out = io.StringIO()
    diff_html.write(Screen(out, {}), comparison_of(partly_untold()), Links())
    told = " ".join(Page(out.getvalue()).texts["text"].split())
    assert "nothing can be said of bodies that are or were invalid" in told
    assert (
        "profiles/w.yaml differs in bodies that are or were invalid, of which nothing can be said"
        in told
    )
