"""Kubernetes: a real API server with its etcd, asked by lightkube in its usual settings."""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from tests.stores.destinations import PROFILES, StoreDestination
from tests.stores.servers.faulty import Fault, Faulty, running_faulty
from tests.stores.servers.kubernetes import Kubernetes, User
from tests.stores.servers.processes import PATIENCE
from tests.stores.servers.toxiproxy import Toxiproxy
from tests.stores.store_contract import Line, StoreContract, through
from voxmint.engine.sinks.contract import Change, Finished, SinkOutcome, Unfinished
from voxmint.engine.stores.content import OneSession
from voxmint.engine.stores.contract import MISSING, Draft
from voxmint.engine.stores.kubernetes_access import access, client_of
from voxmint.engine.stores.kubernetes_api import RefusedError, Secrets as Api
from voxmint.engine.stores.marks import claim_of
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    FAILED,
    REMOVED,
    STEPS,
    UNCHANGED,
    WRITTEN,
    Destination,
    Obstacle,
    SinkContract,
    delivering,
    errors_of,
    known,
    session,
)

pytestmark = pytest.mark.stores

OTHERS = "somebody-elses"
NAME = "voxmint-production-clinic"
PAGE = Path(__file__).resolve().parents[2] / "docs/stores/kubernetes.md"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
NUMBERS = count(1)


def coded(**values: str) -> dict[str, str]:
    return {name: base64.b64encode(text.encode()).decode() for name, text in values.items()}


