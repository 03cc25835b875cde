"""The words for what is wrong with a project: each kind of problem that compiling can find.

The rules of the API keep their kinds beside them, in `voxmint.profiles.rules`.
"""

from voxmint.problems import Kind, Sureness, error, note, warning

# ── files ────────────────────────────────────────────────────────────────────────────────────────

MISSING_FILE = error(
    "missing-file",
    "there is no file `{file}`",
    about="The project needs this file. A project is a folder with `voxmint.yaml` in it, which "
    "says at least `version: 1`. Either the command was started elsewhere (`-C DIR` names the "
    "folder), or the file was not committed.",
)
MISSING_FOLDER = error(
    "missing-folder",
    "there is no folder `{folder}`",
    "make it, or name another one as `{setting}` in voxmint.yaml",
    about="Profiles are looked for in `profiles/` and environments in `environments/`, or where "
    "`voxmint.yaml` says with the keys of these names. git keeps no empty folders, so one without "
    "files is gone after a clone.",
)
UNREADABLE_FILE = error(
    "unreadable-file",
    "`{file}` cannot be read: {detail}",
    about="Only regular files inside the project are read: no pipe or device, no folder that is "
    "called `x.yaml`, and no link that leads out of the project, so that a pull request cannot "
    "make a check read other files of the machine. Put the file itself where the link is, or mend "
    "its permissions. What is in a folder that cannot be looked into is taken to be there: nothing "
    "is said to be missing for it, and no token is taken out of a sink.",
)
NOT_UTF8 = error(
    "not-utf8",
    "the file is not UTF-8: here is {found}",
    "save it as UTF-8",
    about="Every file of a project is UTF-8, with or without a byte order mark. An editor on "
    "another setting, such as Latin-1 or UTF-16, wrote this one; read otherwise, its letters "
    "would be other letters.",
)
EMPTY_FILE = error(
    "empty-file",
    "the file is empty",
    "write `{version}`",
    "write `{{}}` for a file that says nothing, or delete it",
    about="An empty file is nearly always one that was not written completely, so it is not taken "
    "for one that says nothing. A profile that only inherits still says `extends`.",
)
NAME_NOT_UTF8 = error(
    "name-not-utf8",
    "the name of `{file}` is not UTF-8",
    "rename the file",
    about="A profile is called by its file's name, which other files, the ledger and variables "
    "must be able to hold.",
)
ENDING_IN_CAPITALS = error(
    "ending-in-capitals",
    "`{file}` is not read: its ending has capitals",
    "rename it to `{renamed}`",
    about="Files are read whose names end in `.yaml` or `.yml`, written like that on every system. "
    "A profile in one that ends otherwise counts as there and not readable: its token stays.",
)
CLASHING_NAMES = error(
    "clashing-names",
    "`{file}` and `{other}` give the same name, `{name}`",
    "they look the same, but one has {form} and the other {other_form}: rename or delete one",
    "rename one of them",
    about="A name is the file's path below its folder, without the ending. `a.yaml` beside "
    "`a.yml` would be one name twice; and letters that differ only in case clash too, since some "
    "file systems cannot tell such files apart and a clone would lose one. So do letters that "
    "Unicode writes in two ways, with the accent in them or after them.",
)

# ── YAML ─────────────────────────────────────────────────────────────────────────────────────────

