"""Each store that is registered has all that belongs to one: tests, a page, an extra."""

import tomllib
from pathlib import Path

import pytest

from voxmint.engine.sinks import SINKS, own_sink
from voxmint.engine.stores.naming import Naming
from voxmint.engine.stores.sink import StoreSink

ROOT = Path(__file__).resolve().parents[2]
STORES = sorted(kind for kind, home in SINKS.items() if ".stores." in home)


def store(kind: str) -> type[StoreSink]:
    found = own_sink(kind)
    assert found is not None
    assert issubclass(found, StoreSink)
    return found


@pytest.mark.parametrize("kind", STORES)
def test_it_is_held_against_the_contract(kind: str) -> None:
    module = store(kind).__module__.rpartition(".")[2]
    text = (ROOT / f"tests/stores/test_{module}.py").read_text(encoding="utf-8")
    assert f'"{kind}"' in text
    assert "(SinkContract)" in text


@pytest.mark.parametrize("kind", STORES)
def test_it_has_a_page_that_the_list_of_stores_leads_to(kind: str) -> None:
    page = ROOT / store(kind).page
    assert f"kind: {kind}\n" in page.read_text(encoding="utf-8")
    for index in ("docs/stores.md", "docs/README.md"):
        assert f"(stores/{page.name})" in (ROOT / index).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", STORES)
def test_its_client_comes_with_an_extra_and_with_all_of_them(kind: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert store(kind).extra in extras
    [together] = extras["stores"]
    assert store(kind).extra in together.partition("[")[2].rstrip("]").split(",")


@pytest.mark.parametrize("kind", STORES)
def test_the_name_it_has_unless_told_otherwise_is_one_that_it_takes(kind: str) -> None:
    found = store(kind)
    template = str(found.Options.model_fields["name"].default)
    assert found.form.takes(Naming(template, "production", found.form, {}).object_of("clinic"))
