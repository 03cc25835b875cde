"""The words for what is wrong with a project: each kind of problem that compiling can find.

The rules of the API keep their kinds beside them, in `voxmint.profiles.rules`.
"""

from voxmint.problems import Kind, error, note, warning

# ── files ────────────────────────────────────────────────────────────────────────────────────────

MISSING_FILE = error(
    "missing-file",
    "there is no file `{file}`",
    about="A file that the project needs is not there.",
)
MISSING_FOLDER = error(
    "missing-folder",
    "there is no folder `{folder}`",
    "make it, or name another one as `{setting}` in voxmint.yaml",
    about="voxmint.yaml names the folders of profiles and of environments.",
)
UNREADABLE_FILE = error(
    "unreadable-file",
    "`{file}` cannot be read: {detail}",
    about="Only regular files inside the project are read; a link that leaves it is refused.",
)
NOT_UTF8 = error(
    "not-utf8",
    "the file is not UTF-8: here is {found}",
    "save it as UTF-8",
    about="Every file of a project is UTF-8; a byte order mark is allowed.",
)
EMPTY_FILE = error(
    "empty-file",
    "the file is empty",
    "write `{version}`",
    "write `{{}}` for a file that says nothing, or delete it",
    about="An empty file is nearly always one that was not written completely.",
)
CLASHING_NAMES = error(
    "clashing-names",
    "`{file}` and `{other}` give the same name, `{name}`",
    "rename one of them",
    about="A name is the file's path without its ending; letters that differ only in case clash, "
    "since some file systems cannot tell them apart.",
)

# ── YAML ─────────────────────────────────────────────────────────────────────────────────────────

BAD_YAML = error(
    "bad-yaml",
    "this is not YAML: {said}",
    "take it out, or write it as {escape} in a text in double quotes",
    "{tab} cannot stand here: indent with spaces",
    "a value that begins with `{sign}` needs quotes",
    'a template needs quotes: "{template}"',
    "a text with `{colon}` in it needs quotes; else the indentation is off",
    "check the indentation here and above, and that quotes and brackets are closed",
    about="The YAML parser could not go on; the place is where it noticed.",
)
ODD_LINE_BREAK = error(
    "odd-line-break",
    "{character} ends a line for some readers of YAML and not for others",
    "end lines with LF or CRLF; within a text in double quotes, write it as an escape",
    about="A carriage return alone, U+0085, U+2028 and U+2029 can hide a line from an editor.",
)
SEVERAL_DOCUMENTS = error(
    "several-documents",
    "a second document begins here",
    "one file holds one document: split the file",
    about="`---` after the first document begins another one.",
)
DUPLICATE_KEY = error(
    "duplicate-key",
    "`{key}` stands twice in the same map",
    "keep one of them",
    about="YAML forbids it, and most readers silently take the last one.",
)
KEY_NOT_TEXT = error(
    "key-not-text",
    "a key must be a text, not {found}",
    "write it in quotes: {quoted}",
    'a template needs quotes: "{template}"',
    about="JSON has no other keys.",
)
MERGE_KEY = error(
    "merge-key",
    "`<<` is not part of YAML 1.2",
    "inherit with `extends`, or repeat the alias key by key",
    about="Merge keys were a type of YAML 1.1.",
)
UNKNOWN_TAG = error(
    "unknown-tag",
    "the tag `{tag}` is not allowed, or does not fit the value",
    "remove it",
    about="Only the tags of YAML 1.2's core schema are read: !!str, !!int, !!float, !!bool, "
    "!!null, !!map, !!seq.",
)
BAD_NUMBER = error(
    "bad-number",
    "{value} is not a number that JSON can hold",
    "write a finite number of ordinary size, or quote it to make it a text",
    about="Infinities, not-a-number, and numbers beyond 64 bits have no place in a request.",
)
UNKNOWN_ALIAS = error(
    "unknown-alias",
    "`*{alias}` stands for nothing: there is no `&{alias}` before it",
    about="An alias repeats what was anchored earlier in the same file.",
)
RECURSIVE_ALIAS = error(
    "recursive-alias",
    "`*{alias}` stands inside what it stands for",
    about="A value cannot contain itself.",
)
TOO_DEEP = error(
    "too-deep",
    "maps and lists are nested more than {limit} deep",
    about="No profile needs it, and a file built to exhaust its reader does.",
)
TOO_MANY_VALUES = error(
    "too-many-values",
    "the file holds more than {limit} values, aliases counted as what they stand for",
    about="No profile needs it, and a file built to exhaust its reader does.",
)