class Secrets(StoreDestination):
    """The Secrets of a namespace of their own, looked at by requests of the tests' own."""

    kind: ClassVar[str] = "kubernetes"

    def __init__(self, server: Kubernetes, folder: Path, **settings: Any) -> None:
        self.server = server
        self.namespace = f"speech-{next(NUMBERS)}"
        super().__init__(folder, **{"namespace": self.namespace} | settings)
        self.environ |= server.admin.environ
        self.arrange("POST", "api/v1/namespaces", {"metadata": {"name": self.namespace}})

    def arrange(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        answer = self.server.ask(method, path, body, **how)
        assert answer.is_success, answer.text
        return answer.json()

    def path(self, name: str = "") -> str:
        return f"api/v1/namespaces/{self.namespace}/secrets/{name}".rstrip("/")

    def secrets(self) -> dict[str, Any]:
        items = self.arrange("GET", self.path())["items"]
        return {one["metadata"]["name"]: one for one in items}

    def data(self, name: str = NAME) -> dict[str, str]:
        held = self.secrets()[name].get("data") or {}
        return {key: base64.b64decode(text).decode() for key, text in held.items()}

    def metadata(self, name: str = NAME) -> dict[str, Any]:
        found: dict[str, Any] = self.secrets()[name]["metadata"]
        return found

    def managers(self, name: str = NAME) -> set[tuple[str, str]]:
        """Who holds fields, and by which kind of request."""
        entries = self.metadata(name)["managedFields"]
        return {(one["manager"], one["operation"]) for one in entries}

    def edited(self, body: Any, *, manager: str = "kubectl-edit", name: str = NAME) -> None:
        """Somebody changes what is in the body."""
        self.arrange("PATCH", f"{self.path(name)}?fieldManager={manager}", body, media_type=MERGE)

    def made(self, name: str = NAME, manager: str = "kubectl-create", **body: Any) -> None:
        """Somebody makes a Secret."""
        metadata = {"name": name, **body.pop("metadata", {})}
        whole = {"metadata": metadata, **body}
        self.arrange("POST", f"{self.path()}?fieldManager={manager}", whole)

    def values(self) -> Mapping[str, Any]:
        found = {name: self.data(name) for name in self.secrets() if name != OTHERS}
        return (
            {name: self._members(held) for name, held in found.items()} if self.is_shared else found
        )

    def _members(self, held: Mapping[str, str]) -> dict[str, Any]:
        called = {profile.replace("/", "-"): profile for profile in PROFILES}
        return {called[key]: json.loads(text) for key, text in held.items()}

    def state(self) -> object:
        return self.secrets()

    def add_foreign(self) -> bool:
        self.made(OTHERS, data=coded(theirs="theirs"))
        return True

    def foreign(self) -> object:
        return self.secrets()[OTHERS]


class Behind(Secrets):
    """As `Secrets`, asked through what can fail."""

    def __init__(self, server: Kubernetes, faulty: Faulty, folder: Path, **settings: Any) -> None:
        super().__init__(server, folder, **settings)
        self.faulty = faulty
        self.environ |= kubeconfig(folder, faulty.address, server.admin.token)

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.gone)

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Each connection is reset."""
        with self.faulty.failing(lambda _: Fault.LOST):
            yield


def kubeconfig(
    folder: Path, server: str, token: str, ca_file: Path | None = None, **context: str
) -> dict[str, str]:
    """The environment of somebody with this cluster and token."""
    trust = {"certificate-authority": str(ca_file)} if ca_file else {}
    config = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server, **trust}}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", **context}}],
    }
    path = folder / "kubeconfig.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return {"KUBECONFIG": str(path)}


@pytest.fixture
def faulty(kubernetes: Kubernetes) -> Iterator[Faulty]:
    with running_faulty(kubernetes.address) as faulty:
        yield faulty


class TestASecretForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, kubernetes: Kubernetes, faulty: Faulty, tmp_path: Path) -> Destination:
        return Behind(kubernetes, faulty, tmp_path)


class TestASecretForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, kubernetes: Kubernetes, faulty: Faulty, tmp_path: Path) -> Destination:
        return Behind(kubernetes, faulty, tmp_path, name="voxmint-{environment}")


@pytest.fixture
def secrets(kubernetes: Kubernetes, tmp_path: Path) -> Secrets:
    return Secrets(kubernetes, tmp_path)


def written(secrets: Secrets, number: int = 1) -> None:
    assert secrets.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(secrets: Secrets) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    [before] = errors_of(secrets.sink("clinic"))
    problem = failing(secrets)
    assert (problem.code, problem.facts.get("owner")) == (before.code, before.facts.get("owner"))
    return before


def failing(secrets: Secrets) -> Problem:
    with pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(delivering("clinic", number=9))
    [problem] = raised.value.problems
    return problem


# ── what a Secret is ─────────────────────────────────────────────────────────────────────────────


def test_labels_and_annotations_tell_what_a_secret_is(secrets: Secrets) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    secrets.sink("clinic").write(Change((one,)))
    metadata = secrets.metadata()
    assert metadata["labels"] == {"app.kubernetes.io/managed-by": "voxmint"}
    assert metadata["annotations"] == {
        "voxmint/environment": "production",
        "voxmint/profile": "clinic",
        "voxmint/digest": "v1:0f",
        "voxmint/commit": "c0ffee",
        "voxmint/expires-at": str(one.expires_at),
        "voxmint/session-id": "sess_1",
    }
    assert secrets.data() == known("clinic")
    assert secrets.managers() == {("voxmint", "Apply")}


def test_what_an_earlier_session_had_goes(secrets: Secrets) -> None:
    written(secrets)
    secrets.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    assert "session_id" not in secrets.data()
    assert "voxmint/session-id" not in secrets.metadata()["annotations"]


def test_it_has_the_keys_the_labels_and_the_annotations_that_were_asked_for(
    kubernetes: Kubernetes, tmp_path: Path
) -> None:
    secrets = Secrets(
        kubernetes,
        tmp_path,
        values=["client_secret"],
        names={"client_secret": "OPENAI_TOKEN"},
        labels={"team": "speech"},
        annotations={"reloader.stakater.com/match": "true"},
    )
    for number in (1, 2):
        written(secrets, number)
        assert secrets.data() == {"OPENAI_TOKEN": known("clinic", number)["client_secret"]}
        assert secrets.metadata()["labels"]["team"] == "speech"
        assert secrets.metadata()["annotations"]["reloader.stakater.com/match"] == "true"


def test_a_look_is_sent_no_value(kubernetes: Kubernetes, faulty: Faulty, tmp_path: Path) -> None:
    secrets = Behind(kubernetes, faulty, tmp_path)
    written(secrets)
    before = len(faulty.requests)
    assert secrets.sink("clinic").holds() == {"clinic"}
    [look] = faulty.requests[before:]
    assert "PartialObjectMetadata" in look.headers["accept"]
    answer = kubernetes.ask("GET", secrets.path(NAME))
    assert "data" in answer.json()


def test_a_killed_run_leaves_nothing(secrets: Secrets) -> None:
    # Never left: as a run that was killed leaves it.
    secrets.sink("clinic").stage(delivering("clinic")).read_back()
    assert secrets.secrets() == {}
    written(secrets)
    before = secrets.state()
    secrets.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    assert secrets.state() == before


def test_a_later_run_finds_what_was_switched_over_and_of_a_dry_run_nothing(
    secrets: Secrets,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        [one] = staged.pending
        unfinished = Unfinished(session("clinic", 2), one.version, one.before)
        assert secrets.sink("clinic").finish([unfinished]) == Finished()
        assert secrets.data() == known("clinic")
        staged.switch()
    assert secrets.sink("clinic").finish([unfinished]) == Finished({"clinic": UNCHANGED})


def test_the_namespace_is_the_context_s_own_where_none_is_set(
    kubernetes: Kubernetes, faulty: Faulty, tmp_path: Path
) -> None:
    secrets = Secrets(kubernetes, tmp_path)
    token = kubernetes.admin.token
    secrets.environ |= kubeconfig(tmp_path, faulty.address, token, namespace=secrets.namespace)
    del secrets.settings["namespace"]
    written(secrets)
    assert secrets.data() == known("clinic")


def test_members_of_others_in_an_environment_s_secret_stay(
    kubernetes: Kubernetes, tmp_path: Path
) -> None:
    secrets = Secrets(kubernetes, tmp_path, name="voxmint-{environment}")
    written(secrets)
    shared = "voxmint-production"
    secrets.edited({"data": coded(theirs="theirs")}, name=shared)
    written(secrets, 2)
    assert secrets.data(shared)["theirs"] == "theirs"
    # Taken out, it leaves the Secret to those who hold something in it.
    gone = Change(remove=frozenset({"clinic"}))
    assert secrets.sink("clinic").write(gone) == {"clinic": REMOVED}
    assert secrets.data(shared) == {"theirs": "theirs"}
    assert not any("voxmint" in one for one in secrets.metadata(shared).get("annotations", {}))


def test_what_the_server_made_something_else_of_is_not_switched_over(secrets: Secrets) -> None:
    sink: Any = secrets.sink("clinic")
    store = sink.store
    one, other = (
        Draft(
            NAME,
            MISSING,
            OneSession(session("clinic", number), sink.members),
            claim_of("production"),
            claim_of("production"),
            0,
        )
        for number in (1, 2)
    )
    version = store.stage(one)
    assert store.verify(one, version)
    version = store.stage(one)
    assert not store.verify(other, version)
    # Of what a run before staged there is nothing.
    assert store.read(NAME, version) is None


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(secrets: Secrets) -> None:
    theirs = coded(client_secret="theirs", more="more")
    secrets.made(data=theirs, metadata={"labels": {"team": "them"}})
    problem = refused(secrets)
    assert problem.code == "store-foreign"
    assert NAME in problem.message
    assert secrets.data()["client_secret"] == "theirs"
    secrets.around["adopts"] = True
    assert errors_of(secrets.sink("clinic")) == []
    written(secrets)
    secrets.around["adopts"] = False
    written(secrets, 2)
    assert secrets.data() == {**known("clinic", 2), "more": "more"}
    assert secrets.metadata()["labels"]["team"] == "them"
    secrets.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert secrets.data() == {"more": "more"}


def test_one_that_helm_made_with_the_marks_is_voxmint_s(secrets: Secrets) -> None:
    marks = {
        "labels": {"app.kubernetes.io/managed-by": "voxmint"},
        "annotations": {"voxmint/environment": "production"},
    }
    secrets.made(manager="helm", metadata=marks)
    assert errors_of(secrets.sink("clinic")) == []
    written(secrets)
    written(secrets, 2)
    assert secrets.data() == known("clinic", 2)


def test_another_environment_s_secret_is_refused(kubernetes: Kubernetes, tmp_path: Path) -> None:
    secrets = Secrets(kubernetes, tmp_path, name="voxmint-{profile}")
    secrets.around["environment"] = "staging"
    written(secrets)
    secrets.around["environment"] = "production"
    assert "for the environment `staging`" in refused(secrets).message
    assert secrets.sink("clinic").holds() == frozenset()


def test_a_field_that_another_manager_holds_is_told_with_its_owner(secrets: Secrets) -> None:
    written(secrets)
    secrets.edited({"data": coded(client_secret="by hand")})
    problem = refused(secrets)
    assert problem.code == "store-foreign"
    assert "the field manager `kubectl-edit` holds `data.client_secret` in it" in problem.message
    assert "--adopt" in str(problem.hint)
    assert secrets.data()["client_secret"] == "by hand"
    secrets.around["adopts"] = True
    written(secrets, 2)
    secrets.around["adopts"] = False
    written(secrets, 3)
    assert secrets.data() == known("clinic", 3)


def test_a_value_that_somebody_else_set_is_not_taken_for_the_session(secrets: Secrets) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    secrets.edited({"data": coded(session_id="by hand", more="more")})
    assert sink.holds() == {"clinic"}
    secrets.edited({"data": coded(client_secret="by hand")})
    assert sink.holds() == frozenset()
    # It is still voxmint's: what others hold in it stays, and the rest goes.
    sink.write(Change(remove=frozenset({"clinic"})))
    assert secrets.data() == {
        "client_secret": "by hand",
        "session_id": "by hand",
        "more": "more",
    }


def test_a_field_that_is_taken_between_the_phases_is_told_with_its_owner(secrets: Secrets) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    sink.preflight()
    secrets.edited({"metadata": {"annotations": {"voxmint/digest": "mine"}}}, manager="a b<c")
    one = session("clinic", 2)._replace(digest="v1:0f")
    with pytest.raises(ProblemsError) as raised:
        sink.write(Change((one,)))
    [problem] = raised.value.problems
    # A name that is none is not shown.
    assert "`another` holds `metadata.annotations.voxmint/digest`" in problem.message


def test_a_secret_that_is_gone_meanwhile_is_not_made_anew(secrets: Secrets) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        secrets.arrange("DELETE", secrets.path(NAME))
        with pytest.raises(ProblemsError):
            staged.switch()
    assert secrets.secrets() == {}


def test_what_changed_since_it_was_looked_at_is_not_removed(secrets: Secrets) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(Change(remove=frozenset({"clinic"}))) as staged:
        secrets.edited({"data": coded(theirs="theirs")})
        with suppress(ProblemsError):
            staged.switch()
    assert secrets.data()["theirs"] == "theirs"


def test_an_immutable_secret_is_told_before_anything_is_minted(secrets: Secrets) -> None:
    written(secrets)
    secrets.edited({"immutable": True})
    problem = refused(secrets)
    assert problem.code == "store-refused"
    assert "it is immutable" in problem.message
    secrets.around["adopts"] = True
    assert refused(secrets).code == "store-refused"
    assert secrets.data() == known("clinic")


def test_one_that_is_being_deleted_is_told(secrets: Secrets) -> None:
    written(secrets)
    secrets.edited({"metadata": {"finalizers": ["example.org/hold"]}})
    secrets.arrange("DELETE", secrets.path(NAME))
    assert secrets.sink("clinic").holds() == frozenset()
    assert "a finalizer holds it" in refused(secrets).message


def test_a_namespace_that_is_not_there_is_told_before_anything_is_minted(secrets: Secrets) -> None:
    secrets.settings["namespace"] = "nowhere"
    [problem] = errors_of(secrets.sink("clinic", "ward/7"))
    assert problem.code == "store-refused"
    assert "there is no such namespace" in problem.message


def test_a_quota_that_is_used_up_is_told_before_anything_is_minted(secrets: Secrets) -> None:
    quotas = f"api/v1/namespaces/{secrets.namespace}/resourcequotas"
    full = {"hard": {"count/secrets": "0"}, "used": {"count/secrets": "0"}}
    secrets.arrange("POST", quotas, {"metadata": {"name": "few"}, "spec": {"hard": full["hard"]}})
    # No controller counts here.
    secrets.arrange("PATCH", f"{quotas}/few/status", {"status": full}, media_type=MERGE)
    until(lambda: [one.code for one in errors_of(secrets.sink("clinic"))] == ["store-full"])
    assert failing(secrets).code == "store-full"
    assert secrets.secrets() == {}


def test_what_is_too_large_with_what_others_hold_is_told(secrets: Secrets) -> None:
    written(secrets)
    held = sum(map(len, secrets.data().values()))
    secrets.edited({"data": coded(theirs="x" * (1024 * 1024 - held))})
    written(secrets, 2)
    with pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(delivering("clinic", number=10))
    [problem] = raised.value.problems
    assert problem.code == "store-too-large"
    assert secrets.read()["clinic"].items() >= known("clinic", 2).items()


def test_a_refusal_that_repeats_what_is_stored_is_not_shown(
    secrets: Secrets, caplog: pytest.LogCaptureFixture
) -> None:
    written(secrets)
    wrong = {"data": {"more": 5}}
    answer = secrets.server.ask("PATCH", secrets.path(NAME), wrong, media_type=MERGE)
    stored = coded(token=known("clinic")["client_secret"])["token"]
    assert answer.status_code == 422
    assert stored in answer.text
    caplog.set_level(0)
    sink: Any = secrets.sink("clinic")
    store = sink.store
    api = Api(client_of(access(secrets.environ, None)), secrets.namespace)
    with pytest.raises(RefusedError) as raised:
        api.merge(NAME, wrong)
    trouble = store.trouble_of(raised.value)
    shown = [str(raised.value), repr(vars(raised.value)), str(trouble), caplog.text]
    message = sink.problem_of(trouble).message
    assert "patch secrets" in message
    assert "Invalid" in message
    assert [text for text in (*shown, message) if stored in text or "canary" in text] == []


# ── who may ──────────────────────────────────────────────────────────────────────────────────────


def role_of_the_page() -> dict[str, Any]:
    text = PAGE.read_text(encoding="utf-8")
    block = text.partition("## The least rights")[2].partition("```yaml\n")[2].partition("```")[0]
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def grant(secrets: Secrets, *verbs: str) -> None:
    """From now on the guest asks, who has these rights on Secrets and no others."""
    roles = f"apis/rbac.authorization.k8s.io/v1/namespaces/{secrets.namespace}"
    role = role_of_the_page()
    role["metadata"]["namespace"] = secrets.namespace
    role["rules"][0]["verbs"] = list(verbs)
    secrets.arrange("POST", f"{roles}/roles", role)
    binding = {
        "metadata": {"name": "voxmint"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "voxmint"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "guest"}],
    }
    secrets.arrange("POST", f"{roles}/rolebindings", binding)
    guest = secrets.server.guest
    for verb in verbs:
        until(partial(may, secrets, guest, verb))
    secrets.environ |= guest.environ


def may(secrets: Secrets, user: User, verb: str) -> bool:
    attributes = {"namespace": secrets.namespace, "verb": verb, "resource": "secrets"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return bool(secrets.arrange("POST", path, review, user=user)["status"]["allowed"])


def until(condition: Callable[[], bool]) -> None:
    """Waits for what the server takes note of by and by."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


