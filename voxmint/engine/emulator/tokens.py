"""The emulator's tokens: they carry their session, so that every emulator takes every one.

A token is a prefix and, in the URL-safe base64 alphabet, a seal and the compressed claim. The
seal's key is public, in these lines: it tells an emulator's token from other texts and protects
nothing.
"""

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from voxmint.secret import Secret

PREFIX = "ek_"
"""How the service's own tokens begin, and by default the emulator's."""
GATEWAY_PREFIX = "gw."
"""How those begin that stand for a gateway's, which are of another form."""
_PREFIXES = (PREFIX, GATEWAY_PREFIX)
# What sessions have in common need not be in each token. Nearest to the end is cheapest.
_COMMON = (
    b'"languages":["","audio/pcmu"audio/pcma"g711_ulaw"g711_alaw"whisper-1"gpt-transcribe'
    b'"gpt-live-transcribe"gpt-realtime-whisper","language":"de"en"es"fr"ja"no"'
    b'"semantic_vad","eagerness":"auto"low"medium"high""idle_timeout_ms":{"type":"near_field"}'
    b'{"type":"far_field"},["item.input_audio_transcription.logprobs"]'
    b'["client_secrets",{"type":"transcription","object":"realtime.transcription_session",'
    b'"id":"sess_","expires_at":17,"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},'
    b'"transcription":{"model":"gpt-4o-transcribe","language":null,"prompt":""},'
    b'"noise_reduction":null,"turn_detection":null}},"include":null}]'
    b'["transcription_sessions",{"object":"realtime.transcription_session","id":"sess_",'
    b'"expires_at":17,"modalities":["audio","text"],"input_audio_format":"pcm16",'
    b'"input_audio_transcription":{"model":"gpt-4o-mini-transcribe","language":null,"prompt":""},'
    b'"input_audio_noise_reduction":null,"turn_detection":{"type":"server_vad",'
    b'"threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":200},"include":null}]'
)
_SEAL_LENGTH = 12
_LARGEST_CLAIM = 1024 * 1024
# The dictionary is part of it: a token packed with another one is refused, never misread.
_PUBLIC_KEY = hashlib.sha256(b"voxmint emulator, public key\n" + _COMMON).digest()


class Claim(NamedTuple):
    """What a token stands for; `api` is the endpoint that minted it, by its name."""

    api: str
    expires_at: int
    session: Mapping[str, Any]


def issued(claim: Claim, prefix: str = PREFIX) -> Secret:
    """The token of a claim. Two claims differ by their session's id, and so do their tokens."""
    text = json.dumps([claim.api, claim.session, claim.expires_at], separators=(",", ":"))
    packer = zlib.compressobj(9, wbits=-15, zdict=_COMMON)
    packed = packer.compress(text.encode("ascii")) + packer.flush()
    return Secret(prefix + _encoded(_seal(packed) + packed))


def claimed(token: Secret) -> Claim | None:
    """What a token stands for, expired or not; `None` for what no emulator has issued."""
    try:
        found = json.loads(_unpacked(_unsealed(token.reveal())))
    except (ValueError, RecursionError, zlib.error):
        return None
    match found:
        case [str(api), dict(session), int(expires_at)]:
            return Claim(api, expires_at, session)
    return None


def _unsealed(text: str) -> bytes:
    prefix = next((known for known in _PREFIXES if text.startswith(known)), None)
    if prefix is None:
        raise ValueError("not an emulator's token")
    body = text.removeprefix(prefix)
    sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    seal, packed = sealed[:_SEAL_LENGTH], sealed[_SEAL_LENGTH:]
    # Base64 has several spellings of the same bytes, and a token has one.
    if text != prefix + _encoded(sealed) or not hmac.compare_digest(seal, _seal(packed)):
        raise ValueError("not an emulator's token")
    return packed


def _encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def _unpacked(packed: bytes) -> bytes:
    # Anybody can seal, so a small token could be made to unpack to a huge claim.
    return zlib.decompressobj(wbits=-15, zdict=_COMMON).decompress(packed, _LARGEST_CLAIM)


def _seal(packed: bytes) -> bytes:
    return hmac.digest(_PUBLIC_KEY, packed, "sha256")[:_SEAL_LENGTH]
