"""Comments on a pull request with a report, or brings the comment of an earlier run up to date.

Run by the action, with `python -I`, from variables alone; see `action.yml`. Which comment is its
own it knows by a hidden mark and by who wrote it: anybody can write the mark. Where the token may
not comment, as on a pull request from a fork, that is a notice and no failure, since the report
also stands in the job's summary. The token goes to GitHub's API only, and no redirect is followed.
"""

import json
import os
import posixpath
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

MOST = 65_536
"""How many characters GitHub takes in a comment."""

_PAGE = 100
_TRIES = 3
_LONGEST_WAIT = 30.0
_TIMEOUT = 30.0
_MOST_BYTES = 32 * 1024 * 1024
_FORBIDDEN = frozenset({401, 403, 404})
_BUSY = frozenset({403, 429})


class Refused(Exception):  # noqa: N818  # an answer, which may be no error at all
    """The API did not do what it was asked for."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status} {said}".strip())
        self.status = status


class Answer(NamedTuple):
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    content: Any

    @property
    def wait(self) -> float | None:
        """The seconds to wait, where it asks for that."""
        given = self.headers.get("retry-after", "")
        return min(float(given), _LONGEST_WAIT) if given.isdigit() else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Gives a redirect back as it is: the token would go along with it."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Api:
    """GitHub's REST, as far as comments need it."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._opener = urllib.request.build_opener(_NoRedirect)

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """What the API answers to a request; `Refused` for anything but success.

        Tried again where it was surely not done, or where doing it twice does no harm.
        """
        for left in reversed(range(_TRIES)):
            answer = self._answer(method, path, content)
            if answer.status < 300:
                return answer.content
            wait = answer.wait if answer.status in _BUSY else None
            if wait is None and answer.status >= 500 and method != "POST":
                wait = 1.0
            if wait is None or not left:
                break
            time.sleep(wait)
        raise Refused(answer.status, _message(answer.content))

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """All items of a list."""
        number = 1
        while True:
            given = urllib.parse.urlencode({**query, "per_page": _PAGE, "page": number})
            page = self.ask("GET", f"{path}?{given}")
            yield from page
            if len(page) < _PAGE:
                return
            number += 1

    def _answer(self, method: str, path: str, content: object) -> Answer:
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("Content-Type", "application/json")
        request.add_header("User-Agent", "voxmint")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        # Not among the headers that a proxy or a redirect would be given.
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                return _read(response.status, response)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error.code, error)


def _read(status: int, response: Any) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    data = response.read(_MOST_BYTES)
    try:
        return Answer(status, headers, json.loads(data or b"null"))
    except ValueError:
        return Answer(status, headers, None)


def _message(content: object) -> str:
    said = content.get("message") if isinstance(content, dict) else None
    return said if isinstance(said, str) else ""


# ── the comment ──────────────────────────────────────────────────────────────────────────────────


def mark_of(project: str) -> str:
    """What hides in a comment so that the next run knows it: each project has one of its own."""
    name = urllib.parse.quote(posixpath.normpath(project or "."))
    return f"<!-- voxmint: review of {name} -->"


def body_of(mark: str, report: str, run: str, page: str) -> str:
    """The comment's text; where GitHub would not take it, where to find the report instead.

    `page` is the address of the same as a page, where there is one.
    """
    told = f"\n[The same as a page]({page}), to download\n" if page else ""
    body = f"{mark}\n{report.rstrip()}\n{told}"
    if len(body) <= MOST:
        return body
    return f"{mark}\nThis is longer than a comment can be: [the job's summary]({run}) has it.\n"


def find(api: Api, repository: str, number: int, mark: str, author: str) -> int | None:
    """The comment of an earlier run."""
    path = f"/repos/{repository}/issues/{number}/comments"
    for comment in api.pages(path):
        by = (comment.get("user") or {}).get("login")
        if by == author and (comment.get("body") or "").startswith(mark):
            found: int = comment["id"]
            return found
    return None


def put(api: Api, repository: str, number: int, found: int | None, body: str) -> str:
    """Makes the comment, or makes the one that was found say this; its address."""
    if found is not None:
        path = f"/repos/{repository}/issues/comments/{found}"
        try:
            return str(api.ask("PATCH", path, {"body": body})["html_url"])
        except Refused as refused:
            if refused.status != 404:
                raise
            # Somebody deleted it a moment ago.
    path = f"/repos/{repository}/issues/{number}/comments"
    return str(api.ask("POST", path, {"body": body})["html_url"])


def pull_request(api: Api, repository: str, event: Mapping[str, Any]) -> int | None:
    """The number of the pull request that the event is about; `None` where it is about none.

    A run that follows another one is told no number where the branch is a fork's: it is the one
    whose head is the commit that the other ran for.
    """
    given = event.get("pull_request") or {}
    if "number" in given:
        return int(given["number"])
    before = event.get("workflow_run") or {}
    if before.get("event") != "pull_request":
        return None
    owner = ((before.get("head_repository") or {}).get("owner") or {}).get("login")
    head = f"{owner}:{before.get('head_branch')}"
    for one in api.pages(f"/repos/{repository}/pulls", state="open", head=head):
        if one["head"]["sha"] == before.get("head_sha"):
            return int(one["number"])
    return None


def say(kind: str, text: str) -> None:
    """Tells the reader of the log; nothing in the text is a command to the runner."""
    told = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    sys.stdout.write(f"::{kind} title=voxmint::{told}\n")


def main(environ: Mapping[str, str]) -> int:
    """Comments where there is something to say, and where the token may."""
    if not environ["REVIEW_REPORT"]:
        return 0
    api = Api(environ["GITHUB_API_URL"], environ["REVIEW_TOKEN"])
    try:
        url = _commented(api, environ)
    except Refused as refused:
        if refused.status in _FORBIDDEN:
            say("notice", f"no comment, since the token may not ({refused}): see the job's summary")
        else:
            say("warning", f"no comment: GitHub answered {refused}; see the job's summary")
        return 0
    except OSError as error:
        say("warning", f"no comment: {error}; see the job's summary")
        return 0
    if url:
        with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as out:
            out.write(f"url={url}\n")
    return 0


def _commented(api: Api, environ: Mapping[str, str]) -> str | None:
    repository = environ["GITHUB_REPOSITORY"]
    event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = pull_request(api, repository, event)
    if number is None:
        say("notice", "no comment: this run is of no open pull request")
        return None
    mark = mark_of(environ["REVIEW_PROJECT"])
    found = find(api, repository, number, mark, environ["REVIEW_AUTHOR"])
    if found is None and environ["REVIEW_CHANGES"] != "true":
        # A comment that says that nothing happens is one to scroll past.
        return None
    report = Path(environ["REVIEW_REPORT"]).read_text(encoding="utf-8")
    run = f"{environ['GITHUB_SERVER_URL']}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    body = body_of(mark, report, run, environ["REVIEW_PAGE"])
    return put(api, repository, number, found, body)


if __name__ == "__main__":
    sys.exit(main(os.environ))
