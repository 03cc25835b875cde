"""Sessions that are right for both endpoints, as hypothesis draws them."""

from typing import Any

from hypothesis import strategies as st

from voxmint.profiles.models import TABLE, Answer

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
WORDS = st.lists(TEXTS.filter(lambda word: not set(word) & set("<>\r\n")), max_size=3)
LANGUAGES = st.sampled_from(["no", "en", "de", "ja", "zh"])


@st.composite
def transcriptions(draw: st.DrawFn) -> dict[str, Any]:
    model = TABLE[draw(st.sampled_from(sorted(TABLE)))]
    fields: dict[str, st.SearchStrategy[Any]] = {
        "language": LANGUAGES,
        "languages": st.lists(LANGUAGES, min_size=1, max_size=3),
        "prompt": TEXTS,
        "keywords": WORDS,
        "delay": st.sampled_from(["minimal", "low", "medium", "high", "xhigh"]),
    }
    taken = {name: values for name, values in fields.items() if model.takes[name] is Answer.YES}
    return {"model": model.name, **draw(st.fixed_dictionaries({}, optional=taken))}


SERVER_VAD = st.fixed_dictionaries(
    {"type": st.just("server_vad")},
    optional={
        "threshold": st.floats(0, 1) | st.sampled_from([0, 1]),
        "prefix_padding_ms": st.integers(0, 5000),
        "silence_duration_ms": st.integers(0, 5000),
        "create_response": st.booleans(),
        "interrupt_response": st.booleans(),
    },
)
SEMANTIC_VAD = st.fixed_dictionaries(
    {"type": st.just("semantic_vad")},
    optional={
        "eagerness": st.sampled_from(["low", "medium", "high", "auto"]),
        "create_response": st.booleans(),
        "interrupt_response": st.booleans(),
    },
)


@st.composite
def sessions(draw: st.DrawFn) -> dict[str, Any]:
    """A session without an error in either body; fields that only one body has are left out."""
    transcription = draw(transcriptions())
    detection = st.none() | SERVER_VAD | SEMANTIC_VAD
    if TABLE[transcription["model"]].takes["turn_detection"] is Answer.NO:
        detection = st.none()
    rest = st.fixed_dictionaries(
        {},
        optional={
            "input_audio_format": st.sampled_from(["pcm16", "g711_ulaw", "g711_alaw"]),
            "input_audio_noise_reduction": st.none()
            | st.fixed_dictionaries({"type": st.sampled_from(["near_field", "far_field"])}),
            "turn_detection": detection,
            "include": st.sampled_from([[], ["item.input_audio_transcription.logprobs"]]),
        },
    )
    return {"input_audio_transcription": transcription, **draw(rest)}


SESSIONS = sessions()
LIFETIMES = st.none() | st.fixed_dictionaries(
    {"seconds": st.integers(10, 7200)}, optional={"anchor": st.just("created_at")}
)
