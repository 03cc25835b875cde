"""The directives of the merge, as they are written: keys that begin with `$`.

`$append`, `$prepend` and `$remove` take lists and may stand together; `$replace` takes a value and
`$unset` takes true, each alone. What they do is in `voxmint.profiles.merge`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from voxmint.problems import Kind, nearest
from voxmint.profiles import wording
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node, ScalarNode, kind_of

APPEND, PREPEND, REMOVE = "$append", "$prepend", "$remove"
REPLACE, UNSET = "$replace", "$unset"
LIST_DIRECTIVES = frozenset((APPEND, PREPEND, REMOVE))
DIRECTIVES = LIST_DIRECTIVES | {REPLACE, UNSET}

ABOUT: Mapping[str, str] = MappingProxyType(
    {
        APPEND: "The inherited list with these items after it.",
        PREPEND: "The inherited list with these items before it.",
        REMOVE: "The inherited list without the items that equal one of these. It comes first, "
        "where $prepend and $append stand beside it.",
        REPLACE: "This value, not merged with what is inherited.",
        UNSET: "Back to absent, so that the server's default holds. It takes true.",
    }
)
"""What each does, in a sentence or two for a person."""

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        APPEND: "session: {include: {$append: [item.input_audio_transcription.logprobs]}}",
        PREPEND: "session: {input_audio_transcription: {keywords: {$prepend: [metoprolol]}}}",
        REMOVE: "session: {include: {$remove: [item.input_audio_transcription.logprobs]}}",
        REPLACE: "session: {turn_detection: {$replace: {type: semantic_vad}}}",
        UNSET: "session: {input_audio_noise_reduction: {$unset: true}}",
    }
)
"""Each as a profile may write it."""

Note = Callable[[Kind, Mark, dict[str, object]], None]


def has_directives(node: MapNode) -> bool:
    """Whether a map is made of directives, or of keys that look like them."""
    for key in node.entries:  # noqa: SIM110  # for every map of every file: a generator costs more
        if key[:1] == "$":
            return True
    return False


def check_directives(node: MapNode, say: Note) -> bool:
    """Whether a map that `has_directives` is well formed; what is wrong is said."""
    found = [key for key in node.entries if key in DIRECTIVES]
    well = True
    for key in node.entries:
        if key.startswith("$") and key not in DIRECTIVES:
            facts: dict[str, object] = {"key": key, **nearest(key, DIRECTIVES)}
            say(wording.UNKNOWN_DIRECTIVE, node.keys[key], facts)
            well = False
    if well and found:
        well = _stand_together(node, found[0], say)
    for key in found:
        well = _takes(node, key, say) and well
    return well


def _stand_together(node: MapNode, first: str, say: Note) -> bool:
    allowed = LIST_DIRECTIVES if first in LIST_DIRECTIVES else {first}
    strangers = [key for key in node.entries if key not in allowed]
    for key in strangers[:1]:
        say(wording.DIRECTIVE_BESIDE_KEYS, node.keys[key], {"directive": first, "key": key})
    return not strangers


def _takes(node: MapNode, key: str, say: Note) -> bool:
    value = node.entries[key]
    if key in LIST_DIRECTIVES:
        fits, expected = isinstance(value, ListNode), "a list"
    elif key == UNSET:
        fits, expected = isinstance(value, ScalarNode) and value.value is True, "true"
    else:
        fits, expected = not _is_bare(value), "a value (write null for null)"
    if not fits:
        facts: dict[str, object] = {
            "directive": key,
            "expected": expected,
            "found": kind_of(value),
        }
        say(wording.DIRECTIVE_VALUE, node.keys[key], facts)
    return fits


def _is_bare(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.is_bare
