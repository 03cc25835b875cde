"""Each store that is registered has all that belongs to one: tests, a page, an extra."""

import subprocess
import sys
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


BARE = """
import sys
for name in sorted({"azure", "boto3", "google", "hvac", "keyring", "lightkube", "nacl"}):
    sys.modules[name] = None

from pathlib import Path

from voxmint.engine.sinks import own_sink
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.problems import ProblemsError

environ = {
    "AZURE_KEYVAULT_URL": "https://clinic.vault.azure.net",
    "GITHUB_REPOSITORY": "clinic/speech",
    "PATH": "/usr/bin:/bin",
}
around = surroundings_of(Path(sys.argv[1]), environ)
around = around._replace(profiles=("clinic",), environ=environ)
for kind in sys.argv[2:]:
    found = own_sink(kind)
    sink = found(found.Options(), around._replace(environment="production"))
    assert [one for one in sink.settled() if one.is_error] == [], kind
    try:
        sink.store
    except ProblemsError as error:
        [problem] = error.problems
        print(kind, problem.code, problem.hint)
"""


def test_without_its_extra_each_says_the_command_that_installs_it(tmp_path: Path) -> None:
    """Whatever else is missing, as an address or credentials; and nothing else needs a client."""
    command = [sys.executable, "-c", BARE, str(tmp_path), *STORES]
    where = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"{kind} store-package-missing pip install 'voxmint[{store(kind).extra}]'"
        for kind in STORES
    ]


@pytest.mark.parametrize("kind", STORES)
def test_the_name_it_has_unless_told_otherwise_is_one_that_it_takes(kind: str) -> None:
    found = store(kind)
    template = str(found.Options.model_fields["name"].default)
    assert found.form.takes(Naming(template, "production", found.form, {}).object_of("clinic"))