BAD_YAML = error(
    "bad-yaml",
    "this is not YAML: {said}",
    "take it out, or write it as {escape} in a text in double quotes",
    "{tab} cannot stand here: indent with spaces",
    "a value that begins with `{sign}` needs quotes",
    'a template needs quotes: "{template}"',
    "put a blank after the colon in line {line}",
    "put a blank after the `-` in line {item}",
    "in double quotes `{backslash}` begins an escape: write it twice, or use single quotes",
    "a text with `{colon}` in it needs quotes; else the indentation is off",
    "check the indentation here and above, and that quotes and brackets are closed",
    about="The YAML parser could not go on. The place is where it noticed, and the cause is there "
    "or a little above: indentation, a quote or bracket that is not closed, or a text that needs "
    "quotes, such as a template at the beginning of a value.",
)
MERGE_CONFLICT = error(
    "merge-conflict",
    "a merge is unfinished here: git left both sides in the file",
    "keep what is right of both, and take out the lines of `<<<<<<<`, `=======` and `>>>>>>>`",
    about="Two branches changed the same lines, and whoever merged them did not yet choose. "
    "`git status` names all such files.",
)
ODD_LINE_BREAK = error(
    "odd-line-break",
    "{character} ends a line for some readers of YAML and not for others",
    "end lines with LF or CRLF; within a text in double quotes, write it as an escape",
    about="A carriage return alone, U+0085, U+2028 and U+2029 end a line for some readers and not "
    "for others. What an editor shows as the rest of a comment could then be a setting, so a "
    "review would not see it.",
)
SEVERAL_DOCUMENTS = error(
    "several-documents",
    "a second document begins here",
    "one file holds one document: split the file",
    about="`---` after the first document begins another one. A file is one profile, one "
    "environment or the project, so only one of the documents could count.",
)
DUPLICATE_KEY = error(
    "duplicate-key",
    "`{key}` stands twice in the same map",
    "keep one of them",
    about="YAML forbids it, and most readers silently take the last one: what stands above is "
    "then without effect, though it looks as if it had one. Often two people added the same key "
    "at different ends of a file.",
)
KEY_NOT_TEXT = error(
    "key-not-text",
    "a key must be a text, not {found}",
    "write it in quotes: {quoted}",
    'a template needs quotes: "{template}"',
    about="Keys become keys of JSON, which are texts. A number or a list as a key needs quotes to "
    "be one; a template cannot be a key, since keys decide how layers are merged before templates "
    "are rendered.",
)
MERGE_KEY = error(
    "merge-key",
    "`<<` is not part of YAML 1.2",
    "inherit with `extends`, or repeat the alias key by key",
    about="Merge keys were a type of YAML 1.1 and are gone from 1.2. voxmint has its own ways to "
    "share: `extends` for profiles and environments, overlays for what several profiles have in "
    "common, and `vars`.",
)
UNKNOWN_TAG = error(
    "unknown-tag",
    "the tag `{tag}` is not allowed, or does not fit the value",
    "remove it",
    about="Only the tags of YAML 1.2's core schema are read: !!str, !!int, !!float, !!bool, "
    "!!null, !!map, !!seq. Others ask a reader to make objects of its own language, which is a "
    "known way to attack it.",
)
BAD_NUMBER = error(
    "bad-number",
    "{value} is not a number that JSON can hold",
    "write a finite number of ordinary size, or quote it to make it a text",
    about="Infinities, not-a-number, and numbers beyond 64 bits have no place in a request: JSON "
    "has no way to write them that every reader takes.",
)
UNKNOWN_ALIAS = error(
    "unknown-alias",
    "`*{alias}` stands for nothing: there is no `&{alias}` before it",
    about="An alias (`*name`) repeats what was anchored (`&name`) earlier in the same file. "
    "Anchors of other files are not seen; what several files share goes into a base, or into "
    "`vars`.",
)
RECURSIVE_ALIAS = error(
    "recursive-alias",
    "`*{alias}` stands inside what it stands for",
    about="A value cannot contain itself: it would have no end. The alias stands below the very "
    "anchor that it names, mostly after lines were moved.",
)
TOO_DEEP = error(
    "too-deep",
    "maps and lists are nested more than {limit} deep",
    about="No profile needs it, and a file built to exhaust its reader does. The bound holds for "
    "every file, before anything else is looked at.",
)
TOO_MANY_VALUES = error(
    "too-many-values",
    "the file holds more than {limit} values, aliases counted as what they stand for",
    about="No profile needs it, and a file built to exhaust its reader does: a few aliases that "
    "repeat each other stand for billions of values.",
)
TOO_MANY_PROBLEMS = error(
    "too-many-problems",
    "the file has more than {limit} mistakes; from here on it was not looked at",
    about="A file with so many mistakes is mostly another kind of file under a name that ends in "
    "`.yaml`. What was found up to here is told, and the rest of the file is left alone.",
)

