"""What a mint says of a field that the service refuses."""

import json
from pathlib import Path

from tests.cli.running import ran
from tests.engine.mints import against, desk
from tests.engine.scripted import Scripted, each, said
from tests.engine.worlds import environ

OWN_MODEL = """\
extends: base
session:
  input_audio_transcription: {model: gpt-transcribe}
"""


def test_a_field_that_is_refused_is_shown_where_it_is_set(tmp_path: Path) -> None:
    error = {"message": "Unsupported model", "param": "input_audio_transcription.model"}
    with Scripted(each(said({"error": error}, 400))) as server:
        made = against(server, desk(tmp_path, ["clinic", "lobby", "ward"]))
        made.write("profiles/ward.yaml", OWN_MODEL)
        variables = environ(tmp_path) | made.environ
        text = ran(made.root, "mint", "-e", "live", environ=variables)
        found = ran(made.root, "mint", "-e", "live", "-o", "json", environ=variables)
    assert text.code == 1
    assert (
        "failed     clinic, lobby, ward   400 Unsupported model\n"
        "           set at profiles/base.yaml:3:38, profiles/ward.yaml:3:38\n"
    ) in text.out
    errors = {one["profile"]: one["error"] for one in json.loads(found.out)["results"]}
    assert errors["ward"] == {
        "code": "mint-refused",
        "message": "400 Unsupported model",
        "at": {"file": "profiles/ward.yaml", "line": 3, "column": 38},
    }
