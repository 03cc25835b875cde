"""A composer that makes the compiler's bodies and knows nothing of where their values came from.

What it is compared with takes more time than it by as much as provenance costs, and by whatever
else the compiler does more. It reads the same events of libyaml's parser, checks the same keys,
remembers what bodies share as the compiler does, and uses its lineages, selectors, templates, field
table and rules. But its values are plain ones: no marks, no layers, and of what was overridden
only that which a template asks for with `super()`.

A project that is wrong ends it with an exception that names no place. Aliases, tags, directives in
lists and templates in `turn_detection.type` it does not take.
"""