TOO_MANY_TO_TELL = warning(
    "too-many-to-tell",
    "there are more than {limit} {what} in this file; from here on they are not told",
    "mend some of those above, and look again",
    about="What is told of one file has an end, so that a file of a hundred thousand vars does not "
    "fill a log. All of the file was looked at, and each body that has an error counts as wrong. "
    "`voxmint validate --fix` takes out what has no effect however much there is of it.",
)

# ── the shape of a file ──────────────────────────────────────────────────────────────────────────

UNKNOWN_KEY = error(
    "unknown-key",
    "`{key}` is not a field of {owner}",
    "`{directive}` does not work here: write the value itself",
    "put a blank after the colon: `{pair}`",
    "it belongs below `{below}`",
    "it belongs beside `{beside}`, not below it",
    "it belongs in {instead}",
    "did you mean `{nearest}`?",
    "known here: {known}",
    about="A misspelt key would silently have no effect, so every key at every level must be "
    "known. A key that the service has learned since this version was made is unknown, too; then "
    "a newer voxmint is needed.",
)
NAME_KEY = error(
    "name-key",
    "{owner}s have no `name`: each is called by the path of its file",
    "remove it, and rename the file where another name is wanted",
    about="A name is the path below its folder, without the ending, so that no two files can "
    "claim the same one and a rename is seen in git.",
)
WRONG_TYPE = error(
    "wrong-type",
    "`{field}` takes {expected}, not {found}",
    "`{directive}` does not work here: write the value itself",
    "put a blank after the colon: `{pair}`",
    "write it without quotes: {bare}",
    "write `{var}` without quotes: {unquoted}",
    "write nothing round `{alone}`: a template keeps its type where it stands alone",
    "write `{code}` if Norwegian is meant: YAML 1.1 reads that as false",
    "write it in quotes: {quoted}",
    "write {whole}",
    "write `{meant}`: in YAML 1.2 only true and false are",
    "put a blank after each `-`: `{dashed}`",
    "write a list: [{item}]",
    "write `{null}` to turn it off",
    "write a map: `{map}`",
    "write `{empty}`, or delete the line",
    "give `{valueless}` a value, or delete the line",
    "write `{dash}` before the first key of each item",
    about="The value is of another type than the field takes, and the service would refuse it. "
    "The usual causes are quotes round a number, a word such as `yes` or `off`, which are texts "
    "in YAML 1.2, or a single value where a list or a map is wanted. Nothing is converted "
    "silently.",
)
WRONG_ITEM = error(
    "wrong-item",
    "an item of `{field}` is a text, not {found}",
    "write `{code}` if Norwegian is meant: YAML 1.1 reads that as false",
    "write it in quotes: {quoted}",
    about="The list holds texts. A number, `true`, or an empty item between two commas is "
    "something else; in quotes it is a text.",
)
BAD_VALUE = error(
    "bad-value",
    "{value} is not a value of `{field}`",
    "did you mean `{nearest}`?",
    "write one of {values}",
    about="The field takes one of a few words, and the service refuses any other one. `voxmint "
    "explain` with the field's name lists them.",
)
OUT_OF_RANGE = error(
    "out-of-range",
    "`{field}` is {value}, out of its range: {range}",
    about="The service refuses a number out of the field's range. Look at the unit, too: "
    "lifetimes are in seconds, durations of turn detection in milliseconds.",
)
EMPTY_LIST = error(
    "empty-list",
    "`{field}` needs at least one item",
    "remove it, or write `{field}: {{$unset: true}}` over an inherited one",
    about="The service refuses an empty list here. To give no list at all, leave the field out; "
    "over an inherited list `$unset` does that. An empty list may also be what `$remove` left.",
)
NULL_NOT_TAKEN = error(
    "null-not-taken",
    "`{field}` does not take null",
    "delete the line; over an inherited value, write `{field}: {{$unset: true}}`",
    about="Null is a value and means off; this field has no such state. To leave a field out, so "
    "that the server's default holds, delete the line, or over an inherited value write `$unset`.",
)
MISSING_KEY = error(
    "missing-key",
    "{owner} needs `{key}`",
    "{example}",
    about="Something is required here, and there is no default that would be safe to guess. In an "
    "environment a base may give it, too.",
)
BAD_SETTING = error(
    "bad-setting",
    "`{field}`: {said}",
    about="A setting of an environment or of the project has a value that it cannot have, or that "
    "does not go with another one beside it. `voxmint explain provider` and `voxmint explain "
    "mint` list them.",
)
LITERAL_KEY = error(
    "literal-key",
    "a key or token stands here",
    "revoke it now, since git keeps it; a provider names its key as in `key: {{env: NAME}}`, and a "
    "store's login stands in no file",
    about="What looks like a key or token is never sent, shown or kept; it must not be in a file "
    "that git keeps. Anybody with the repository has it, also after the line is deleted, so "
    "replace the key first. A provider names where its key is found: a variable, a file, a "
    "command or a keyring. A store finds its login where whoever runs voxmint keeps it.",
)

