"""GitHub, as far as an action meets it: a runner of composite actions, and the REST of comments.

The runner reads the real `action.yml`, and does with its steps what GitHub's does: expressions are
put into variables, files carry outputs from one step to the next. What it cannot do it refuses.
"""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.cli.running import ROOT

_EXPRESSION = re.compile(r"\$\{\{ ([\w.-]+) \}\}")
_CONDITION = re.compile(r"([\w.-]+) (==|!=) '([^']*)'")


class Done(NamedTuple):
    """How an action ended: its log, its outputs, and the job's summary."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


@dataclass
class Runner:
    """A machine on which an action runs for an event, in a workspace; `artifacts` by name."""

    home: Path
    workspace: Path
    event: Mapping[str, Any]
    environ: Mapping[str, str] = field(default_factory=dict)
    token: str = "ghs_made_up"
    artifacts: dict[str, str] = field(default_factory=dict)

    def run(self, **given: str) -> Done:
        """Runs the repository's action with these inputs, `_` standing for `-` in their names."""
        return self._run({}, given)

    def run_one(self, step: str, review: Mapping[str, str], **given: str) -> Done:
        """Runs one of its steps, after a review with these outputs."""
        return self._run({"review": {"outputs": review}}, given, step)

    def _run(self, steps: dict[str, Any], given: Mapping[str, str], only: str = "") -> Done:
        action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        context: dict[str, Any] = {"github": {"event": self.event, "token": self.token}}
        inputs = {name.replace("_", "-"): value for name, value in given.items()}
        assert inputs.keys() <= action["inputs"].keys()
        context["inputs"] = {
            name: inputs.get(name, _put(str(one["default"]), context))
            for name, one in action["inputs"].items()
        }
        context["steps"] = steps
        self.home.mkdir(exist_ok=True)
        summary = self.home / "summary.md"
        log, code = "", 0
        for number, step in enumerate(action["runs"]["steps"]):
            is_asked = only in {"", step["id"]}
            if code == 0 and is_asked and _holds(step.get("if"), context):
                if "uses" in step:
                    outputs = self._uploaded(step, context)
                else:
                    code, said, outputs = self._step(step, context, summary, number)
                    log += said
                context["steps"][step["id"]] = {"outputs": outputs}
        outputs = {name: _put(one["value"], context) for name, one in action["outputs"].items()}
        text = summary.read_text(encoding="utf-8") if summary.exists() else ""
        return Done(code, log, outputs, text)

    def _uploaded(self, step: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
        """What `actions/upload-artifact` does: the only other action that is known here."""
        assert step["uses"].startswith("actions/upload-artifact@v")
        given = {name: _put(str(value), context) for name, value in step["with"].items()}
        self.artifacts[given["name"]] = Path(given["path"]).read_text(encoding="utf-8")
        return {"artifact-url": f"https://github.example/artifacts/{len(self.artifacts)}"}

    def _step(
        self, step: Mapping[str, Any], context: Mapping[str, Any], summary: Path, number: int
    ) -> tuple[int, str, dict[str, str]]:
        # GitHub would put expressions into the script's text: nothing from outside may stand there.
        assert not _EXPRESSION.search(step["run"])
        output = self.home / f"output-{number}"
        output.touch()
        event = self.home / "event.json"
        event.write_text(json.dumps(self.event), encoding="utf-8")
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": "clinic/speech",
            "GITHUB_RUN_ID": "17",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.home),
            **self.environ,
            **{name: _put(value, context) for name, value in step["env"].items()},
        }
        done = subprocess.run(
            [step["shell"], "-e", "-c", step["run"]],
            cwd=self.workspace,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        lines = output.read_text(encoding="utf-8").splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return done.returncode, done.stdout + done.stderr, outputs


def _put(text: str, context: Mapping[str, Any]) -> str:
    return _EXPRESSION.sub(lambda found: _value(found[1], context), text)


def _value(path: str, context: Mapping[str, Any]) -> str:
    """What an expression gives: of what there is not, as on GitHub, nothing."""
    value: Any = context
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def _holds(condition: str | None, context: Mapping[str, Any]) -> bool:
    if condition is None:
        return True
    found = _CONDITION.fullmatch(condition)
    assert found, f"the runner does not know {condition!r}"
    return (_value(found[1], context) == found[3]) is (found[2] == "==")


# ── the API ──────────────────────────────────────────────────────────────────────────────────────


class Asked(NamedTuple):
    """A request that came in."""

    method: str
    path: str
    query: Mapping[str, str]
    token: str
    content: Any


Refusal: TypeAlias = tuple[int, dict[str, str], str]
"""A status, headers, and a message."""


@dataclass
class Api:
    """The comments of the pull request 7 of `clinic/speech`, and what was asked.

    `refusals` are answers that are given first: status, headers, message; for a method each.
    """

    url: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    refusals: dict[str, list[Refusal]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def add(self, body: str, login: str = "github-actions[bot]") -> int:
        """Adds a comment by somebody; its number."""
        number = 100 + len(self.comments)
        self.comments.append({"id": number, "user": {"login": login}, "body": body})
        return number

    def methods(self) -> list[str]:
        return [one.method for one in self.asked]

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        self.asked.append(asked)
        if self.refusals.get(asked.method):
            status, headers, said = self.refusals[asked.method].pop(0)
            return status, headers, {"message": said}
        match asked.method, asked.path.split("/")[4:]:
            case "GET", ["issues", "7", "comments"]:
                return 200, {}, _page(self.comments, asked.query)
            case "GET", ["pulls"]:
                found = [one for one in self.pulls if one["label"] == asked.query["head"]]
                return 200, {}, _page(found, asked.query)
            case "POST", ["issues", "7", "comments"]:
                return 201, {}, self._shown(self.add(asked.content["body"]))
            case "PATCH", ["issues", "comments", number]:
                for one in self.comments:
                    if str(one["id"]) == number:
                        one["body"] = asked.content["body"]
                        return 200, {}, self._shown(one["id"])
        return 404, {}, {"message": "Not Found"}

    def _shown(self, number: int) -> dict[str, Any]:
        return {"id": number, "html_url": f"https://github.example/comment/{number}"}


def _page(items: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    count, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return items[(number - 1) * count : number * count]


@contextmanager
def serving() -> Iterator[Api]:
    """A server on loopback that answers as GitHub's API, and records what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(url.query).items()}
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization", "")
            content = json.loads(data) if data else None
            asked = Asked(self.command, url.path, query, token, content)
            status, headers, answer = api.answer(asked)
            sent = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(sent))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  # the names that the server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = Api(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
