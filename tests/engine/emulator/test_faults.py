"""How faults are asked for, in a text or an object, and which requests they strike."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import FLAT, NESTED, ask, counts, fixed, post, spend
from voxmint.engine.emulator import Emulator, Fault, fault_of, faults_of
from voxmint.engine.emulator.faults import MOST_LETTERS, Faults, fault_in
from voxmint.problems import UsageError

SESSION = {"session": {"type": "transcription"}}


def asking(*faults: str) -> Emulator:
    return Emulator(fixed(faults=faults_of(faults)))


def statuses(emulator: Emulator, number: int, path: str = FLAT, **headers: str) -> list[int]:
    """What so many requests in a row are answered."""
    body = {} if path == FLAT else SESSION
    return [post(emulator, path, body, **headers).status for _ in range(number)]


# ── as they are written ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("500", Fault("500")),
        ("500:", Fault("500")),
        ("500@", Fault("500")),
        ("429:retry-after=2", Fault("429", "retry-after=2")),
        ("429:retry-after=2,5@every=3", Fault("429", "retry-after=2,5", every=3)),
        ("429:retry-after=2@every=3", Fault("429", "retry-after=2", every=3)),
        ("reset:in-answer@after=2,times=1", Fault("reset", "in-answer", after=2, times=1)),
        ("missing:id@api=client_secrets", Fault("missing", "id", api="client_secrets")),
        ("huge@profile=call-center/*", Fault("huge", profile="call-center/*")),
        ("redirect:https://a.example:1/b?c=d", Fault("redirect", "https://a.example:1/b?c=d")),
        (
            "html@body.session.turn_detection.type=server_*,body.include.0=item.*,every=2",
            Fault(
                "html",
                body={"session.turn_detection.type": "server_*", "include.0": "item.*"},
                every=2,
            ),
        ),
        ("500@profile=a=b@c", Fault("500", profile="a=b@c")),
    ],
)
def test_a_text_asks_for_a_fault(text: str, fault: Fault) -> None:
    assert fault_of(text) == fault
    assert fault_in({"fault": text}) == fault
    assert fault_in(fault.content()) == fault


WRONG = [
    "",
    "quote",
    "50O",
    "429:retry",
    "429:retry-after",
    "429:retry-after=",
    "429:retry-after=2+",
    "429:retry-after=ü",
    "429:retry-after=1\r\nSet-Cookie: x",
    "429:retry-after-date=soon",
    "quota:\x1b[31m",
    "wrong-project:x",
    "html:99",
    "html:600",
    "html:teapot",
    "slow-headers",
    "slow-headers:-1",
    "slow-headers:3601",
    "slow-body:nan",
    "reset:later",
    "truncated-json:-1",
    "truncated-json:inf",
    "missing:" + "x" * 501,
    "expired:never",
    "clock",
    "clock:1e300",
    "huge:1073741825",
    "500@every",
    "500@every=",
    "500@every=0",
    "500@every=-1",
    "500@every=1.5",
    "500@every=²",
    "500@every=" + "9" * 12,
    "500@every=" + "9" * 5000,
    "500@times=0",
    "500@evry=2",
    "500@every=2,,times=1",
    "500@api=flat",
    "500@api=client_secret",
    "500@body=x",
    "500@body.=x",
    "500@body.model",
    "500@profile=" + "*" * 501,
    "500@" + ",".join(f"body.a{number}=x" for number in range(21)),
    "redirect:http://user@host/",
]


def test_what_asks_for_none_is_refused_with_a_reason(snapshot: SnapshotAssertion) -> None:
    said = {}
    for text in WRONG:
        with pytest.raises(UsageError) as raised:
            fault_of(text)
        said[text[:60]] = (str(raised.value), raised.value.hint)
        assert len(str(raised.value)) < 300

    assert said == snapshot


def test_each_of_several_that_are_wrong_is_named() -> None:
    with pytest.raises(UsageError) as raised:
        faults_of(("quote", "500", "clock", "html:9"))

    assert str(raised.value) == "fault `quote`: there is no kind of fault `quote`"
    assert raised.value.hint == "did you mean `quota`?"
    assert [str(also).partition(":")[0] for also in raised.value.also] == [
        "fault `clock`",
        "fault `html",
    ]


def test_there_are_not_more_than_a_hundred() -> None:
    assert len(faults_of(("500",) * 100)) == 100
    with pytest.raises(UsageError, match="keeps 100 faults at most"):
        faults_of(("500",) * 101)


def test_what_their_patterns_take_is_bounded_together() -> None:
    half = Fault("500", profile="w" * 500, body={"a": "*" * 499} | dict.fromkeys("bc", "x" * 498))
    most = MOST_LETTERS // half.letters
    kept = Faults((half,) * most)
    with pytest.raises(UsageError, match="have 5000 characters at most, together"):
        kept.add((half,))
    assert len(kept.content()) == most


@pytest.mark.parametrize(
    "content",
    [
        None,
        "500",
        {},
        {"every": 2},
        {"fault": 500},
        {"fault": "500", "every": 2},
        {"kind": 500},
        {"kind": "500", "every": "2"},
        {"kind": "500", "every": True},
        {"kind": "500", "every": 1.0},
        {"kind": "500", "times": 0},
        {"kind": "500", "evry": 2},
        {"kind": "500", "body": []},
        {"kind": "500", "body": {"model": 1}},
        {"kind": "500", "api": "flat"},
        {"kind": "clock", "argument": ""},
        {"kind": "nope"},
    ],
)
def test_another_object_asks_for_none(content: object, snapshot: SnapshotAssertion) -> None:
    with pytest.raises(UsageError) as raised:
        fault_in(content)

    assert (str(raised.value), raised.value.hint) == snapshot


@given(st.text(alphabet="5042:@=,.*beodyvrtimsac\0é", max_size=40) | st.text(max_size=40))
def test_any_text_asks_for_a_fault_or_is_refused(text: str) -> None:
    try:
        fault = fault_of(text)
    except UsageError:
        return
    assert fault_in(json.loads(json.dumps(fault.content()))) == fault


# ── one request in so many ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ("500", "XXXXXXXXX"),
        ("500@every=1", "XXXXXXXXX"),
        ("500@every=3", "X..X..X.."),
        ("500@times=2", "XX......."),
        ("500@after=2", "..XXXXXXX"),
        ("500@after=1,every=3", ".X..X..X."),
        ("500@after=1,every=3,times=2", ".X..X...."),
        ("500@every=100", "X........"),
        ("500@after=100", "........."),
    ],
)
def test_it_strikes_the_first_of_every_so_many(fault: str, struck: str) -> None:
    with asking(fault) as emulator:
        found = statuses(emulator, len(struck))
        counted = counts(emulator)

    assert "".join("X" if status == 500 else "." for status in found) == struck
    assert counted["requests"] == len(struck)
    assert counted["faults"].get("500", 0) == struck.count("X")
    assert counted["minted"] == struck.count(".")


def test_the_first_that_strikes_is_the_only_one_and_others_do_not_count_it() -> None:
    with asking("500@every=2", "503@every=2", "502") as emulator:
        assert statuses(emulator, 8) == [500, 503, 500, 502, 500, 503, 500, 502]


# ── those of a profile, an endpoint, a body ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pattern", "label", "is_struck"),
    [
        ("clinic", "voxmint-1-7/clinic", True),
        ("clinic", "anything at all/clinic", True),
        ("clinic", "voxmint-1-7/clinics", False),
        ("clinic", "clinic", False),
        ("clinic", "", False),
        ("call-center/*", "voxmint-1-7/call-center/german", True),
        ("call-center/*", "voxmint-1-7/call-centers", False),
        ("Clinic", "voxmint-1-7/clinic", False),
        ("ward-?", "voxmint-1-7/ward-7", True),
        ("grüße", "voxmint-1-7/gr%C3%BC%C3%9Fe", True),
        ("*", "voxmint-1-7/clinic", True),
        ("a+b", "voxmint-1-7/a%2Bb", True),
    ],
)
def test_a_profile_is_named_by_the_id_of_its_request(
    pattern: str, label: str, *, is_struck: bool
) -> None:
    with asking(f"500@profile={pattern}") as emulator:
        found = statuses(emulator, 1, X_Client_Request_Id=label)

    assert found == [500 if is_struck else 200]


def test_requests_of_others_are_not_counted() -> None:
    with asking("500@profile=b,every=2") as emulator:
        found = [
            statuses(emulator, 1, X_Client_Request_Id=f"run/{profile}")[0] for profile in "abaabab"
        ]

    assert found == [200, 500, 200, 200, 200, 200, 500]


def test_an_endpoint_may_be_struck_alone() -> None:
    with asking("500@api=client_secrets", "503@api=transcription_sessions,every=2") as emulator:
        assert statuses(emulator, 2, NESTED) == [500, 500]
        assert statuses(emulator, 3, FLAT) == [503, 200, 503]


FLAT_BODY: dict[str, Any] = {
    "input_audio_transcription": {"model": "gpt-4o-transcribe", "prompt": "Grüße, a=b"},
    "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
    "input_audio_noise_reduction": None,
    "include": ["item.input_audio_transcription.logprobs"],
    "client_secret": {"expires_at": {"anchor": "created_at", "seconds": 120}},
}
NESTED_BODY: dict[str, Any] = {
    "session": {
        "type": "transcription",
        "audio": {
            "input": {
                "transcription": FLAT_BODY["input_audio_transcription"],
                "turn_detection": FLAT_BODY["turn_detection"],
                "noise_reduction": None,
            }
        },
        "include": FLAT_BODY["include"],
    },
    "expires_after": {"anchor": "created_at", "seconds": 120},
}
BOTH = (FLAT, NESTED)


@pytest.mark.parametrize(
    ("selector", "struck"),
    [
        ("input_audio_transcription.model=gpt-4o-transcribe", (FLAT,)),
        ("session.audio.input.transcription.model=gpt-4o-*", (NESTED,)),
        ("session.input_audio_transcription.model=gpt-4o-*", BOTH),
        ("session.input_audio_transcription.model=whisper-1", ()),
        ("session.input_audio_transcription.prompt=Gr*a=b", BOTH),
        ("session.input_audio_transcription.prompt=Grüße*", BOTH),
        ("session.turn_detection.threshold=0.5", BOTH),
        ("session.turn_detection.prefix_padding_ms=3*", BOTH),
        ("session.input_audio_noise_reduction=null", BOTH),
        ("session.input_audio_format=null", ()),
        ("session.include.0=item.*", BOTH),
        ("session.include.1=*", ()),
        ("session.include.-1=*", ()),
        ("expires_after.seconds=120", BOTH),
        ("client_secret.expires_at.seconds=120", (FLAT,)),
        ("session.turn_detection=*server_vad*", BOTH),
        ("session.turn_detection.type.deeper=*", ()),
        ("session.turn_detection.type=server_vad,body.expires_after.seconds=120", BOTH),
        ("session.turn_detection.type=server_vad,body.expires_after.seconds=121", ()),
    ],
)
def test_a_value_of_the_body_selects(selector: str, struck: tuple[str, ...]) -> None:
    with asking(f"500@body.{selector}") as emulator:
        found = (post(emulator, FLAT, FLAT_BODY).status, post(emulator, NESTED, NESTED_BODY).status)

    assert found == tuple(500 if path in struck else 200 for path in BOTH)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"session"',
        b"\xff",
        b"[" * 60_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"session": [' + b"[" * 500 + b"]" * 500 + b"]}",
        b'{"session": "x", "expires_after": 7}',
    ],
)
@pytest.mark.parametrize("path", BOTH)
def test_a_body_that_says_nothing_is_not_struck(path: str, body: bytes) -> None:
    with asking(
        "503@body.session.turn_detection.type=x", "503@body.a=x", "503@body.0=x"
    ) as running:
        found = post(running, path, body)

    assert found.status == 400


def test_a_fault_comes_before_the_key_is_looked_at() -> None:
    with asking("500@every=2") as emulator:
        found = [post(emulator, FLAT, {}, key=None).status for _ in range(2)]

    assert found == [500, 401]


def test_only_requests_to_mint_are_struck() -> None:
    with asking("500") as emulator:
        others = [
            ask(emulator, "GET", "/emulator").status,
            ask(emulator, "GET", FLAT).status,
            post(emulator, "/nowhere", {}).status,
            spend(emulator, "ek_none").status,
        ]
        assert statuses(emulator, 1) == [500]

    assert others == [200, 405, 404, 401]
