"""Models and the deployments that an Azure resource knows them by."""

import pytest

from tests.sources import compiled
from voxmint.problems import Problem
from voxmint.profiles.blame import blame
from voxmint.profiles.compiled import Compilation

AZURE = "provider: {kind: azure, url: https://clinic.openai.azure.com, deployments: %s}\n"


def asking(model: str) -> str:
    return f"session: {{input_audio_transcription: {{model: {model}}}}}\n"


def on_azure(deployments: str, **profiles: str) -> Compilation:
    return compiled(profiles, {"live": AZURE % deployments})


def warnings(compilation: Compilation) -> list[Problem]:
    return [one for one in compilation.problems if one.code == "model-not-deployed"]


@pytest.mark.parametrize(
    ("deployments", "model", "count"),
    [
        ("{}", "gpt-transcribe", 1),
        ("{gpt-transcribe: ward}", "whisper-1", 1),
        ("{gpt-transcribe: ward}", "gpt-transcribe", 0),
        ("{whisper-1: whisper-1}", "whisper-1", 0),
        # What nobody here knows as a model may be the name of a deployment.
        ("{}", "ward", 0),
        ("{gpt-transcribe: ward}", "ward", 0),
        ("{gpt-transcribe: ward}", "another", 1),
        ("{own: ward}", "own", 0),
        # Of a map that is wrong, what is wrong is said, and nothing else.
        ("{$unset: true}", "whisper-1", 1),
    ],
)
def test_a_model_without_a_deployment_is_warned_of(
    deployments: str, model: str, count: int
) -> None:
    assert len(warnings(on_azure(deployments, p=asking(model)))) == count


def test_it_is_one_warning_however_many_profiles_ask() -> None:
    profiles = {f"p{number}": asking("whisper-1") for number in range(5)}
    [found] = warnings(on_azure("{gpt-transcribe: ward}", **profiles, q=asking("gpt-transcribe")))
    assert found.affects == tuple((name, "live") for name in profiles)
    assert [str(one.at.file) for one in found.related] == [
        f"profiles/p{number}.yaml" for number in range(3)
    ]


def test_a_base_that_asks_is_one_place() -> None:
    heirs = dict.fromkeys(("p", "q"), "extends: base\n")
    [found] = warnings(on_azure("{}", base=f"abstract: true\n{asking('whisper-1')}", **heirs))
    assert [one.at.file for one in found.related] == ["profiles/base.yaml"]
    assert [profile for profile, _ in found.affects] == ["p", "q"]


def test_environments_that_inherit_the_provider_lack_it_once() -> None:
    environments = {"base": f"abstract: true\n{AZURE % '{}'}"}
    environments |= {"one": "extends: base\n", "other": "extends: base\n"}
    [found] = warnings(compiled({"p": asking("whisper-1")}, environments))
    assert found.affects == (("p", "one"), ("p", "other"))
    assert found.at is not None
    assert found.at.file == "environments/base.yaml"


def test_a_deployment_has_a_name() -> None:
    [problem] = on_azure("{whisper-1: ''}", p=asking("whisper-1")).errors
    assert problem.message == "`provider.deployments.whisper-1`: must not be empty"


@pytest.mark.parametrize("kind", ["openai", "emulator"])
def test_others_know_models_by_their_names(kind: str) -> None:
    compilation = compiled({"p": asking("whisper-1")}, {"e": f"provider: {{kind: {kind}}}\n"})
    assert warnings(compilation) == []


def test_blame_says_where_a_model_is_mapped() -> None:
    compilation = on_azure("{whisper-1: ward}", p=asking("whisper-1"))
    body, provider = compilation.bodies["p", "live"], compilation.environments["live"]
    found = blame(body, compilation.profiles["p"], compilation.texts, provider.provider_cell)
    sent = {one.path: one.sent_as for one in found if one.sent_as}
    [(path, used)] = sent.items()
    assert path == "input_audio_transcription.model"
    assert (used.name, used.value, used.at.file) == (
        "deployments.whisper-1",
        "ward",
        "environments/live.yaml",
    )
    # Compiling keeps the model; what is sent is the engine's matter.
    assert body.session["input_audio_transcription"]["model"] == "whisper-1"
