from pathlib import Path

import pytest

from tests.engine.mints import desk
from voxmint.engine.upstream.request import content_of, digest_of, is_elsewhere, sent_body
from voxmint.engine.upstream.target import Target
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.settings import Provider

AZURE = Provider(
    kind="azure", url="https://clinic.example", deployments={"gpt-live-transcribe": "ward-live"}
)
TARGET = Target("azure", "client_secrets", "https://clinic.example/…", "clinic.example")


def compiled(folder: Path, api: str) -> CompiledBody:
    return desk(folder).project.compile("clinic", "live", api=api)


@pytest.mark.parametrize("api", ["client_secrets", "transcription_sessions"])
def test_a_deployment_takes_the_place_of_its_model(tmp_path: Path, api: str) -> None:
    body = compiled(tmp_path, api)
    sent = sent_body(body, AZURE)
    assert sent.deployment == "ward-live"
    assert b'"model":"ward-live"' in content_of(sent.body)
    assert content_of(sent.body) == content_of(body.body).replace(
        b"gpt-live-transcribe", b"ward-live"
    )


def test_a_model_without_a_deployment_keeps_its_name(tmp_path: Path) -> None:
    body = compiled(tmp_path, "client_secrets")
    other = Provider(kind="azure", url="https://clinic.example", deployments={"whisper-1": "w"})
    for provider in (other, Provider(kind="openai")):
        assert sent_body(body, provider) == (body.body, None)


def test_a_body_is_sent_as_compact_ascii() -> None:
    assert content_of({"prompt": "Ærlig talt", "turn_detection": None, "threshold": 0.5}) == (
        b'{"prompt":"\\u00c6rlig talt","turn_detection":null,"threshold":0.5}'
    )


def test_the_digest_covers_the_body_and_where_it_is_minted(tmp_path: Path) -> None:
    body = compiled(tmp_path, "client_secrets")
    sent = sent_body(body, Provider(kind="openai"))
    digests = {
        digest_of(sent, Target("openai", "client_secrets", None, "a", organization, project))
        for organization, project in ((None, None), ("org", None), (None, "org"), ("org", "p"))
    }
    digests |= {digest_of(sent, Target("azure", "client_secrets", None, "a"))}
    digests |= {digest_of(sent, Target("openai", "transcription_sessions", None, "a"))}
    digests |= {digest_of(sent, Target("openai", "client_secrets", None, "b"))}
    digests |= {
        digest_of(sent._replace(deployment="d"), Target("openai", "client_secrets", "", "a"))
    }
    assert len(digests) == 8
    changed = sent._replace(body={**sent.body, "expires_after": None})
    one, other = digest_of(sent, TARGET), digest_of(changed, TARGET)
    assert one != other
    assert not is_elsewhere(one, other)
    assert all(is_elsewhere(one, digest) for digest in digests)


def test_the_order_of_keys_has_no_meaning(tmp_path: Path) -> None:
    sent = sent_body(compiled(tmp_path, "client_secrets"), Provider(kind="openai"))
    turned = sent._replace(body=dict(reversed(list(sent.body.items()))))
    assert digest_of(sent, TARGET) == digest_of(turned, TARGET)