# ── the shape of a file ──────────────────────────────────────────────────────────────────────────

UNKNOWN_KEY = error(
    "unknown-key",
    "`{key}` is not a field of {owner}",
    "it belongs below `{below}`",
    "did you mean `{nearest}`?",
    "known here: {known}",
    about="A misspelt key would silently have no effect.",
)
NAME_KEY = error(
    "name-key",
    "{owner}s have no `name`: each is called by the path of its file",
    "remove it, and rename the file where another name is wanted",
    about="A name is the path below its folder, without the ending.",
)
WRONG_TYPE = error(
    "wrong-type",
    "`{field}` takes {expected}, not {found}",
    "write it without quotes: {bare}",
    "write it in quotes: {quoted}",
    "write {whole}",
    "write `{meant}`: in YAML 1.2 only true and false are",
    "write a list: [{item}]",
    "write `{null}` to turn it off",
    "write a map: `{map}`",
    "write `{empty}: {{}}`, or delete the line",
    about="The value is of another type than the field.",
)
WRONG_ITEM = error(
    "wrong-item",
    "an item of `{field}` is a text, not {found}",
    "write it in quotes: {quoted}",
    about="The list holds texts.",
)
BAD_VALUE = error(
    "bad-value",
    "{value} is not a value of `{field}`",
    "did you mean `{nearest}`?",
    "write one of {values}",
    about="The field takes one of a few words.",
)
OUT_OF_RANGE = error(
    "out-of-range",
    "`{field}` is {value}, out of its range: {range}",
    about="The service refuses a number out of the field's range.",
)
EMPTY_LIST = error(
    "empty-list",
    "`{field}` needs at least one item",
    "remove it, or write `{field}: {{$unset: true}}` over an inherited one",
    about="The service refuses an empty list here.",
)
NULL_NOT_TAKEN = error(
    "null-not-taken",
    "`{field}` does not take null",
    "write `{field}: {{$unset: true}}` to leave it out",
    about="Null is a value, and this field does not have it; a field is left out by $unset.",
)
MISSING_KEY = error(
    "missing-key",
    "{owner} needs `{key}`",
    "{example}",
    about="Something required is not there.",
)
BAD_SETTING = error(
    "bad-setting",
    "`{field}`: {said}",
    about="A setting of an environment or of the project has a value it cannot have.",
)
LITERAL_KEY = error(
    "literal-key",
    "a key or token stands here",
    "revoke it now, since git keeps it; then write `key: {{env: NAME}}` in the environment",
    about="What looks like a key is never sent, shown or kept.",
)

# ── composition ──────────────────────────────────────────────────────────────────────────────────

UNKNOWN_PROFILE = error(
    "unknown-profile",
    "there is no profile `{name}`",
    "did you mean `{nearest}`?",
    about="A profile is named by its path below the profiles' folder, without the ending.",
)
UNKNOWN_ENVIRONMENT = error(
    "unknown-environment",
    "there is no environment `{name}`",
    "did you mean `{nearest}`?",
    about="An environment is named by its path below its folder, without the ending.",
)
CYCLE = error(
    "cycle",
    "`{name}` extends itself: {walk}",
    about="Inheritance must end at a base that extends nothing.",
)
INCONSISTENT_ORDER = error(
    "inconsistent-order",
    "the bases of `{name}` have no common order: {orders}",
    "write them in the same order everywhere",
    about="Each base is laid once, so all lists of bases must agree on their order (C3).",
)
LONG_LINEAGE = error(
    "long-lineage",
    "the lineage of `{name}` has more than {limit} members",
    about="No project needs it, and one built to exhaust its reader does.",
)
SAME_BASE_TWICE = error(
    "same-base-twice",
    "`{name}` is extended twice",
    "keep one of them",
    about="Each base is laid once.",
)
UNUSED_PATTERN = warning(
    "unused-pattern",
    "no profile is called `{pattern}`",
    "did you mean `{nearest}`?",
    about="A pattern that matches nothing has no effect.",
)
UNUSED_SELECTOR = warning(
    "unused-selector",
    "this overlay item selects no profile",
    about="Its `where` matches no profile of any environment that has it.",
)

