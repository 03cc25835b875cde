from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from hypothesis import given, strategies as st

from tests.profiles.laws import law
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.engine.sinks.dotenv_plain import PlainNames, PlainOptions
from voxmint.engine.sinks.naming import are_all_well, bad_names, clashes, variable_names
from voxmint.engine.sinks.surroundings import surroundings_of

PROFILES = st.sampled_from(
    ["clinic", "a-b", "a_b", "A/b", "9lives", "ld", "path", "http", "é", "a\nb", "node-options"]
)
FORMS = st.sampled_from(
    ["{profile}_KEY", "{profile}_AT", "{profile}", "{profile}_PROXY", "KEY", "key", "X_{profile}_Y"]
)
PREFIXES = st.sampled_from(["", "VOICE_", "LD_", "9", "{profile}_"])


def named(forms: Sequence[str], stems: Mapping[str, str] = MappingProxyType({})) -> PlainNames:
    secret, expires, session = forms
    return PlainNames(secret, expires, session, stems)


def sink_of(profiles: Sequence[str], names: PlainNames, prefix: str = "") -> DotenvSink:
    around = surroundings_of(Path.cwd(), {})._replace(profiles=tuple(profiles))
    return DotenvSink(PlainOptions(".env", names=names, prefix=prefix), around)


def long_way(sink: Sink, profiles: Sequence[str], names: PlainNames, prefix: str) -> bool:
    """Whether nothing is found, name by name."""
    owned = [(one, variable_names(one, names, names._fields[:3], prefix)) for one in profiles]
    bad = [found for one, own in owned for found in bad_names(sink, one, own.values())]
    return not bad and not list(clashes(sink, [(one, own.values()) for one, own in owned]))


@law(200)
@given(
    st.lists(PROFILES, max_size=3, unique=True),
    st.lists(FORMS, min_size=3, max_size=3),
    PREFIXES,
)
def test_a_look_at_all_names_says_what_a_look_at_each_says(
    profiles: list[str], forms: list[str], prefix: str
) -> None:
    sink = sink_of(profiles, named(forms), prefix)
    expected = long_way(sink, profiles, named(forms), prefix)
    assert are_all_well(tuple(profiles), tuple(forms), prefix) == expected
    assert (not list(sink.naming_problems())) == expected


def test_what_one_profile_is_called_is_looked_at_by_itself() -> None:
    forms = ("{profile}_A", "{profile}_B", "{profile}_C")
    assert not list(sink_of(["clinic"], named(forms)).naming_problems())
    renamed = sink_of(["clinic"], named(forms, {"clinic": "LD"}))
    assert [one.code for one in renamed.naming_problems()] == ["sink-name-refused"] * 3
