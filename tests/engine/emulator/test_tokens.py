import base64
import hmac
import json
import re
import zlib
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import FLAT, NESTED, NOW, Clock, fixed, post, spend
from voxmint.engine.emulator import Emulator, Options, tokens
from voxmint.engine.emulator.tokens import Claim, claimed, issued
from voxmint.secret import Secret

CLAIM = Claim("client_secrets", NOW, {"id": "sess_1", "audio": {"input": None}})


def minted(emulator: Emulator, body: object) -> str:
    return str(post(emulator, FLAT, body).content["client_secret"]["value"])


@pytest.mark.parametrize(
    "claim",
    [
        CLAIM,
        Claim("transcription_sessions", 0, {}),
        Claim("client_secrets", NOW, {"prompt": "Grüße \ud800 \u202e \N{PILE OF POO}"}),
    ],
)
def test_a_token_stands_for_its_claim(claim: Claim) -> None:
    token = issued(claim)

    assert claimed(token) == claim
    assert re.fullmatch(r"ek_[A-Za-z0-9_-]{20,}", token.reveal())


def test_the_same_session_is_short(emulator: Emulator) -> None:
    body = {"input_audio_transcription": {"model": "gpt-4o-transcribe"}}

    assert len(minted(emulator, body)) < 160


@pytest.mark.parametrize("position", range(3, 46))
def test_a_changed_token_is_none(position: int) -> None:
    token = issued(CLAIM).reveal()
    other = "A" if token[position] != "A" else "B"

    assert claimed(Secret(token[:position] + other + token[position + 1 :])) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ek_",
        "ek_x",
        "ek_68af296e8e408191a1120ab6383263c2",
        "sk-test",
        issued(CLAIM).reveal()[3:],
        issued(CLAIM).reveal()[:-4],
        issued(CLAIM).reveal() + "=",
        issued(CLAIM).reveal() + "\n",
        "ek_ünicode",
    ],
)
def test_other_texts_are_no_tokens(text: str) -> None:
    assert claimed(Secret(text)) is None


def forged(content: Any) -> Secret:
    """A token that somebody made with the public key."""
    packer = zlib.compressobj(9, wbits=-15, zdict=tokens._COMMON)
    packed = packer.compress(json.dumps(content).encode()) + packer.flush()
    seal = hmac.digest(tokens._PUBLIC_KEY, packed, "sha256")[:12]
    return Secret("ek_" + base64.urlsafe_b64encode(seal + packed).rstrip(b"=").decode())


def test_the_forger_knows_the_craft() -> None:
    assert claimed(forged(["client_secrets", {"id": "sess_1"}, NOW])) is not None


@pytest.mark.parametrize(
    "content",
    [
        None,
        7,
        {},
        [],
        ["client_secrets", {}, "soon"],
        ["client_secrets", [], NOW],
        [{}, {}, NOW],
        ["client_secrets", {"prompt": "a" * 2_000_000}, NOW],
    ],
    ids=lambda content: str(content)[:30],
)
def test_a_forged_claim_of_another_shape_or_size_is_none(content: object) -> None:
    assert claimed(forged(content)) is None


def test_what_is_nested_too_deep_is_none() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    text = json.dumps(deep).replace("[]", "[" * 100_000)
    packer = zlib.compressobj(9, wbits=-15, zdict=tokens._COMMON)
    packed = packer.compress(text.encode()) + packer.flush()
    seal = hmac.digest(tokens._PUBLIC_KEY, packed, "sha256")[:12]

    token = "ek_" + base64.urlsafe_b64encode(seal + packed).rstrip(b"=").decode()

    assert claimed(Secret(token)) is None


# ── spending ─────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_spent_for_its_session(emulator: Emulator, snapshot: SnapshotAssertion) -> None:
    body = {"input_audio_transcription": {"model": "whisper-1"}, "turn_detection": None}
    nested_body = {"session": {"type": "transcription"}}

    of_flat = spend(emulator, minted(emulator, body))
    of_nested = spend(emulator, post(emulator, NESTED, nested_body).content["value"])

    assert (of_flat.status, of_nested.status) == (200, 200)
    assert [of_flat.content, of_nested.content] == snapshot


def test_a_token_opens_many_sessions(emulator: Emulator) -> None:
    token = minted(emulator, {})

    assert [spend(emulator, token).status for _ in range(3)] == [200] * 3


def test_another_emulator_takes_the_token_until_it_expires(snapshot: SnapshotAssertion) -> None:
    clock = Clock(NOW)
    with Emulator(fixed(clock)) as first:
        token = minted(first, {"client_secret": {"expires_at": {"seconds": 10}}})
    with Emulator(fixed(clock)) as second:
        clock.now = NOW + 9.9
        taken = spend(second, token)
        clock.now = NOW + 10
        refused = spend(second, token)

    assert taken.status == 200
    assert taken.content["token_expires_at"] == NOW + 10
    assert refused.status == 401
    assert refused.content == snapshot


@pytest.mark.parametrize("token", [None, "ek_nobody_minted_this", "sk-test-0123456789"])
def test_without_a_token_of_an_emulator_there_is_no_session(
    emulator: Emulator, token: str | None, snapshot: SnapshotAssertion
) -> None:
    reply = post(emulator, "/emulator/sessions", key=token)

    assert reply.status == 401
    assert reply.content == snapshot


def test_the_longest_body_makes_a_token_that_can_be_spent() -> None:
    noise = "".join(chr(0x4E00 + (n * n * 7919) % 20000) for n in range(21_000))
    prompt = noise.encode()[:65_000].decode(errors="ignore")
    body = {"input_audio_transcription": {"model": "whisper-1", "prompt": prompt}}
    with Emulator(Options()) as emulator:
        data = json.dumps(body, ensure_ascii=False).encode()
        token = str(post(emulator, FLAT, data).content["client_secret"]["value"])
        session = spend(emulator, token).content["session"]

    assert session["input_audio_transcription"]["prompt"] == prompt