# ── providers ────────────────────────────────────────────────────────────────────────────────────

MODEL_NOT_DEPLOYED = warning(
    "model-not-deployed",
    "`{model}` is mapped to no deployment, so azure is sent this name as it is",
    "is it the `{nearest}` below `deployments`?",
    "write below `provider:` of the environment `deployments: {{{model}: NAME}}`; where the "
    "deployment is called so too, `{{{model}: {model}}}`",
    about="An Azure resource knows models by the names that their deployments were given there. A "
    "profile names the model, so that it serves every provider, and `deployments` in the "
    "environment's file says what it is called in that resource. Without an entry the model's own "
    "name is sent, which works only where the deployment has the same.",
    source="reports from real traffic, not in the published schema",
    sure=Sureness.SEEN,
)

ENDPOINT_RETIRED = warning(
    "endpoint-retired",
    "`transcription_sessions` is not served by OpenAI any more: a mint is answered with 404",
    "write `api: client_secrets`, or leave `api` out; the profiles stay as they are",
    about="OpenAI retired this endpoint in May 2026: what mints there fails. The same profiles "
    "reach client_secrets without a change. Gateways still serve the older one.",
    source="reports from real traffic since May 2026; the published schema still has it",
    sure=Sureness.SEEN,
)
ENDPOINT_NOT_ON_AZURE = warning(
    "endpoint-not-on-azure",
    "`transcription_sessions` is reported not to be served by Azure: a mint is answered with 404",
    "write `api: client_secrets`, or leave `api` out; the profiles stay as they are",
    about="Below `/openai/v1` a resource serves client_secrets, which the same profiles reach "
    "without a change. That it lacks the older endpoint rests on a single report.",
    source="a report from real traffic; the published schema is OpenAI's",
    sure=Sureness.REPORTED,
)

# ── composition ──────────────────────────────────────────────────────────────────────────────────

