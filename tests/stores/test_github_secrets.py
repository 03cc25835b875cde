"""GitHub's secrets, by a fake of ours, asked over HTTP as GitHub itself would be."""

from pathlib import Path
from typing import Any

import pytest

from tests.stores.githubs import (
    MARKS,
    NAME,
    PLACES,
    Github,
    failed,
    placed,
    refused,
    refusing,
    written,
)
from tests.stores.servers.github import (
    Answer,
    GithubFake,
    Kept,
    Request,
)
from voxmint.engine.sinks.contract import Change, Finished, Unfinished
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    REMOVED,
    UNCHANGED,
    WRITTEN,
    Destination,
    SinkContract,
    delivering,
    known,
    session,
)


class TestSecretsOfARepository(SinkContract):
    @pytest.fixture
    def destination(self, github: Github) -> Destination:
        return github


# ── what a secret is ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", PLACES)
def test_it_is_written_renewed_and_taken_out_in_each_place(
    github_fake: GithubFake, tmp_path: Path, place: str
) -> None:
    github = placed(github_fake, tmp_path, place)
    assert github.sink("clinic").kind == "github-secrets"
    for number in (1, 2):
        written(github, number)
        assert github.read() == {"clinic": known("clinic", number)}
        assert github.sink("clinic").holds() == {"clinic"}
    assert github.sink("clinic").write(delivering("clinic", number=2)) == {"clinic": UNCHANGED}
    assert github.sink("clinic").write(Change(remove=frozenset({"clinic"}))) == {"clinic": REMOVED}
    assert (github.place.secrets, github.place.variables) == ({}, {})


def test_a_variable_tells_what_a_secret_is(github: Github) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    github.sink("clinic").write(Change((one,)))
    assert github.told() == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
    }
    # Neither there nor anywhere else was the token sent as it is.
    assert "canary" not in repr(github.fake.requests)


def test_unless_told_otherwise_it_is_the_token_alone(
    github_fake: GithubFake, tmp_path: Path
) -> None:
    github = Github(github_fake, tmp_path)
    written(github)
    assert github.values() == {NAME: known("clinic")["client_secret"]}
    assert github.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}
    # What it says is the same; what it holds is not.
    github.settings["payload"] = "json"
    written(github)
    assert github.read() == {"clinic": known("clinic")}


def test_a_session_without_an_id_is_written_again(github: Github) -> None:
    # Nothing tells its token from another one.
    one = Change((session("clinic")._replace(session_id=None),))
    for _ in range(2):
        assert github.sink("clinic").write(one) == {"clinic": WRITTEN}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"visibility": "private"}),
        ({"visibility": "all"}, {"visibility": "all"}),
        (
            {"visibility": "selected", "repositories": ["Speech", "other"]},
            {"visibility": "selected", "selected_repository_ids": [1001, 1000]},
        ),
    ],
)
def test_an_organization_s_secret_says_who_may_use_it_and_its_variable_nobody(
    github_fake: GithubFake, tmp_path: Path, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    github = placed(github_fake, tmp_path, "organization", **settings)
    written(github)
    written(github, 2)
    assert github.place.secrets[NAME].more == expected
    hidden = {"visibility": "selected", "selected_repository_ids": []}
    assert github.place.variables[MARKS].more == hidden


def test_a_secret_that_somebody_else_set_is_renewed(github: Github) -> None:
    written(github)
    github.place.secrets[NAME] = Kept("by hand", github.fake.now())
    assert github.sink("clinic").holds() == frozenset()
    written(github)
    assert github.read()["clinic"] == known("clinic")


def claimed(github: Github) -> None:
    """What a run that was killed leaves: it staged, and never left."""
    github.sink("clinic").stage(delivering("clinic")).read_back()
    assert github.place.secrets == {}
    assert github.told() == {"managed-by": "voxmint", "voxmint-environment": "production"}
    assert github.sink("clinic").holds() == frozenset()


def test_a_claim_that_a_killed_run_left_is_taken_over(github: Github) -> None:
    claimed(github)
    written(github, 2)
    assert github.sink("clinic").holds() == {"clinic"}
    assert github.read()["clinic"] == known("clinic", 2)


def test_a_claim_that_a_killed_run_left_is_taken_out(github: Github) -> None:
    claimed(github)
    github.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert github.place.variables == {}


def test_of_two_runs_that_take_a_claim_over_one_is_told(github: Github) -> None:
    claimed(github)
    first, second = (github.sink("clinic").stage(delivering("clinic", number=n)) for n in (2, 3))
    with pytest.raises(ProblemsError) as raised:
        first.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]
    assert second.switch() == {"clinic": WRITTEN}
    assert github.read()["clinic"] == known("clinic", 3)


