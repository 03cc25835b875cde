"""What of the sink for Kubernetes takes no server: settings, kubeconfigs, and what errors mean."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx2
import pytest
import yaml
from pydantic import ValidationError

from tests.stores.destinations import StoreDestination
from voxmint.engine.stores.contract import StoreError, What
from voxmint.engine.stores.kubernetes_access import Access, access
from voxmint.engine.stores.kubernetes_api import Refusal, RefusedError, trouble_of
from voxmint.engine.stores.kubernetes_fields import as_applied
from voxmint.problems import Problem
from voxmint.testing.sink_contract import delivering, errors_of

ROOT = Path(__file__).resolve().parents[2]


class Offline(StoreDestination):
    """A sink that asks nobody, or one that the test's environment leads to."""

    kind: ClassVar[str] = "kubernetes"

    def values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({}, []),
        ({"name": "voxmint"}, []),
        ({"name": "tokens/{profile}"}, ["store-name-invalid"]),
        ({"name": "Tokens-{profile}"}, ["store-name-invalid"]),
        ({"name": "{profile}."}, ["store-name-invalid"]),
        ({"name": "a..{profile}"}, ["store-name-invalid"]),
        ({"name": "t" * 250 + "{profile}"}, ["store-name-invalid"]),
        ({"names": {"profiles": {"clinic": "Ward_7"}}}, ["store-name-clash"]),
        ({"name": "voxmint", "names": {"profiles": {"clinic": "ward 7"}}}, ["store-name-clash"]),
        ({"name": "voxmint", "names": {"profiles": {"clinic": ".."}}}, ["store-name-invalid"]),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    tmp_path: Path, settings: dict[str, Any], codes: list[str]
) -> None:
    found = Offline(tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert sorted({one.code for one in found}) == codes


def test_capitals_and_signs_have_names(tmp_path: Path) -> None:
    sink: Any = Offline(tmp_path).sink("Ward_7/Night")
    assert sink.naming.object_of("Ward_7/Night") == "voxmint-production-ward-7-night"
    assert list(sink.flaws()) == []


def test_too_many_profiles_for_one_secret_are_told_before_it_is_night(tmp_path: Path) -> None:
    profiles = [f"{'ward' * 50}/{number}" for number in range(4_000)]
    [problem] = Offline(tmp_path, name="voxmint").sink(*profiles).flaws()
    assert problem.code == "store-too-large"


@pytest.mark.parametrize(
    "settings",
    [
        {"payload": "token"},
        {"namespace": "Speech"},
        {"namespace": "../kube-system"},
        {"context": ""},
        {"server": "https://elsewhere.example"},
        {"names": {"client_secret": "open ai"}},
        {"names": {"client_secret": ".."}},
        {"names": {"client_secret": "a", "session_id": "a"}},
        {"labels": {"app.kubernetes.io/managed-by": "me"}},
        {"labels": {"team": "speech and more"}},
        {"labels": {"a/b/c": "d"}},
        {"annotations": {"voxmint/profile": "mine"}},
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Offline(tmp_path, **settings).sink("clinic")


def test_the_members_of_an_environment_s_secret_may_be_called_anything(tmp_path: Path) -> None:
    names = {"client_secret": "open ai"}
    assert list(Offline(tmp_path, name="voxmint", names=names).sink("clinic").flaws()) == []


def test_the_example_s_rights_are_those_of_the_page() -> None:
    page = (ROOT / "docs/stores/kubernetes.md").read_text(encoding="utf-8")
    [verbs] = re.findall(r"verbs: (\[.*\])", page)
    example = (ROOT / "examples/kubernetes/cluster/rights.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"verbs: (\[.*\])", example)) == {verbs}


# ── where it is asked ────────────────────────────────────────────────────────────────────────────


def config(name: str, **more: Any) -> dict[str, Any]:
    """A kubeconfig in which everything is called alike."""
    return {
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example"}}],
        "users": [{"name": name, "user": {"token": f"ek_canary_{name}"}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": f"in-{name}"}}
        ],
        **more,
    }


def kept(folder: Path, name: str, found: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(found if isinstance(found, str) else yaml.safe_dump(found), encoding="utf-8")
    return path


def given(*paths: Path, **more: str) -> dict[str, str]:
    return {"KUBECONFIG": os.pathsep.join(map(str, paths)), **more}


def problem_with(environ: Mapping[str, str], context: str | None = None) -> str:
    with pytest.raises(StoreError) as raised:
        access(environ, context, Path("/nowhere"))
    assert raised.value.trouble.what is What.LOGIN
    return str(raised.value.trouble.said)


def test_kubeconfigs_are_merged_as_kubectl_merges_them(tmp_path: Path) -> None:
    one, other = kept(tmp_path, "one", config("one")), kept(tmp_path, "other", config("other"))
    both = given(one, tmp_path / "not-there", other)
    assert access(both, None).namespace == "in-one"
    assert access(both, "other") == Access(
        {"server": "https://other.example"}, {"token": "ek_canary_other"}, "in-other"
    )
    again = kept(tmp_path, "again", config("one", clusters=[]))
    assert access(given(again, one), None).cluster["server"] == "https://one.example"


def test_the_one_at_home_counts_where_no_other_is_named(tmp_path: Path) -> None:
    kept(tmp_path / ".kube", "config", config("home"))
    assert access({"HOME": str(tmp_path)}, None).namespace == "in-home"
    named = kept(tmp_path, "named", config("named"))
    assert access(given(named, HOME=str(tmp_path)), None).namespace == "in-named"
    assert "no kubeconfig" in problem_with(given(tmp_path / "not-there", HOME=str(tmp_path)))


def test_paths_are_from_the_folder_of_their_kubeconfig(tmp_path: Path) -> None:
    found = config("one")
    found["clusters"][0]["cluster"]["certificate-authority"] = "ca.crt"
    found["users"][0]["user"] = {"tokenFile": "token", "client-key": "/keys/key"}
    path = kept(tmp_path / "kube", "config", found)
    reached = access(given(path), None)
    assert reached.cluster["certificate-authority"] == str(tmp_path / "kube/ca.crt")
    assert reached.user == {"tokenFile": str(tmp_path / "kube/token"), "client-key": "/keys/key"}


def test_a_pod_has_an_account_of_its_own(tmp_path: Path) -> None:
    account = tmp_path / "account"
    kept(account, "token", "ek_canary")
    kept(account, "namespace", "speech\n")
    pod = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    assert access(pod, None, account) == Access(
        {"server": "https://[fd00::1]:6443", "certificate-authority": str(account / "ca.crt")},
        {"tokenFile": str(account / "token")},
        "speech",
    )
    named = kept(tmp_path, "named", config("named"))
    assert access(given(named, **pod), None, account).namespace == "in-named"
    with pytest.raises(StoreError, match="login"):
        access(pod, "other", account)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("{", "is not a kubeconfig that can be read"),
        ("[]", "is not a kubeconfig that can be read"),
        ("clusters: [1]", "is not a kubeconfig that can be read"),
        (config("one", **{"current-context": None}), "no current context"),
        (config("one", **{"current-context": "two"}), "no context `two`"),
        (config("one", clusters=[]), "no cluster `one`"),
        (config("one", users=[]), "no user `one`"),
        (config("one", clusters=[{"name": "one", "cluster": {}}]), "no `server`"),
        (config("one", users=[{"name": "one", "user": {"as": "admin"}}]), "`as`"),
        (
            config(
                "one",
                clusters=[
                    {
                        "name": "one",
                        "cluster": {"server": "https://one.example", "tls-server-name": "two"},
                    }
                ],
            ),
            "`tls-server-name`",
        ),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, found: Any, said: str) -> None:
    assert said in problem_with(given(kept(tmp_path, "config", found)))


def test_without_a_kubeconfig_nothing_is_sent(tmp_path: Path) -> None:
    [problem] = errors_of(Offline(tmp_path).sink("clinic", "ward/7"))
    assert problem.code == "store-login-failed"
    assert "KUBECONFIG" in problem.message


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    found = config("one")
    found["clusters"][0]["cluster"]["certificate-authority-data"] = "bm90aGluZw=="
    offline = Offline(tmp_path)
    offline.environ |= given(kept(tmp_path, "config", found))
    [problem] = errors_of(offline.sink("clinic"))
    assert (problem.code, "certificates" in problem.message) == ("store-login-failed", True)


# ── a server that says what it is told to ────────────────────────────────────────────────────────


class Saying(BaseHTTPRequestHandler):
    """Gives the answers in a row, the last one again and again."""

    answers: ClassVar[list[tuple[int, dict[str, str], str]]]
    asked: ClassVar[list[dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append({name.lower(): text for name, text in self.headers.items()})
        status, headers, text = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def saying(*answers: tuple[int, dict[str, str], str]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server with these answers; its address, and the headers of what was asked."""
    asked: list[dict[str, str]] = []
    handler = type("Own", (Saying,), {"answers": list(answers), "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


MISSING = json.dumps({"kind": "Status", "reason": "NotFound", "details": {"kind": "secrets"}})


def looking(folder: Path, address: str, user: Mapping[str, Any], *profiles: str) -> Any:
    """A sink whose kubeconfig leads there."""
    found = config("one", users=[{"name": "one", "user": dict(user)}])
    found["clusters"][0]["cluster"]["server"] = address
    offline = Offline(folder)
    offline.environ |= given(kept(folder, "config", found))
    return offline.sink(*(profiles or ("clinic",)))


def test_where_it_is_asked_too_much_it_is_asked_again(tmp_path: Path) -> None:
    busy = (429, {"Retry-After": "0"}, "")
    with saying(busy, busy, (404, {}, MISSING)) as (address, asked):
        assert looking(tmp_path, address, {"token": "t"}).holds() == frozenset()
    assert len(asked) == 3
    with saying(busy) as (address, asked):
        assert problem_of_a_look(tmp_path, address).code == "store-busy"
    assert len(asked) == 4


def problem_of_a_look(folder: Path, address: str) -> Problem:
    from voxmint.problems import ProblemsError

    with pytest.raises(ProblemsError) as raised:
        looking(folder, address, {"token": "t"}).holds()
    [problem] = raised.value.problems
    return problem


@pytest.mark.parametrize(
    ("status", "text", "code"),
    [
        # Not every 404 says that there is no such Secret.
        (404, "<h1>Not found: ek_canary</h1>", "store-refused"),
        (404, json.dumps({"reason": "NotFound", "details": {}}), "store-refused"),
        (200, "<h1>Welcome: ek_canary</h1>", "store-unreachable"),
        (200, "{}", "store-unreachable"),
        (200, "[]", "store-unreachable"),
        (302, "", "store-refused"),
        (500, json.dumps({"message": "ek_canary"}), "store-unreachable"),
        (503, "", "store-unreachable"),
    ],
)
def test_an_answer_that_is_none_of_kubernetes_is_told(
    tmp_path: Path, status: int, text: str, code: str
) -> None:
    with saying((status, {}, text)) as (address, _):
        problem = problem_of_a_look(tmp_path, address)
    assert problem.code == code
    assert "canary" not in problem.message


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_credentials_may_come_from_a_program(tmp_path: Path, version: str) -> None:
    program = (
        "import json, os; told = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({'status': {'token': told['apiVersion'] + os.environ['MORE']}}))"
    )
    plugin = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "command": sys.executable,
        "args": ["-c", program],
        "env": [{"name": "MORE", "value": "-more"}],
    }
    with saying((404, {}, MISSING)) as (address, asked):
        looking(tmp_path, address, {"exec": plugin}).holds()
    told = f"Bearer client.authentication.k8s.io/{version}-more"
    assert [one["authorization"] for one in asked] == [told]


def test_a_program_for_credentials_is_run_once(tmp_path: Path) -> None:
    program = 'echo >> runs; sleep 0.1; echo \'{"status": {"token": "t"}}\''
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", f"cd '{tmp_path}'; {program}"],
    }
    with saying((404, {}, MISSING)) as (address, asked):
        looking(tmp_path, address, {"exec": plugin}, *map(str, range(8))).holds()
    assert len(asked) == 8
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "\n"


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./not-there"}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v9", "command": "true"}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}},
        {"tokenFile": "not-there"},
    ],
)
def test_credentials_that_cannot_be_had_are_told(tmp_path: Path, user: dict[str, Any]) -> None:
    with saying((404, {}, MISSING)) as (address, asked):
        [problem] = errors_of(looking(tmp_path, address, user))
    assert problem.code == "store-login-failed"
    assert asked == []


def test_a_token_s_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    token = kept(tmp_path, "token", "old")
    with saying((404, {}, MISSING), (401, {}, "{}"), (404, {}, MISSING)) as (address, asked):
        sink = looking(tmp_path, address, {"tokenFile": "token"})
        sink.holds()
        token.write_text("new", encoding="utf-8")
        sink.holds()
    assert [one["authorization"] for one in asked] == ["Bearer old", "Bearer old", "Bearer new"]


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    sink = looking(tmp_path, "http://127.0.0.1:9", {"token": "t"})
    [problem] = errors_of(sink)
    assert problem.code == "store-unreachable"
    with pytest.raises(Exception, match="cannot be reached"):
        sink.write(delivering("clinic"))


# ── what errors mean ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("refusal", "what"),
    [
        (Refusal(401, "get secrets", "Unauthorized"), What.LOGIN),
        (Refusal(403, "get secrets", "Forbidden"), What.DENIED),
        (Refusal(403, "", "Forbidden", is_over_quota=True), What.FULL),
        (Refusal(403, "", "Forbidden", causes=(("NamespaceTerminating", ""),)), What.REFUSED),
        (Refusal(404, "", "NotFound", "namespaces"), What.REFUSED),
        (Refusal(404, "", "NotFound", "secrets"), What.CHANGED),
        (Refusal(409, "", "Conflict"), What.CHANGED),
        (Refusal(409, "", "AlreadyExists"), What.CHANGED),
        (Refusal(413, "", "RequestEntityTooLarge"), What.TOO_LARGE),
        (Refusal(422, "", "Invalid", causes=(("FieldValueTooLong", "data"),)), What.TOO_LARGE),
        (Refusal(422, "", "Invalid", causes=(("FieldValueForbidden", "data"),)), What.REFUSED),
        (Refusal(422, "", "Invalid"), What.REFUSED),
        (Refusal(429, "", "TooManyRequests"), What.BUSY),
        (Refusal(504, "", "Timeout"), What.UNREACHABLE),
    ],
)
def test_a_refusal_is_told_by_its_codes(refusal: Refusal, what: What) -> None:
    trouble = trouble_of(RefusedError(refusal))
    assert (trouble.what, trouble.code) == (what, refusal.reason)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (httpx2.ConnectTimeout("ek_canary"), What.UNREACHABLE),
        (httpx2.ReadTimeout("ek_canary"), What.UNREACHABLE),
        (httpx2.ProxyError("ek_canary"), What.UNREACHABLE),
        (httpx2.RemoteProtocolError("ek_canary"), What.UNREACHABLE),
        (RuntimeError("ek_canary"), What.REFUSED),
    ],
)
def test_an_error_without_an_answer_is_told_and_not_repeated(error: Exception, what: What) -> None:
    trouble = trouble_of(error)
    assert trouble.what is what
    assert "canary" not in str(trouble)


def test_what_is_held_by_making_is_held_by_applying_afterwards() -> None:
    made = {"manager": "voxmint", "operation": "Update", "fieldsV1": {"f:data": {}}}
    other = {"manager": "helm", "operation": "Update", "fieldsV1": {}}
    applied = {**made, "operation": "Apply"}
    assert as_applied((other, made)) == [other, applied]
    assert as_applied((made, other, applied)) == [other, applied]