VERBS = ("get", "create", "patch", "delete")


def test_the_rights_that_the_page_lists_are_enough(secrets: Secrets) -> None:
    assert role_of_the_page()["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": list(VERBS)}
    ]
    grant(secrets, *VERBS)
    sink = secrets.sink("clinic")
    assert errors_of(sink) == []
    sink.write(delivering("clinic"))
    sink.write(Change((session("clinic", 2)._replace(session_id=None),)))
    assert sink.holds() == {"clinic"}
    sink.write(Change(remove=frozenset({"clinic"})))
    assert secrets.secrets() == {}


def test_a_look_needs_one_right_alone(secrets: Secrets) -> None:
    written(secrets)
    grant(secrets, "get")
    assert secrets.sink("clinic").holds() == {"clinic"}


@pytest.mark.parametrize("missing", ["get", "create", "patch"])
def test_a_right_that_is_missing_is_named_before_anything_is_minted(
    secrets: Secrets, missing: str
) -> None:
    grant(secrets, *(one for one in VERBS if one != missing))
    problem = refused(secrets)
    assert problem.code == "store-denied"
    asked = "patch" if missing == "create" else missing
    assert f"{asked} secrets in the namespace {secrets.namespace}" in problem.message
    assert "docs/stores/kubernetes.md" in str(problem.hint)
    assert secrets.secrets() == {}


