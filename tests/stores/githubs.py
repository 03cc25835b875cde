"""What the tests of GitHub's secrets share: a place at the fake, and how it is written to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.stores.destinations import PROFILES, StoreDestination
from tests.stores.servers.github import (
    Answer,
    GithubFake,
    Kept,
    Place,
    Request,
    Rule,
)
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.stores.github_secrets import GithubSecretsSink
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    WRITTEN,
    Obstacle,
    Values,
    delivering,
    errors_of,
)

NAME, WARD = "VOXMINT_PRODUCTION_CLINIC", "VOXMINT_PRODUCTION_WARD_7"
MARKS = f"{NAME}_MARKS"
OTHERS = "SOMEBODY_ELSES"
PAGE = Path(__file__).resolve().parents[2] / "docs/stores/github-secrets.md"


class Github(StoreDestination):
    """The secrets of one place, as a job of GitHub gets them: by default a repository's."""

    kind: ClassVar[str] = "github-secrets"

    def __init__(self, fake: GithubFake, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.fake = fake
        self.waits: list[float] = []
        self.environ |= {
            "GITHUB_API_URL": fake.address,
            "GITHUB_REPOSITORY": "clinic/speech",
            "GH_ENTERPRISE_TOKEN": "good",
        }

    def sink(self, *profiles: str) -> Sink:
        pause = staticmethod(self.waits.append)
        made: type[Sink] = type("Unhurried", (GithubSecretsSink,), {"pause": pause})
        return self.made_sink(made, *profiles)

    @property
    def place(self) -> Place:
        if "organization" in self.settings:
            return self.fake.places["/orgs/clinic"]
        if "environment" in self.settings:
            return self.fake.places["/repos/clinic/speech/environments/the ward%2f7"]
        return self.fake.repository

    def values(self) -> Mapping[str, Any]:
        return {name: kept.value for name, kept in self.place.secrets.items()}

    def read(self) -> Mapping[str, Values]:
        found = self.values()
        names = dict(zip((NAME, WARD), PROFILES, strict=True))
        texts = {names[name]: json.loads(found[name]) for name in names if name in found}
        return {
            one: {name: str(value) for name, value in values.items()}
            for one, values in texts.items()
        }

    def told(self, name: str = NAME) -> dict[str, str]:
        """What the variable beside a secret says, without what each write says anew."""
        found: dict[str, str] = json.loads(self.place.variables[f"{name}_MARKS"].value)
        return {one: text for one, text in found.items() if not one.startswith("github-")}

    def state(self) -> object:
        return repr((self.place.secrets, self.place.variables))

    def add_foreign(self) -> bool:
        self.place.secrets[OTHERS] = Kept("theirs", "2020-01-01T00:00:00Z")
        self.place.variables[OTHERS] = Kept("theirs", "2020-01-01T00:00:00Z")
        return True

    def foreign(self) -> object:
        return repr((self.place.secrets[OTHERS], self.place.variables[OTHERS]))

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.nobody_knows_us)

    @contextmanager
    def nobody_knows_us(self) -> Iterator[None]:
        """The token is not good for anything."""
        usual, self.fake.tokens = self.fake.tokens, {}
        try:
            yield
        finally:
            self.fake.tokens = usual


PLACES: dict[str, dict[str, Any]] = {
    "repository": {},
    "environment": {"environment": "the ward/7"},
    "organization": {"organization": "clinic"},
}


def placed(fake: GithubFake, folder: Path, place: str, **settings: Any) -> Github:
    made = Github(fake, folder, payload="json", **PLACES[place], **settings)
    made.environ["VOXMINT_ALLOW_REPOSITORIES"] = "clinic"
    return made


def written(github: Github, number: int = 1) -> None:
    assert github.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(github: Github) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    [before] = errors_of(github.sink("clinic"))
    assert failed(github) == before
    return before


def failed(github: Github, number: int = 9) -> Problem:
    """Why a write fails."""
    with pytest.raises(ProblemsError) as raised:
        github.sink("clinic").write(delivering("clinic", number=number))
    [problem] = raised.value.problems
    assert "canary" not in problem.message
    return problem


def refusing(brief: str) -> Rule:
    """The rule by which what begins like this is refused."""

    def rule(request: Request) -> Answer | None:
        return Answer(418) if request.brief.startswith(brief) else None

    return rule


def once(status: int, headers: Mapping[str, str], method: str = "GET", message: str = "") -> Rule:
    """The rule by which the first request of a method is refused so."""
    left = [Answer(status, {"message": message}, headers)]

    def rule(request: Request) -> Answer | None:
        return left.pop() if left and request.method == method else None

    return rule
