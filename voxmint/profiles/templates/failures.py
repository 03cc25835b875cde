"""What Python and Jinja say of an expression that fails, in the words of a profile."""

import re
from types import MappingProxyType

_KINDS = MappingProxyType(
    {
        "str": "a text",
        "int": "a number",
        "float": "a number",
        "bool": "true or false",
        "NoneType": "null",
        "list": "a list",
        "tuple": "a list",
        "dict": "a map",
        "View": "a map",
    }
)
"""How people call what Python has these names for."""

_WORDS = tuple(
    (re.compile(said), meant)
    for said, meant in (
        (
            r"\w+\(\) (?:takes|missing|got) ",
            "a filter, test or method is not given the arguments that it takes",
        ),
        (
            r"bad operand type for (?:unary )?(\W|\w+)(?:\(\))?: '(\w+)'",
            "`{0}` needs a number, not {1}",
        ),
        (
            r"unsupported operand type\(s\) for (\S+): '(\w+)' and '(\w+)'",
            "`{0}` needs numbers, not {1} and {2}",
        ),
        (
            r"'\S+' not supported between instances of '(\w+)' and '(\w+)'",
            "{0} and {1} cannot be put in order",
        ),
        (r"object of type '(\w+)' has no len\(\)", "{0} has no length"),
        (r"(?:argument of type )?'(\w+)'(?: object)? is not iterable", "{0} has no items"),
        (r"argument must be iterable", "`reverse` needs a text or a list"),
        (r"cannot unpack non-iterable (\w+) object", "{0} cannot be shared out to several names"),
        (r"too many values to unpack \(expected (\d+)", "there are more items than the {0} names"),
        (
            r"not enough values to unpack \(expected (\d+), got (\d+)\)",
            "there are {0} names, and {1} items for them",
        ),
        (r"'(\w+)' object has no attribute 'items'", "`dictsort` needs a map, not {0}"),
        (r"Can only get item pairs from a mapping", "`items` needs a map"),
        (
            r"unhashable type",
            "a list or a map cannot be a key, nor be compared by `unique`",
        ),
        (
            r"'(\w+)' object cannot be interpreted as an integer",
            "a whole number is needed, not {0}",
        ),
        (r"slice indices must be integers", "the bounds of a slice are whole numbers"),
        (r"must be (?:None or )?str\b", "the methods of texts take texts"),
        (
            r"the inline if-expression .* evaluated to false",
            "the `if` is false, and there is no `else`",
        ),
    )
)
"""What is said, and how a profile's author would say it: with the groups, as people call them."""


def plainly(said: str) -> str:
    """What is wrong, in one line and without the names that Python has for it."""
    for pattern, meant in _WORDS:
        found = pattern.search(said)
        if found is not None:
            return meant.format(*(_KINDS.get(group, group) for group in found.groups()))
    return said.splitlines()[0]
