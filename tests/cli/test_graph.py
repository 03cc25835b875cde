"""What `graph` shows: who extends whom and where overlay items apply, in each of its forms."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.cli.differences import texts
from tests.cli.running import Ran, environment, ran, write
from voxmint.cli.formats.graph_links import _dot, _mermaid
from voxmint.cli.formats.graph_svg import picture
from voxmint.origin import Origin
from voxmint.profiles.graph import Graph, Node, Overlay

FORMS = ("text", "json", "mermaid", "dot", "svg")
FILES: Mapping[str, str] = {
    "voxmint.yaml": "version: 1\n",
    "profiles/base.yaml": "abstract: true\n",
    "profiles/bases/loud.yaml": "abstract: true\nextends: base\nlabels: {room: loud}\n",
    "profiles/bases/phone.yaml": "abstract: true\nextends: base\n",
    "profiles/clinic.yaml": "extends: base\n",
    "profiles/hotline.yaml": "extends: [bases/phone, bases/loud]\n",
    "profiles/hotline-night.yaml": "extends: hotline\n",
    "profiles/lonely.yaml": "session: {}\n",
    "environments/local.yaml": "provider: {kind: emulator}\n",
    "environments/cloud.yaml": """\
abstract: true
provider: {kind: openai, key: {env: OPENAI_API_KEY}}
overlay:
  - session: {input_audio_noise_reduction: {type: near_field}}
""",
    "environments/production.yaml": """\
extends: cloud
profiles: ["*", "!lonely"]
overlay:
  - where: {labels: {room: loud}}
    session: {turn_detection: {type: server_vad, threshold: 0.7}}
  - where: {names: nobody}
    session: {turn_detection: {type: server_vad}}
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


def graph(folder: Path, *arguments: str) -> Ran:
    return ran(folder, "graph", *arguments)


@pytest.mark.parametrize("form", FORMS)
def test_forms(project: Path, form: str, snapshot: SnapshotAssertion) -> None:
    assert str(graph(project, "-o", form)) == snapshot


@pytest.mark.parametrize(
    "arguments",
    [
        ("bases/phone",),
        ("hot*", "-e", "production"),
        ("-e", "production"),
        ("-e", "local", "-v"),
        ("clinc",),
        ("-e", "prodution"),
        ("no*body",),
    ],
    ids=" ".join,
)
def test_a_part(project: Path, arguments: tuple[str, ...], snapshot: SnapshotAssertion) -> None:
    assert str(graph(project, *arguments)) == snapshot


def test_a_narrow_screen(project: Path, snapshot: SnapshotAssertion) -> None:
    assert ran(project, "graph", environ={"COLUMNS": "40"}).out == snapshot


def test_what_cannot_be_made_out_is_told(project: Path) -> None:
    write(project, {"profiles/lost.yaml": "extends: nobody\n"})
    found = graph(project)
    assert found.code == 1
    assert "lonely" in found.out
    assert "lost" not in found.out
    assert "error[unknown-profile]" in found.err


def test_an_empty_project(tmp_path: Path) -> None:
    write(
        tmp_path, {"voxmint.yaml": "version: 1\n", "profiles/.keep": "", "environments/.keep": ""}
    )
    for form in FORMS:
        assert graph(tmp_path, "-o", form).code == 0


def test_the_same_input_gives_the_same_bytes(project: Path) -> None:
    for form in ("json", "svg"):
        runs = {
            subprocess.run(
                [sys.executable, "-m", "voxmint", "graph", "-o", form],
                cwd=project,
                env=environment(project, PYTHONHASHSEED=seed),
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert len(runs) == 1


def test_a_key_is_masked(project: Path) -> None:
    key = "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12"
    write(project, {f"profiles/{key}.yaml": f"extends: base\nlabels: {{x: {key}}}\n"})
    for form in FORMS:
        found = graph(project, "-o", form)
        assert "sk-" in found.out
        assert key[10:] not in found.out + found.err


# ── any names ────────────────────────────────────────────────────────────────────────────────────


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = draw(st.lists(texts, min_size=1, max_size=6, unique=True))
    nodes = tuple(
        Node(name, f"{at}.yaml", tuple(draw(st.sets(st.sampled_from(names[:at]))) if at else ()))
        for at, name in enumerate(names)
    )
    places = (Node(draw(texts), "e.yaml"),)
    at = Origin(draw(texts), 1, 1)
    bodies = tuple((name, places[0].name) for name in names)
    return Graph(nodes, places, (Overlay(1, places[0].name, draw(texts), at, bodies, 9),))


@given(graphs())
def test_no_name_is_more_than_a_label(found: Graph) -> None:
    edges = sum(len(node.bases) for node in found.profiles)
    count = len(found.profiles)
    lines = list(_mermaid(found))
    label = r"[\w ./=,#;-]*"
    assert sum(bool(re.fullmatch(r" +p\d+ --> p\d+", line)) for line in lines) == edges
    assert sum(bool(re.fullmatch(rf' +p\d+\["{label}"\]', line)) for line in lines) == count
    assert len(lines) == 1 + (count + edges + 2) + 3 + (2 + count) + 2

    lines = list(_dot(found))
    label = r'(?:[^"\\]|\\["\\])*'
    assert sum(bool(re.fullmatch(r" +p\d+ -> p\d+;", line)) for line in lines) == edges
    assert sum(bool(re.fullmatch(rf' +p\d+ \[label="{label}"\];', line)) for line in lines) == count
    assert len(lines) == 3 + (count + edges + 3) + 4 + (2 + count) + 1
    assert not [line for line in lines if re.search(r"&(?!amp;)", line)]

    root = ElementTree.fromstring(picture(found))
    tags = [one.tag.rpartition("}")[2] for one in root.iter()]
    assert set(tags) <= {"svg", "title", "g", "rect", "path", "text"}
    assert (tags.count("rect"), tags.count("path")) == (count + 1, edges)
    assert {name for one in root.iter() for name in one.attrib} <= ATTRIBUTES


ATTRIBUTES = set(
    "class role width height viewBox aria-labelledby id transform x y rx d text-anchor".split()
)


def test_profiles_that_look_alike_stand_in_one_box() -> None:
    nodes = [Node("base", "base.yaml", (), True)]
    nodes += [Node(f"ward-{at:03}", f"{at}.yaml", ("base",)) for at in range(100)]
    found = Graph(tuple(nodes))
    counts = {f"ward-{at:03}": 2 for at in range(90)}
    text = picture(found, {"7.yaml": "edited"}, counts, most=6)
    assert text.count("<rect") == 4
    assert "ward-000 … ward-089 (89)" in text
    assert "178 bodies changed" in text
    assert "edited · 2 bodies changed" in text
    assert "ward-090 … ward-099 (10)" in text
    assert picture(found).count("<rect") == 101


def test_the_json_says_what_the_page_says(project: Path) -> None:
    content = json.loads(graph(project, "-o", "json").out)
    assert [one["where"] for one in content["overlays"]] == [None, "room=loud", "names nobody"]
    assert content["overlays"][1]["bodies"] == [
        ["hotline", "production"],
        ["hotline-night", "production"],
    ]
