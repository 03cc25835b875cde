"""Keys in Google Secret Manager, faked, and asked by Google's SDK in its usual settings."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.mints import KEY
from tests.engine.worlds import problem_of
from tests.stores.servers.gcp import PROJECT, REGION, Fault, Gcp
from voxmint.engine.upstream.keystores import ALLOW_SECRETS, Wanted, from_store
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.key_stores import KeyInGcp

NAME = "speech-openai"
PATH = f"projects/{PROJECT}/secrets/{NAME}"
ALLOWED = {ALLOW_SECRETS: f"gcp:{NAME}"}


def key(environ: Mapping[str, str] = ALLOWED, **about: Any) -> str:
    return from_store(Wanted("gcp", KeyInGcp(secret=NAME, **about), environ), None)


def refused(environ: Mapping[str, str] = ALLOWED, **about: Any) -> Problem:
    with pytest.raises(ProblemsError) as raised:
        key(environ, **about)
    # The client's own error goes along with nothing.
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    problem = problem_of(raised)
    assert KEY not in problem.message
    return problem


def test_one_right_is_enough_for_the_latest_text_or_a_member_of_it(gcp: Gcp) -> None:
    gcp.put(PATH, "sk-an-older-one", KEY)
    with gcp.allowing("versions.access"):
        assert key() == KEY
    gcp.put(PATH, json.dumps({"api_key": KEY}))
    assert key(field="api_key") == KEY
    assert set(gcp.calls) == {"AccessSecretVersion"}


def test_what_is_no_key_or_must_not_be_read_is_told(gcp: Gcp) -> None:
    said = "there is no such secret, or it holds no text that can be read"
    message = f"Google Secret Manager has no key in `{NAME}`: {said}"
    problem = refused()
    assert (problem.code, problem.message) == ("key-store-lacks", message)
    gcp.put(PATH, KEY)
    gcp.versions[PATH][-1].state = "DISABLED"
    assert refused().message == message
    with gcp.allowing("secrets.get"):
        problem = refused()
    assert problem.code == "key-store-failed"
    assert "secretmanager.versions.access" in problem.message
    with gcp.unknown_account():
        assert refused().code == "key-store-failed"


@pytest.mark.parametrize("named", ["", "gcp:speech-other", f"aws:{NAME}", NAME])
def test_a_secret_that_the_operator_did_not_name_is_not_asked_for(gcp: Gcp, named: str) -> None:
    gcp.put(PATH, KEY)
    problem = refused({ALLOW_SECRETS: named})
    assert (problem.code, problem.hint) == ("key-store-forbidden", f"{ALLOW_SECRETS}=gcp:{NAME}")
    assert gcp.calls == []


def test_a_project_in_the_file_counts_only_where_the_operator_allows_it(gcp: Gcp) -> None:
    gcp.put(f"projects/other/secrets/{NAME}", KEY)
    problem = refused({**ALLOWED, "GOOGLE_CLOUD_PROJECT": PROJECT}, project="other")
    assert (problem.code, problem.message, problem.hint) == (
        "key-store-elsewhere",
        "the key would be read from other in Google Secret Manager, and nobody here allowed that",
        "if it is meant, whoever runs this sets VOXMINT_ALLOW_PROJECTS=other",
    )
    assert gcp.calls == []
    for allowed in ({"VOXMINT_ALLOW_PROJECTS": "x, other"}, {"GOOGLE_CLOUD_PROJECT": "other"}):
        assert key({**ALLOWED, **allowed}, project="other") == KEY


def test_a_regional_secret_is_asked_for_in_its_location(gcp: Gcp) -> None:
    gcp.put(f"projects/{PROJECT}/locations/{REGION}/secrets/{NAME}", KEY)
    assert key(location=REGION) == KEY
    assert refused().code == "key-store-lacks"


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.LOST, Fault.APPLIED, Fault.BUSY])
def test_a_network_that_fails_once_is_no_matter(gcp: Gcp, fault: Fault) -> None:
    gcp.put(PATH, KEY)
    with gcp.failing(gcp.failing_number(0, fault)):
        assert key() == KEY


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.EMPTY, "its answer was cut short"),
        (Fault.CORRUPT, "its answer does not match its checksum"),
    ],
)
def test_from_an_unsound_answer_no_key_is_made(gcp: Gcp, fault: Fault, said: str) -> None:
    gcp.put(PATH, KEY)
    with gcp.failing(lambda _: fault):
        problem = refused()
    assert (problem.code, said in problem.message) == ("key-store-failed", True)


def test_a_quota_that_is_used_up_is_told_at_once(gcp: Gcp) -> None:
    gcp.put(PATH, KEY)
    with gcp.failing(lambda _: Fault.FULL):
        problem = refused()
    assert problem.code == "key-store-failed"
    assert "RESOURCE_QUOTA_EXCEEDED" in problem.message
    assert gcp.calls == ["AccessSecretVersion"]
