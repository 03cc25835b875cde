"""Whose token may do what at GitHub, and whose word leads tokens where."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.stores.destinations import PROFILES
from tests.stores.githubs import PAGE, PLACES, Github, failed, placed, refused, written
from tests.stores.servers.github import (
    GithubFake,
)
from voxmint.engine.sinks.contract import Change
from voxmint.engine.stores.github_secrets_places import operator_url, token_names
from voxmint.engine.upstream.hosts import url_of
from voxmint.problems import ProblemsError, UsageError
from voxmint.testing.sink_contract import (
    errors_of,
)

# ── who may ──────────────────────────────────────────────────────────────────────────────────────

RIGHTS: dict[str, tuple[str, ...]] = {
    "repository": ("Secrets", "Variables"),
    "environment": ("Environments",),
    "organization": ("organization Secrets", "organization Variables"),
}


def rights(github: Github, *names: str) -> None:
    """From now on the token has these rights alone."""
    github.fake.tokens["good"] = frozenset(names)


@pytest.mark.parametrize("place", PLACES)
def test_the_rights_that_the_page_lists_are_enough(
    github_fake: GithubFake, tmp_path: Path, place: str
) -> None:
    github = placed(github_fake, tmp_path, place)
    rights(github, *(f"{one}: write" for one in RIGHTS[place]))
    written(github)
    written(github, 2)
    github.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert github.values() == {}
    text = PAGE.read_text(encoding="utf-8")
    assert re.search(
        rf"\| {place} \| "
        + " \\| ".join(
            [", ".join(f"`{one}: {level}`" for one in RIGHTS[place]) for level in ("write", "read")]
        ),
        text,
    ), RIGHTS[place]


@pytest.mark.parametrize("place", PLACES)
def test_a_look_needs_to_read_alone(github_fake: GithubFake, tmp_path: Path, place: str) -> None:
    github = placed(github_fake, tmp_path, place)
    written(github)
    rights(github, *(f"{one}: read" for one in RIGHTS[place]))
    assert github.sink("clinic").holds() == {"clinic"}
    assert errors_of(github.sink("clinic")) == []


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("missing", ["Secrets", "Variables"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_right_to_write_that_is_missing_is_named(
    github: Github, missing: str, is_new: bool, hides: bool
) -> None:
    if not is_new:
        written(github)
    before = github.state()
    github.fake.hides = hides
    rights(
        github,
        f"{missing}: read",
        *({"Secrets: write", "Variables: write"} - {f"{missing}: write"}),
    )
    problem = failed(github)
    assert problem.code == "store-denied"
    assert f"`{missing}: write`" in problem.message
    assert "docs/stores" in str(problem.hint)
    if missing == "Secrets" or is_new:
        assert github.state() == before
    with pytest.raises(ProblemsError, match=f"`{missing}: write`"):
        _taken_out(github, is_new=is_new)


def _taken_out(github: Github, *, is_new: bool) -> None:
    if is_new:
        _make_by_hand(github)
    github.sink("clinic").write(Change(remove=frozenset({"clinic"})))


def _make_by_hand(github: Github) -> None:
    usual = github.fake.tokens["good"]
    github.fake.tokens["good"] = None
    written(github)
    github.fake.tokens["good"] = usual


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("right", ["Secrets", "Variables"])
def test_a_right_to_look_that_is_missing_is_told_before_anything_is_minted(
    github: Github, right: str, hides: bool
) -> None:
    github.fake.hides = hides
    other = "Variables" if right == "Secrets" else "Secrets"
    rights(github, f"{other}: write")
    [problem] = errors_of(github.sink(*PROFILES))
    assert problem.code == "store-denied"
    # It is not asked again for each profile.
    keys = [one for one in github.fake.requests if "public-key" in one.path]
    assert len(keys) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"repository": "clinic/none"}, "the repository clinic/none"),
        ({"environment": "none"}, "the environment `none` of clinic/speech"),
        ({"organization": "none"}, "the organization none"),
    ],
)
def test_what_is_not_there_is_told_before_anything_is_minted(
    github_fake: GithubFake, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    github = Github(github_fake, tmp_path, **settings)
    github.environ["VOXMINT_ALLOW_REPOSITORIES"] = "clinic/none, none"
    [problem] = errors_of(github.sink("clinic"))
    assert problem.code == "store-denied"
    assert said in problem.message


def test_a_repository_that_is_not_among_the_selected_is_named(
    github_fake: GithubFake, tmp_path: Path
) -> None:
    settings = {"visibility": "selected", "repositories": ["none"]}
    github = placed(github_fake, tmp_path, "organization", **settings)
    [problem] = errors_of(github.sink("clinic"))
    assert "`Metadata: read`" in problem.message


def test_a_token_that_nobody_knows_is_told_by_its_variable(github: Github) -> None:
    github.environ["GH_ENTERPRISE_TOKEN"] = "ghp_canary"
    problem = refused(github)
    assert problem.code == "store-login-failed"
    assert "GH_ENTERPRISE_TOKEN" in problem.message


@pytest.mark.parametrize("token", [None, " ", "two words", "nïx", "a\nb"])
def test_without_a_token_nothing_is_sent(github: Github, token: str | None) -> None:
    github.environ["GH_ENTERPRISE_TOKEN"] = token or ""
    # Meant for GitHub itself, and sent to no other host.
    github.environ["GH_TOKEN"] = "good"
    problem = refused(github)
    assert problem.code == "store-login-failed"
    assert "GH_ENTERPRISE_TOKEN" in problem.message
    assert github.fake.requests == []


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://api.github.com", ("GH_TOKEN", "GITHUB_TOKEN")),
        ("https://api.clinic.ghe.com", ("GH_TOKEN", "GITHUB_TOKEN")),
        ("https://github.example/api/v3", ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")),
        ("https://api.github.com.evil.example", ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")),
        ("https://eghe.com", ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")),
    ],
)
def test_a_token_of_github_goes_to_github_alone(url: str, names: tuple[str, str]) -> None:
    parts = url_of(url)
    assert parts is not None
    assert token_names(parts.host) == names


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "https://api.github.com"),
        ({"GITHUB_API_URL": "https://api.clinic.ghe.com"}, "https://api.clinic.ghe.com"),
        ({"GH_HOST": "github.com", "GITHUB_API_URL": "https://x"}, "https://api.github.com"),
        ({"GH_HOST": "Clinic.ghe.com"}, "https://api.clinic.ghe.com"),
        ({"GH_HOST": "github.example:8443"}, "https://github.example:8443/api/v3"),
    ],
)
def test_the_operator_s_variables_lead_to_its_github(environ: dict[str, str], url: str) -> None:
    assert operator_url(environ) == url


def test_of_two_tokens_the_one_that_gh_takes_is_taken(github: Github) -> None:
    github.environ["GITHUB_ENTERPRISE_TOKEN"] = "bad"
    assert errors_of(github.sink("clinic")) == []
    github.environ["GH_ENTERPRISE_TOKEN"] = ""
    assert "GITHUB_ENTERPRISE_TOKEN" in refused(github).message


# ── whose word counts ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "allowed", "job", "code"),
    [
        ({}, "", "clinic/speech", None),
        ({"repository": "Clinic/Speech"}, "", "clinic/speech", None),
        ({"repository": "clinic/other"}, "", "clinic/speech", "store-repository-refused"),
        ({"repository": "clinic/other"}, "clinic", "clinic/speech", "store-repository-refused"),
        ({"repository": "clinic/other"}, "a/b, CLINIC/other", "clinic/speech", None),
        ({"repository": "clinic/speech"}, "", None, "store-repository-refused"),
        ({"repository": "clinic/speech"}, "clinic/speech", None, None),
        ({"organization": "clinic"}, "clinic/speech", "clinic/speech", "store-repository-refused"),
        ({"organization": "clinic"}, "clinic", None, None),
        ({}, "clinic/speech", None, "store-repository-missing"),
        ({}, "", "clinic/../evil", "store-repository-missing"),
    ],
)
def test_a_repository_in_the_project_counts_where_the_operator_allows_it(
    github_fake: GithubFake,
    tmp_path: Path,
    settings: dict[str, Any],
    allowed: str,
    job: str | None,
    code: str | None,
) -> None:
    github = Github(github_fake, tmp_path, **settings)
    github.environ |= {"VOXMINT_ALLOW_REPOSITORIES": allowed, "GITHUB_REPOSITORY": job or ""}
    sink = github.sink("clinic")
    assert [one.code for one in sink.settled()] == ([code] if code else [])
    # `validate` goes by what the operator names, where that is anything.
    is_told = allowed and code == "store-repository-refused"
    assert [one.code for one in sink.flaws()] == ([code] if is_told else [])
    if code is None:
        assert errors_of(sink) == []
        return
    assert [one.code for one in errors_of(sink)] == [code]
    # Not each command looks at what is settled before it asks.
    with pytest.raises(ProblemsError) as raised:
        sink.holds()
    assert [one.code for one in raised.value.problems] == [code]
    assert github_fake.requests == []


def test_an_entry_that_names_nothing_is_told(github: Github) -> None:
    github.environ["VOXMINT_ALLOW_REPOSITORIES"] = "https://github.com/clinic/speech"
    github.settings["repository"] = "clinic/other"
    with pytest.raises(UsageError, match="is not a repository to allow"):
        errors_of(github.sink("clinic"))


def test_an_address_in_the_project_counts_where_the_operator_allows_it(
    github_fake: GithubFake, tmp_path: Path
) -> None:
    github = Github(github_fake, tmp_path, url=github_fake.address)
    github.environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    [problem] = errors_of(github.sink("clinic"))
    assert problem.code == "store-host-refused"
    with pytest.raises(ProblemsError):
        github.sink("clinic").holds()
    assert github_fake.requests == []
    github.around["allow_hosts"] = (github_fake.address.removeprefix("http://"),)
    assert errors_of(github.sink("clinic")) == []


@pytest.mark.parametrize(
    ("settings", "environ", "code"),
    [
        ({"url": "http://github.example/api/v3"}, {}, "store-host-needs-tls"),
        ({}, {"GITHUB_API_URL": "http://github.example"}, "store-host-needs-tls"),
        ({}, {"GH_HOST": "user@github.example"}, "store-url-malformed"),
    ],
)
def test_no_address_without_tls_is_asked(
    github_fake: GithubFake,
    tmp_path: Path,
    settings: dict[str, Any],
    environ: dict[str, str],
    code: str,
) -> None:
    github = Github(github_fake, tmp_path, **settings)
    github.environ |= {"VOXMINT_ALLOW_HOSTS": "github.example", **environ}
    sink = github.sink("clinic")
    assert {one.code for one in sink.settled()} == {code}
    with pytest.raises(ProblemsError):
        sink.holds()


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"name": "GITHUB_{profile}"}, "store-name-invalid"),
        ({"name": "voxmint_{profile}"}, "store-name-invalid"),
        ({"name": "7_{profile}"}, "store-name-invalid"),
        ({"name": "T" * 240 + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "Ward 7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    github_fake: GithubFake, tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = Github(github_fake, tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert {one.code for one in found} == {code}
    assert github_fake.requests == []


def test_a_name_of_capitals_comes_of_any_profile(github_fake: GithubFake, tmp_path: Path) -> None:
    names = {"profiles": {"clinic": "praxis-groß"}}
    github = Github(github_fake, tmp_path, names=names)
    written(github)
    assert list(github.values()) == ["VOXMINT_PRODUCTION_PRAXIS_GROSS"]


@pytest.mark.parametrize(("place", "most"), [("repository", 100), ("organization", 1000)])
def test_more_secrets_than_there_can_be_are_told_from_files_alone(
    github_fake: GithubFake, tmp_path: Path, place: str, most: int
) -> None:
    github = placed(github_fake, tmp_path, place)
    profiles = [f"ward/{number}" for number in range(most + 1)]
    assert list(github.sink(*profiles[:most]).flaws()) == []
    [problem] = github.sink(*profiles).flaws()
    assert problem.code == "store-full"


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "VOXMINT_{environment}", "payload": "json"},
        {"repository": "speech"},
        {"repository": "clinic/.."},
        {"repository": "clinic/speech/actions"},
        {"environment": ".."},
        {"environment": ""},
        {"organization": "clinic/speech"},
        {"organization": "clinic", "repository": "clinic/speech"},
        {"organization": "clinic", "environment": "production"},
        {"organization": "clinic", "visibility": "selected"},
        {"organization": "clinic", "repositories": ["speech"]},
        {"organization": "clinic", "visibility": "selected", "repositories": ["clinic/speech"]},
        {"visibility": "all"},
    ],
)
def test_settings_that_cannot_be_are_refused(
    github_fake: GithubFake, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        Github(github_fake, tmp_path, **settings).sink("clinic")


def test_two_places_of_the_kind_are_told_apart(github_fake: GithubFake, tmp_path: Path) -> None:
    addresses = {placed(github_fake, tmp_path, place).sink("clinic").address for place in PLACES}
    assert len(addresses) == len(PLACES)
    again = Github(github_fake, tmp_path, repository="Clinic/SPEECH").sink("clinic").address
    assert again in addresses