# ── merging ──────────────────────────────────────────────────────────────────────────────────────

UNKNOWN_DIRECTIVE = error(
    "unknown-directive",
    "`{key}` is not a directive",
    "did you mean `{nearest}`?",
    "the directives are $append, $prepend, $remove, $replace and $unset",
    about="Keys that start with `$` are directives of the merge.",
)
DIRECTIVE_BESIDE_KEYS = error(
    "directive-beside-keys",
    "`{directive}` cannot stand beside `{key}`",
    "move the other keys out, or use $replace alone",
    about="$append, $prepend and $remove may stand together; $replace and $unset stand alone.",
)
DIRECTIVE_VALUE = error(
    "directive-value",
    "`{directive}` takes {expected}, not {found}",
    about="$append, $prepend and $remove take lists, $unset takes true.",
)
DIRECTIVE_IN_LIST = error(
    "directive-in-list",
    "`{directive}` cannot be an item of a list: an item inherits nothing",
    "put the directive in place of the list, as in `{field}: {{{directive}: …}}`",
    about="A list replaces the inherited one as a whole, or a directive changes that one.",
)
DIRECTIVE_NEEDS_LIST = error(
    "directive-needs-list",
    "`{directive}` works on a list, but here is {found}",
    "write $replace with the whole list",
    about="Over an absent value the list starts empty; over anything else than a list it is an "
    "error.",
)
DIRECTIVE_WITHOUT_EFFECT = warning(
    "directive-without-effect",
    "this `{directive}` changes nothing",
    "remove it",
    about="What it removes or unsets is not there.",
)
BARE_KEY = error(
    "bare-key",
    "`{key}:` has no value, and would replace an inherited map",
    "write `{key}: null` for null, or `{key}: {{$unset: true}}` to take it back",
    about="An empty value is often a line whose value was forgotten.",
)
FELL_AWAY = note(
    "fell-away",
    "{fields} fell away: {type} does not have {them}",
    about="Where a layer changes `turn_detection.type`, inherited fields that the new type does "
    "not have are dropped.",
)
BAD_OVERRIDE = error(
    "bad-override",
    "`--set` takes PATH=VALUE with a path below session, vars or expires_after, not `{given}`",
    "for example: --set session.turn_detection=null",
    about="The path is counted from the profile's root; the value is a scalar of YAML 1.2.",
)

# ── templates ────────────────────────────────────────────────────────────────────────────────────

TEMPLATE_SYNTAX = error(
    "template-syntax",
    "the template cannot be read: {said}",
    about="Templates are Jinja: {{ vars.name }}, {% if … %}, filters.",
)
TEMPLATE_FORBIDDEN = error(
    "template-forbidden",
    "the template may not use {what}",
    about="Templates are closed off: nothing from the machine, no clock, no attribute escapes.",
)
TEMPLATE_TOO_MUCH = error(
    "template-too-much",
    "the template does too much: {what}",
    about="The work and the output of a template are bounded.",
)
TEMPLATE_FAILED = error(
    "template-failed",
    "the template fails: {said}",
    about="The expression cannot be worked out with these values.",
)
UNDEFINED_NAME = error(
    "undefined-name",
    "`{name}` is not defined",
    "did you mean `{nearest}`?",
    "set `{var}` below `vars`, in the profile, a base or the environment",
    "a template knows vars, env.name, profile.name, .description and .labels, and super()",
    about="A template may use vars, env, profile and super(); a name that is not set is an error.",
)
NO_SUPER = error(
    "no-super",
    "`super()` has no value here: no weaker layer sets this",
    "write `super() | default('')`",
    about="super() is the value that the next weaker layer gives at the same path.",
)
VARS_CYCLE = error(
    "vars-cycle",
    "the vars use each other in a circle: {walk}",
    about="A var may use other vars, but not itself.",
)

KINDS: tuple[Kind, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Kind)
)