def test_without_the_right_to_make_secrets_those_that_are_there_are_renewed(
    secrets: Secrets,
) -> None:
    written(secrets)
    grant(secrets, "get", "patch")
    assert errors_of(secrets.sink("clinic")) == []
    written(secrets, 2)


def test_without_the_right_to_delete_it_is_told_at_a_removal(secrets: Secrets) -> None:
    written(secrets)
    grant(secrets, "get", "create", "patch")
    with pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert "delete secrets" in raised.value.problems[0].message


def test_a_token_that_nobody_knows_is_told_before_anything_is_minted(
    kubernetes: Kubernetes, faulty: Faulty, tmp_path: Path
) -> None:
    secrets = Behind(kubernetes, faulty, tmp_path)
    secrets.environ |= kubeconfig(tmp_path, faulty.address, "nobody")
    problem = refused(secrets)
    assert problem.code == "store-login-failed"
    assert "Unauthorized" in problem.message


def test_a_certificate_that_is_not_the_cluster_s_is_told(
    kubernetes: Kubernetes, tmp_path: Path
) -> None:
    secrets = Secrets(kubernetes, tmp_path)
    secrets.environ |= kubeconfig(tmp_path, kubernetes.address, kubernetes.admin.token)
    [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-unreachable"
    assert "its certificate cannot be trusted" in problem.message


# ── a network that fails ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def behind(kubernetes: Kubernetes, faulty: Faulty, tmp_path: Path) -> Behind:
    return Behind(kubernetes, faulty, tmp_path)


def requests_of(secrets: Behind, write: Callable[[], object]) -> list[str]:
    """What a write asks the server."""
    before = len(secrets.faulty.requests)
    write()
    return [
        f"{one.method}{' dry' if 'dryRun=All' in one.path else ''}"
        for one in secrets.faulty.requests[before:]
    ]


MADE = ["GET", "PATCH dry", "POST", "PATCH"]
RENEWED = ["GET", "PATCH dry", "PATCH"]


def test_a_write_asks_no_more_than_it_has_to(behind: Behind) -> None:
    assert requests_of(behind, lambda: written(behind)) == MADE
    assert requests_of(behind, lambda: written(behind, 2)) == RENEWED
    again = delivering("clinic", number=2)
    assert requests_of(behind, lambda: behind.sink("clinic").write(again)) == ["GET", "GET"]
    both = behind.sink("clinic", "ward/7")
    assert requests_of(behind, lambda: errors_of(both)) == ["GET"] * 2 + ["PATCH dry"] * 2


class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, behind: Behind) -> Line:
        def session_of() -> str:
            return str(behind.metadata()["annotations"]["voxmint/session-id"])

        return replace(through(behind.faulty, behind, session_of), is_exact=True)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", range(len(MADE)))