def test_a_run_killed_between_the_secret_and_its_marks_is_told_from_a_whole_one(
    github: Github,
) -> None:
    written(github)
    # Where the marks are not written, nothing is taken back either.
    with github.fake.answering(refusing("PATCH variables")):
        failed(github, 2)
    assert github.read()["clinic"] == known("clinic", 2)
    assert github.told()["voxmint-session-id"] == "sess_1"
    assert github.sink("clinic").holds() == frozenset()
    written(github, 3)
    assert github.sink("clinic").holds() == {"clinic"}


def test_what_a_run_had_put_in_place_is_told_from_what_it_had_not(github: Github) -> None:
    """That run was killed before the ledger was told; the next one cannot read a token."""
    one = session("clinic")
    with github.sink("clinic").stage(delivering("clinic")) as staged:
        [pending] = staged.pending
        unfinished = [Unfinished(one, pending.version, pending.before)]
        assert github.sink("clinic").finish(unfinished) == Finished()
        staged.switch()
    assert github.sink("clinic").finish(unfinished) == Finished({"clinic": UNCHANGED})
    # In another form, or by another hand, it is not what the session is to be.
    github.settings["payload"] = "token"
    assert github.sink("clinic").finish(unfinished) == Finished()
    github.settings["payload"] = "json"
    github.place.secrets[NAME] = Kept("by hand", github.fake.now())
    assert github.sink("clinic").finish(unfinished) == Finished()


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(github: Github) -> None:
    github.place.secrets[NAME] = Kept("theirs", "2020-01-01T00:00:00Z")
    problem = refused(github)
    assert (problem.code, problem.facts["name"]) == ("store-foreign", NAME)
    github.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert github.values() == {NAME: "theirs"}
    github.around["adopts"] = True
    written(github)
    github.around["adopts"] = False
    written(github, 2)
    assert github.read()["clinic"] == known("clinic", 2)


@pytest.mark.parametrize("text", ["theirs", "[]", '{"a": 1}', '{"a": "1"}', "[" * 10000])
def test_a_variable_of_somebody_else_is_refused_by_its_name(github: Github, text: str) -> None:
    github.place.variables[MARKS] = Kept(text, "2020-01-01T00:00:00Z")
    problem = refused(github)
    assert (problem.code, problem.facts["name"]) == ("store-foreign", MARKS)
    github.around["adopts"] = True
    written(github)
    assert github.told()["voxmint-profile"] == "clinic"


def test_another_environment_s_secret_is_refused(github_fake: GithubFake, tmp_path: Path) -> None:
    github = Github(github_fake, tmp_path, name="VOXMINT_{profile}")
    github.around["environment"] = "staging"
    written(github)
    github.around["environment"] = "production"
    assert "for the environment `staging`" in refused(github).message
    assert github.sink("clinic").holds() == frozenset()


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize("same_second", [True, False])
def test_what_another_run_wrote_meanwhile_is_not_lost(
    github: Github, begins: bool, same_second: bool
) -> None:
    if not begins:
        written(github)
    if same_second:
        github.fake.stand_still()
    sink = github.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        written(github, 3)
        with pytest.raises(ProblemsError) as raised:
            staged.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]
    assert github.read()["clinic"] == known("clinic", 3)
    assert github.sink("clinic").holds() == {"clinic"}


def test_of_two_runs_that_begin_a_secret_the_second_one_is_told(github: Github) -> None:
    sink = github.sink("clinic")

    def other_comes_first(request: Request) -> Answer | None:
        if request.method == "POST":
            github.fake.rule = lambda _: None
            github.sink("clinic").stage(delivering("clinic"))
        return None

    with github.fake.answering(other_comes_first), pytest.raises(ProblemsError) as raised:
        sink.stage(delivering("clinic", number=2))
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]


def test_a_variable_that_is_removed_meanwhile_is_told(github: Github) -> None:
    written(github)

    def removed(request: Request) -> None:
        if request.method == "PATCH":
            github.place.variables.clear()

    with github.fake.answering(removed):
        assert failed(github, 2).code == "store-changed"


def test_a_secret_that_is_removed_meanwhile_is_told(github: Github) -> None:
    def removed(request: Request) -> None:
        if request.method == "GET" and github.fake.requests[-2].method == "PUT":
            github.place.secrets.clear()

    with github.fake.answering(removed):
        assert failed(github, 2).code == "store-changed"


def test_a_key_that_github_replaced_meanwhile_is_asked_for_again(github: Github) -> None:
    sink = github.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic")) as staged:
        github.place.key_number = 1
        assert staged.switch() == {"clinic": WRITTEN}
    assert github.read()["clinic"] == known("clinic")
