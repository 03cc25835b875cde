"""Writes docs/reference from the tables: `python -m voxmint.cli.reference docs/reference`."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

from voxmint.cli.formats.explain_markdown import fields_page, problems_page
from voxmint.cli.formats.rules_markdown import rules_page
from voxmint.cli.topics import everything


def pages() -> Mapping[str, str]:
    """The text of each page, by its file's name."""
    topics = everything()
    return {
        "fields.md": fields_page(topics),
        "problems.md": problems_page(topics),
        "rules.md": rules_page(),
    }


def write_to(folder: Path) -> None:
    """Writes the pages into the folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = ArgumentParser("python -m voxmint.cli.reference", description="Writes the reference.")
    parser.add_argument("folder", type=Path, help="where the pages go, made if need be")
    write_to(parser.parse_args().folder)