def test_whichever_request_fails_a_new_secret_is_whole_or_not_there(
    behind: Behind, fault: Fault, number: int
) -> None:
    outcomes = written_with(behind, number, fault, 1)
    is_there = outcomes == {"clinic": WRITTEN}
    assert behind.read() == ({"clinic": known("clinic")} if is_there else {})
    # What it is made with goes again, also where it could not be handed over to the applying.
    behind.sink("clinic").preflight()
    assert errors_of(behind.sink("clinic")) == []
    one = session("clinic", 2)._replace(session_id=None)
    assert behind.sink("clinic").write(Change((one,))) == {"clinic": WRITTEN}
    assert "session_id" not in behind.data()
    assert behind.managers() == {("voxmint", "Apply")}


def written_with(
    secrets: Behind, number: int, fault: Fault, session_number: int
) -> Mapping[str, SinkOutcome]:
    """What becomes of a write of which one request fails."""
    faulty = secrets.faulty
    with suppress(ProblemsError), faulty.failing(faulty.failing_number(number, fault)):
        return secrets.sink("clinic").write(delivering("clinic", number=session_number))
    return {"clinic": FAILED}


@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.CUT])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_switch_whose_answer_is_lost_is_found_to_be_done(
    behind: Behind, fault: Fault, is_there: bool
) -> None:
    if is_there:
        written(behind)
    assert written_with(behind, 2, fault, 2) == {"clinic": WRITTEN}
    assert behind.read()["clinic"] == known("clinic", 2)
    assert behind.sink("clinic").write(delivering("clinic", number=2)) == {"clinic": UNCHANGED}