UNKNOWN_PROFILE = error(
    "unknown-profile",
    "there is no profile `{name}`",
    "did you mean `{nearest}`?",
    "write the name of one, or delete `{key}`",
    about="A profile is named by its path below the profiles' folder, without the ending: "
    "`profiles/call-center/german.yaml` is `call-center/german`. `voxmint list` shows all names.",
)
UNKNOWN_ENVIRONMENT = error(
    "unknown-environment",
    "there is no environment `{name}`",
    "did you mean `{nearest}`?",
    "write the name of one, or delete `{key}`",
    about="An environment is named by its path below its folder, without the ending: "
    "`environments/production.yaml` is `production`. `voxmint list` shows all names.",
)
CYCLE = error(
    "cycle",
    "`{name}` extends itself: {walk}",
    about="Inheritance must end at a base that extends nothing. The message shows the walk; take "
    "one of its steps out, or move what both need into a base of its own.",
)
INCONSISTENT_ORDER = error(
    "inconsistent-order",
    "the bases of `{name}` have no common order: {orders}",
    "write them in the same order everywhere",
    about="Each base is laid once, in an order that all lists of bases agree on (C3, as in "
    "Python's classes). Where one list says a before b and another b before a, no order is right, "
    "and each guess would surprise somebody. The places show who says what.",
)
LONG_LINEAGE = error(
    "long-lineage",
    "the lineage of `{name}` has more than {limit} members",
    about="No project needs it, and one built to exhaust its reader does. Bases count once each, "
    "however often they are reached.",
)
SAME_BASE_TWICE = error(
    "same-base-twice",
    "`{name}` is extended twice",
    "keep one of them",
    about="Each base is laid once, so the second mention has no effect; which of the two places "
    "is meant for its strength cannot be told.",
)
UNUSED_PATTERN = warning(
    "unused-pattern",
    "`{pattern}` matches no profile",
    "`{abstract}` is abstract, so nothing is sent for it: name the profiles that extend it",
    "did you mean `{nearest}`?",
    about="A name or pattern that matches nothing has no effect: a profile was renamed or "
    "deleted, or the name is misspelt. A pattern that should take profiles out (`!…`) then keeps "
    "them in.",
)
UNUSED_SELECTOR = warning(
    "unused-selector",
    "this overlay item selects no profile",
    "no profile has the label `{label}` with the value `{value}`; did you mean `{nearest}`?",
    "no profile has the label `{label}` with the value `{value}`",
    "no profile has the label `{label}`; did you mean `{nearest}`?",
    "no profile has the label `{label}`",
    "`{abstract}` is abstract, so nothing is sent for it: name the profiles that extend it",
    "no profile is called `{pattern}`; did you mean `{nearest}`?",
    "no profile is called `{pattern}`",
    "an empty list of {empty} selects nothing",
    "no profile is in {bodiless}",
    "no profile of {environment} has all that it asks for",
    about="Its `where` matches no profile of any environment that has it, so nothing in it is "
    "ever sent. Look at the labels of the profiles with `voxmint list`; a label may be misspelt, "
    "or overridden by a profile.",
)
UNUSED_LABEL = warning(
    "unused-label",
    "no profile has the label `{label}` with the value `{value}`",
    "did you mean `{nearest}`?",
    about="One of the values that an overlay item selects by is that of no profile, so it selects "
    "nothing. `voxmint list` shows the labels that profiles have.",
)

# ── merging ──────────────────────────────────────────────────────────────────────────────────────

