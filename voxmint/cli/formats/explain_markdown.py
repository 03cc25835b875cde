"""The reference pages of docs/: the same rows that a screen shows, as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from voxmint.cli.display.pages import Row
from voxmint.cli.formats.explain_rows import (
    ENDS,
    field_rows,
    file_of,
    key_rows,
    kind_rows,
    model_cell,
)
from voxmint.cli.topics import Topics
from voxmint.problems import Kind, Sureness
from voxmint.profiles.directives import ABOUT, EXAMPLES
from voxmint.profiles.keys import Key
from voxmint.profiles.kinds import Group
from voxmint.profiles.models import Model

_MADE = "<!-- made by `make docs`; change the tables, not this page -->"
_COLUMNS = 100


def fields_page(topics: Topics) -> str:
    """The page of fields, models, directives and the keys of files."""
    return page(
        "Fields",
        "What a profile may say of the request, what each model takes, and what else the files of "
        "a project may hold. `voxmint explain NAME` shows the same on a screen.",
        (
            *_fields(topics),
            *_models(topics.models),
            *_directives(topics),
            *_keys(topics.keys),
        ),
    )


def problems_page(topics: Topics) -> str:
    """The page of codes."""
    lists = (line for group in topics.groups for line in _group(group))
    return page(
        "Problems",
        "Every code that a problem can have. A code keeps its name once it is released. An error "
        "fails a run, a warning only with `--strict`, a note never. What is in capitals stands for "
        "a name or value of your files. `voxmint explain CODE` shows the same on a screen.",
        lists,
    )


def page(title: str, about: str, lines: Iterable[str]) -> str:
    """A page of the reference: its head, what the words of sureness mean, and these lines."""
    head = (_MADE, "", f"# {title}", "", *_wrapped(about), *_sureness())
    return "\n".join((*head, *lines)) + "\n"


def _wrapped(text: str, after: str = "") -> list[str]:
    """The text in lines, the first with what stands before it, the others as far to the right."""
    return wrap(
        text,
        _COLUMNS,
        initial_indent=after,
        subsequent_indent=" " * len(after),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sureness() -> Iterator[str]:
    yield from (
        "",
        "Where a fact of the API comes from, and how sure it is, is told in a word:",
        "",
    )
    for sure in Sureness:
        yield f"- **{sure}**: {sure.meaning}"


# ── fields ───────────────────────────────────────────────────────────────────────────────────────


def _fields(topics: Topics) -> Iterator[str]:
    yield from ("", "## The request")
    for entry in topics.fields:
        yield from _entry(entry.path, entry.field.about, field_rows(entry))


def _keys(keys: Sequence[Key]) -> Iterator[str]:
    for file in dict.fromkeys(key.file for key in keys):
        yield from ("", f"## Other keys of {file_of([file])}")
        for key in keys:
            if key.file == file:
                yield from _entry(key.path, key.about, key_rows(key))


def _directives(topics: Topics) -> Iterator[str]:
    yield from ("", "## Directives of the merge")
    for name in topics.directives:
        yield from _entry(name, ABOUT[name], [Row("example", [EXAMPLES[name]], is_code=True)])


def _models(models: Sequence[Model]) -> Iterator[str]:
    yield from ("", "## Models", "")
    names = list(models[0].takes)
    yield from table(
        ["model", *names],
        [[f"`{model.name}`", *(model_cell(model, name) for name in names)] for model in models],
    )
    yield from (
        "",
        f"End of life {ENDS}: " + ", ".join(f"`{one.name}`" for one in models if one.ends),
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table, line by line."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


# ── problems ─────────────────────────────────────────────────────────────────────────────────────


def _group(group: Group) -> Iterator[str]:
    yield from ("", f"## {group.title}")
    if group.page:
        yield from ("", f"[More](../{group.page})")
    for kind in group.kinds:
        yield from _kind(kind, group)


def _kind(kind: Kind, group: Group) -> Iterator[str]:
    about = _wrapped(f"*{kind.severity}.* {kind.about}")
    yield from ("", f"### {kind.code}", "", *about, "")
    for row in kind_rows(kind, group._replace(page="")):
        yield from _row(row)


# ── parts ────────────────────────────────────────────────────────────────────────────────────────


def _entry(name: str, about: str, rows: Sequence[Row]) -> Iterator[str]:
    yield from ("", f"### {name}", "", *_wrapped(about), "")
    for row in rows:
        yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    texts = [text for text in row.texts if text]
    if row.label == "sure":
        # What the word means stands at the head of the page.
        texts = [text.partition(":")[0] for text in texts]
    if row.is_code:
        yield from (f"- {row.label}: `{text}`" for text in texts)
    elif len(texts) == 1:
        yield from _wrapped(f"{row.label}: {texts[0]}", "- ")
    elif texts:
        yield f"- {row.label}:"
        for text in texts:
            yield from _wrapped(text, "  - ")