def test_one_that_could_not_be_handed_over_can_be_removed_and_shared(behind: Behind) -> None:
    assert written_with(behind, 3, Fault.LOST, 1) == {"clinic": WRITTEN}
    assert behind.managers() == {("voxmint", "Update")}
    behind.edited({"data": coded(theirs="theirs")})
    behind.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert behind.data() == {"theirs": "theirs"}


# ── a real proxy, with TLS ───────────────────────────────────────────────────────────────────────


def test_a_slow_network_is_no_trouble(secrets: Secrets, toxiproxy: Toxiproxy) -> None:
    with toxiproxy.before(secrets.server.address) as proxy:
        lead_through(secrets, proxy.address)
        with proxy.slow(20):
            written(secrets)
    assert secrets.data() == known("clinic")


def test_answers_that_are_lost_on_the_way_through_tls_are_told(
    secrets: Secrets, toxiproxy: Toxiproxy
) -> None:
    written(secrets)
    with toxiproxy.before(secrets.server.address) as proxy:
        lead_through(secrets, proxy.address)
        cut = partial(proxy.answers_cut, 100)
        for fault in (
            proxy.answers_lost,
            proxy.answers_reset,
            proxy.requests_reset,
            cut,
            proxy.down,
        ):
            with fault():
                assert failing(secrets).code == "store-unreachable"
        written(secrets, 2)
    assert secrets.data() == known("clinic", 2)


def test_a_server_that_never_answers_is_given_up(secrets: Secrets, toxiproxy: Toxiproxy) -> None:
    written(secrets)
    with toxiproxy.before(secrets.server.address) as proxy:
        lead_through(secrets, proxy.address)
        with proxy.silent():
            [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-unreachable"
    assert "in time" in problem.message
    assert secrets.data() == known("clinic")


def lead_through(secrets: Secrets, address: str) -> None:
    server = secrets.server
    secrets.environ |= kubeconfig(secrets.folder, address, server.admin.token, server.ca_file)