UNKNOWN_DIRECTIVE = error(
    "unknown-directive",
    "`{key}` is not a directive",
    "did you mean `{nearest}`?",
    "the directives are $append, $prepend, $remove, $replace and $unset",
    about="Keys that start with `$` are directives of the merge and never part of a request. A "
    "misspelt one would send its list where the inherited list was to be changed.",
)
DIRECTIVE_BESIDE_KEYS = error(
    "directive-beside-keys",
    "`{directive}` cannot stand beside `{key}`",
    "move the other keys out, or use $replace alone",
    about="$append, $prepend and $remove may stand together, since each changes the same list; "
    "$replace and $unset stand alone, since each decides on the whole value.",
)
DIRECTIVE_VALUE = error(
    "directive-value",
    "`{directive}` takes {expected}, not {found}",
    about="$append, $prepend and $remove take lists, also for a single item: `$append: [x]`. "
    "$unset takes true. $replace takes any value, null when written out.",
)
DIRECTIVE_IN_LIST = error(
    "directive-in-list",
    "`{directive}` cannot be an item of a list: an item inherits nothing",
    "put the directive in place of the list, as in `{field}: {{{directive}: …}}`",
    about="A list replaces the inherited one as a whole, and its items inherit nothing. To change "
    "the inherited list, a map of directives stands in the list's place: `include: {$append: "
    "[x]}`.",
)
DIRECTIVE_IN_SINK = error(
    "directive-in-sink",
    "`{directive}` has nothing to work on here: sinks are not merged",
    "write the sink's settings in full; `sinks` takes the place of an inherited one",
    about="The sinks of an environment replace those of the environments that it extends, as a "
    "whole. A sink says all there is to say of it.",
)
DIRECTIVE_NEEDS_LIST = error(
    "directive-needs-list",
    "`{directive}` works on a list, but here is {found}",
    "write $replace with the whole list",
    about="Over an absent value the list starts empty; over a text, a map or null there is no "
    "list to change. Say what is meant with $replace.",
)
DIRECTIVE_WITHOUT_EFFECT = warning(
    "directive-without-effect",
    "this `{directive}` changes nothing",
    "remove it",
    about="In every body that it has a part in, what it removes or unsets is not there, or it adds "
    "no item. Either a base has changed since, and the line can go, or the item is misspelt and is "
    "still sent.",
)
DIRECTIVE_MAKES_EMPTY_LIST = warning(
    "directive-makes-empty-list",
    "all that this `{directive}` does is make an empty list where there is none",
    "remove it; where an empty list is meant, write `[]`",
    about="List directives over an absent value start from an empty list. Without an item to add, "
    "an empty list is what they leave, and it is sent where nothing would have been. Mostly the "
    "base has lost its list since, or the key stands at the wrong level.",
)
BARE_KEY = error(
    "bare-key",
    "`{key}:` has no value, and would replace an inherited map",
    "write `{key}: null` for null, or `{key}: {{$unset: true}}` to take it back",
    about="An empty value over an inherited map is often a line whose value was forgotten, or "
    "whose inner lines lost their indentation. Taken as null it would silently turn the whole map "
    "off, so it has to be written.",
)
FELL_AWAY = note(
    "fell-away",
    "{fields} fell away: {type} does not have {them}",
    about="Where a layer changes `turn_detection.type`, inherited fields that the new type does "
    "not have are dropped, as the service would refuse them. This is a note: mostly it is what "
    "was meant. Set them again where the type is changed back.",
)
BAD_OVERRIDE = error(
    "bad-override",
    "`--set` {said}",
    "write `--set {path}=null` for null, or `--set '{path}=\"\"'` for an empty text",
    "write `--set {null}=null` to turn it off",
    "give its fields one by one, as in `--set {inner}`",
    "write the list of `{list}` in a file: in the environment, or in the profile's block for it",
    "for example: --set session.turn_detection=null",
    about="The path is counted from the profile's root: `session.turn_detection.threshold`, not "
    "`turn_detection.threshold`. The value is one scalar of YAML 1.2, so `null` and `0.5` need no "
    "quotes, and `no` is a text; a list stands in a file. An empty value is mostly a variable of "
    "the shell that is not set.",
)

# ── what never has an effect ─────────────────────────────────────────────────────────────────────

