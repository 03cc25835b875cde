"""The OpenAI Python SDK's types of a request: what they have, and bodies that they allow."""

from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

from hypothesis import strategies as st
from openai.types.beta.realtime.transcription_session_create_params import (
    TranscriptionSessionCreateParams,
)
from openai.types.realtime import client_secret_create_params as nested
from openai.types.realtime.realtime_transcription_session_create_request_param import (
    RealtimeTranscriptionSessionCreateRequestParam,
)
from typing_extensions import get_type_hints, is_typeddict

from voxmint.origin import Path


# mypy does not follow the SDK, and so cannot see that its class is a TypedDict.
class NestedBody(nested.ClientSecretCreateParams, total=False):  # type: ignore[call-arg, misc]
    """The body of client_secrets with a session that transcribes, and no other."""

    # Nor that this is a type.
    session: Required[RealtimeTranscriptionSessionCreateRequestParam]  # type: ignore[valid-type]


ROOTS: dict[str, Any] = {
    "transcription_sessions": TranscriptionSessionCreateParams,
    "client_secrets": NestedBody,
}
LISTS = (list, Sequence)
"""What lists are to the types: `SequenceNotStr` is `Sequence` at run time."""
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    NoneType: st.none(),
    bool: st.booleans(),
    # JSON has no word for the others.
    float: st.floats(-1, 2) | st.floats(allow_nan=False, allow_infinity=False),
    # 64 bits are as many as readers of YAML and JSON agree on.
    int: st.integers(-10, 40_000) | st.integers(-(2**63), 2**63 - 1),
    str: st.text(max_size=8),
}


def hints(kind: Any) -> dict[str, Any]:
    """The types of the keys of a TypedDict."""
    return dict(get_type_hints(kind, include_extras=True))


def bare(kind: Any) -> Any:
    """The type, without whether its key must be there."""
    return get_args(kind)[0] if get_origin(kind) in (Required, NotRequired) else kind


def choices(kind: Any) -> tuple[Any, ...]:
    """The types that a value may have; several for a union."""
    kind = bare(kind)
    if get_origin(kind) not in (Union, UnionType):
        return (kind,)
    return tuple(one for part in get_args(kind) for one in choices(part))


def drawn(kind: Any) -> st.SearchStrategy[Any]:
    """Values that a type allows."""
    return st.one_of([_drawn(one) for one in choices(kind)])


def _drawn(kind: Any) -> st.SearchStrategy[Any]:
    if is_typeddict(kind):
        fields = hints(kind)
        needed = {name: drawn(one) for name, one in fields.items() if get_origin(one) is Required}
        others = {name: drawn(one) for name, one in fields.items() if name not in needed}
        return st.fixed_dictionaries(needed, optional=others)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) in LISTS:
        return st.lists(drawn(get_args(kind)[0]), max_size=3)
    return SCALARS[kind]


def leaves(kind: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each path of a body with what may stand there, maps themselves aside."""
    for one in choices(kind):
        if is_typeddict(one):
            for name, inner in hints(one).items():
                yield from leaves(inner, (*at, name))
        else:
            yield at, one
