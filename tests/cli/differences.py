"""Differences made of any texts: what files could hold, put where the forms show it."""

from collections.abc import Sequence

from hypothesis import strategies as st

from voxmint.engine.comparing import Comparison, Renewal
from voxmint.engine.states import State
from voxmint.origin import Origin
from voxmint.problems import Body
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.result import (
    ABSENT,
    Arrival,
    Cause,
    CauseKind,
    Change,
    Difference,
    Group,
    Moved,
    Renaming,
    Shadow,
    Side,
)
from voxmint.profiles.roster import Roster

SIGN = "¤"
"""Begins every text that a file could hold, and stands nowhere in our own words."""

_HOSTILE = """
| || \\| \\\\| ` `` ``` ~~~ * ** _ __ ~~ # ## - + 1. > [a](b) [a][b] [a]: ![a](b) <b> </code> </a>
</summary> </details> <script> <!-- --> <?x?> <![CDATA[ ]]> &amp; &#64; &lt; @everyone @octocat
#123 GH-1 a/b#2 a@b.example www.evil.example http://evil.example https://evil.example:80/x?y=z#w
:tada: $`x`$ $x$ [[x]] {% raw %} {{ x }} !1 ~2 %3 \\( \\[ {+a+} [-b-] [ ] [x] javascript:alert(1)
""".split()
_CHARACTERS = st.one_of(
    st.sampled_from(_HOSTILE),
    st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "\r\n", "\0", "\x1b[31m", "\x85", "\u2028"]),
    st.sampled_from(
        ["\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\U000e0041", "א"]
    ),
    st.characters(exclude_categories=["Cs"]),
)
texts = st.lists(_CHARACTERS, max_size=8).map(lambda parts: SIGN + "".join(parts))
"""Whatever a file, its name, or a value in it may be."""

_values = st.one_of(
    texts,
    st.none(),
    st.just(ABSENT),
    st.floats(0, 1),
    st.lists(texts, max_size=3),
    st.dictionaries(texts, texts, max_size=2),
)
_places = st.builds(Origin, texts, st.integers(1, 999), st.integers(1, 99))
causes = st.builds(
    Cause,
    st.sampled_from(CauseKind),
    texts,
    _values,
    _values,
    _places,
    st.sampled_from(Side),
    st.none() | _places,
    texts,
)
changes = st.builds(Change, texts, _values, _values)
bodies = st.lists(st.tuples(texts, texts), min_size=1, max_size=6, unique=True).map(tuple)
_shadows = st.builds(
    Shadow,
    causes,
    bodies,
    texts,
    st.none() | _places,
    _values,
    texts.map("overlay, where ".__add__),
)


@st.composite
def differences(draw: st.DrawFn) -> Difference:
    """A difference with something of everything."""
    listed = draw(st.lists(causes, min_size=1, max_size=4))
    groups = [
        Group(cause, draw(changes), draw(bodies), tuple(one for one in listed if one is not cause))
        for cause in listed
    ]
    shadows = [draw(_shadows)] if draw(st.booleans()) else []
    return Difference(
        bodies=draw(st.integers(1, 99)),
        groups=tuple(groups),
        shadowed=tuple(shadows),
        idle=(draw(causes),),
        untold=(draw(causes),),
        layout=(draw(texts),),
        added=(Arrival(draw(bodies), draw(causes)),),
        removed=(Arrival(draw(bodies), draw(causes)),),
        renamed=(Renaming("profile", draw(texts), draw(texts), 1),),
        invalid=draw(bodies),
        moved=(Moved(draw(texts), draw(texts), draw(_places), draw(_places), draw(bodies)),),
    )


_NOTHING = Compilation({}, {}, Roster(), Roster(), {}, (), (), {})


def comparison_of(difference: Difference, names: Sequence[str] = ("one", "two")) -> Comparison:
    """The comparison of two commits of these names with this difference."""
    base, head = (State(name, None, letter * 40) for name, letter in zip(names, "be", strict=True))
    renewals = (Renewal(SIGN + "<b>", 1, 2, 3),)
    return Comparison(base, head, difference, _NOTHING, _NOTHING, renewals)


def partly_untold() -> Difference:
    """One edit that has no effect in a body, and of which nothing is known in an invalid one."""
    at = Origin("profiles/base.yaml", 1, 1)
    cause = Cause(CauseKind.VARIABLE, "vars.x", 1, 2, at)
    shadow = Shadow(cause, (("clinic", "local"),), "no value there depends on it")
    return Difference(
        2,
        shadowed=(shadow,),
        untold=(cause,),
        broken=(("ward", "local"),),
        unread=("profiles/w.yaml",),
    )


def many(count: int, text: str) -> Difference:
    """A difference of so many edits, each of one value in one body."""
    groups = []
    for number in range(count):
        at = Origin("profiles/base.yaml", number + 1, 1)
        cause = Cause(CauseKind.VALUE, f"p{number}", "", text, at)
        body: Body = (f"profile-{number:05}", "production")
        groups.append(Group(cause, Change(f"p{number}", "", text), (body,)))
    return Difference(count, tuple(groups))