DEAD_OVERRIDE = warning(
    "dead-override",
    "{what} already: this changes nothing",
    "remove it",
    about="In every body that this layer has a part in, the weaker layers give the same value. "
    "The line reads as if it mattered, and hides that the base is what decides; take it out, by "
    "hand or with `voxmint validate --fix`.",
)
IDLE_OVERLAY_ITEM = warning(
    "idle-overlay-item",
    "this overlay item changes nothing",
    "remove it",
    about="In every body that the item is laid on, all that it sets is so already, or is "
    "overridden by stronger layers, or is not used. A reader takes it for a rule of the "
    "environment, which it is not. The places show what sets or overrides its values; remove it, "
    "by hand or with `voxmint validate --fix`, or move it below what overrides it.",
)
SHADOWED_VAR = warning(
    "shadowed-var",
    "`{path}` is never seen: {by}",
    "remove it",
    about="In every body that this layer has a part in, a stronger layer sets the var again, and "
    "no `super()` looks below it. Whoever changes this line changes nothing. Not said of vars of "
    "abstract profiles and environments, which are defaults for heirs to come. Remove it, by hand "
    "or with `voxmint validate --fix`; to build on this value, use `super()` in the stronger one.",
)
UNUSED_VAR = warning(
    "unused-var",
    "no template uses `{path}`",
    "remove it",
    about="In no body that this layer has a part in does a template, or a var that is used, look "
    "at it. Its template was deleted or is overridden, or the name is misspelt where it is used "
    "with a `default`. Nothing is said where a template takes vars as a whole, as in a loop, nor "
    "of what a template of an abstract base names: the next heir may leave that template as it is. "
    "Remove it, by hand or with `voxmint validate --fix`.",
)
UNUSED_BASE = warning(
    "unused-base",
    "no {owner} inherits from `{name}`",
    "delete the file, or extend it",
    about="What is abstract has no body of its own; without heirs it has no effect. Often its "
    "last heir was deleted, or extends another base by a slip. `voxmint list` shows who extends "
    "whom. `--fix` never deletes a file: do it by hand.",
)

# ── templates ────────────────────────────────────────────────────────────────────────────────────

TEMPLATE_SYNTAX = error(
    "template-syntax",
    "the template cannot be read: {said}",
    about="Templates are Jinja: `{{ vars.name }}` for a value, `{% if … %}` … `{% endif %}`, "
    "filters after `|`. Where the two signs are meant as text, write `{{ '{{' }}`.",
)
TEMPLATE_FORBIDDEN = error(
    "template-forbidden",
    "the template may not use {what}",
    "did you mean `{nearest}`?",
    about="Templates are closed off, so that a body depends on the committed files alone: nothing "
    "from the machine, no clock, no chance, no attribute that leads out of the values given. What "
    "may differ belongs into `vars` of a profile or an environment.",
)
TEMPLATE_TOO_MUCH = error(
    "template-too-much",
    "the template does too much: {what}",
    about="The work and the output of a template are bounded by counting, so that a pull request "
    "cannot make a check run for hours. No prompt comes near the bound.",
)
TEMPLATE_FAILED = error(
    "template-failed",
    "the template fails: {said}",
    about="The expression cannot be worked out with these values: a division by zero, a text "
    "where a number is needed, or a result that is not a scalar. Look at the values of the vars "
    "it uses; a base or an environment may set them.",
)
UNDEFINED_NAME = error(
    "undefined-name",
    "`{name}` is not defined",
    "it is unset in {unset}: take that out, or ask for it with `default(…)`",
    "it is set in {elsewhere}, and not for {lacking}: set it in {where}",
    "did you mean `{nearest}`? If not, set `{var}` below `vars` in {where}",
    "did you mean `{nearest}`?",
    "set `{var}` below `vars` in {where}",
    "give the profile the label `{label}`, or a base of it",
    "a template knows vars, env.name, profile.name, .description and .labels, and super()",
    about="A template may use `vars`, `env`, `profile` and `super()`. A name that is not set is "
    "an error rather than an empty text: half a prompt would go out unseen. Where it may be "
    "absent, write `{{ vars.name | default('') }}`.",
)
NO_SUPER = error(
    "no-super",
    "`super()` has no value here: no weaker layer gives one",
    "write `super() | default('')`",
    about="super() is the value that the next weaker layer gives at the same path: a base's, or "
    "for an environment the profile's. Here none does. If that is as it should be, write `{{ "
    "super() | default('') }}`.",
)
VARS_CYCLE = error(
    "vars-cycle",
    "the vars use each other in a circle: {walk}",
    "for what a weaker layer gives, write `super()` in place of `{var}`",
    "give one of them a value that uses none of the others",
    about="A var may use other vars, but not, by way of them, itself. To build on the value of a "
    "weaker layer under the same name, use `super()`.",
)

KINDS: tuple[Kind, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Kind)
)
