"""The words for what is wrong with a pasted body or command."""

from voxmint.problems import Kind, error, warning

NOT_A_BODY = error(
    "not-a-body",
    "this is neither a request body nor a curl command, but {found}",
    "paste what stands below its `{below}`",
    "paste the body as JSON or YAML, or the whole `curl …` line",
    about="`voxmint import` reads the map that is sent to one of the two endpoints, as JSON or "
    "YAML, or a command line that begins with `curl` and holds such a body. Other programs' "
    "command lines, log lines and events of a socket are not read.",
)
BAD_JSON = error(
    "bad-json",
    "this is not JSON: {said}",
    "take out the `{comma}` before it",
    "write {unquoted} in double quotes",
    "write it as {escape}",
    "check the quotes, commas and brackets here and before",
    about="The body begins as JSON does, and cannot be read as such; it is no YAML either. The "
    "place is the first character that does not fit; the cause is there or a little before it: a "
    "quote or bracket that is not closed, a comma too many, or a piece that was not copied.",
)
UNKNOWN_BODY = error(
    "unknown-body",
    "no key of this map is one of a request body",
    "this is a session alone: put it below `{below}`",
    "did you mean `{nearest}`?",
    "a flat body has {flat}; a nested one has {nested}",
    about="The two forms of the body are told apart by the keys at their root. A flat one, that "
    "of `transcription_sessions`, has the session's fields there; a nested one, that of "
    "`client_secrets`, has `session` and `expires_after`. Here is none of them.",
)
MIXED_BODY = error(
    "mixed-body",
    "`{key}` is of the {other} form, and this is a {form} body",
    "the {form} form has it as `{place}`",
    "the {form} form has no place for it",
    about="A body has one form throughout. The service refuses a flat field in a nested body and "
    "the other way round, and to guess which of two contradicting values was meant would be "
    "wrong.",
)
ANSWER_PASTED = warning(
    "answer-pasted",
    "this is what the service answered: {fields} left out",
    "{token} was not kept; it lives until it expires, since the service has no revocation",
    "it is what the service made of a request, its defaults filled in",
    about="The body holds what only an answer has, such as an `id` or a token. That is left out, "
    "and with it each null that a request cannot say. An answer has all defaults filled in, so "
    "the profile now fixes them, and `keywords` and `delay`, which servers do not repeat, are "
    "missing.",
)
KEY_IN_BODY = error(
    "key-in-body",
    "a key or token stands in the body",
    "take it out and import again: a profile is committed to git",
    about="A profile is a file that git keeps, so what looks like a key or token never goes into "
    "one, and neither does anything that the same command gives as its key. Where it stands in a "
    "prompt it was most likely pasted by mistake.",
)
KEY_IN_COMMAND = warning(
    "key-in-command",
    "a key stands in the command; it was neither kept nor shown",
    about="A header, the address or an option of the command holds what looks like a key or a "
    "password. A profile needs none: an environment names where its key is found. Shells keep "
    "what was typed, so whoever reads their history has the key too.",
)
BAD_COMMAND = error(
    "bad-command",
    "the command cannot be read: {said}",
    "let `{continued}` be the last character of the line, or put both on one",
    "import one of the {several} at a time",
    "paste {itself} itself",
    about="The command is read as a POSIX shell would read it, as Windows' cmd where lines end "
    "with `^`, or as PowerShell where they end with a backtick, up to its end. Nothing is run. "
    "Here-documents, forms and several requests in one command are not read.",
)
BODY_ELSEWHERE = error(
    "body-elsewhere",
    "the command takes its body from {source}",
    "import the file itself: voxmint import {file}",
    "import what it reads, or paste the body itself",
    about="With `@` before a name, curl reads the body from that file, and with `@-` from its "
    "input. A command that somebody sent could name any file of this machine, so none is opened "
    "for it.",
)
SHELL_EXPANSION = error(
    "shell-expansion",
    "the shell would put something in the place of `{sign}`",
    "write the value itself: cmd replaces `{percent}` within quotes, too",
    "write the value itself, or put single quotes round the body",
    about="Within double quotes a shell replaces `$NAME` and what stands in `$(…)` or backquotes, "
    "and Windows' cmd `%NAME%`. What that would have been is not known here, and nothing is run to "
    "find out. In a header it does not matter, since no header is kept.",
)
UNKNOWN_OPTION = warning(
    "unknown-option",
    "this option of curl is not known here, and was passed over",
    "did you mean `{nearest}`?",
    about="The option is none of those that this version knows of curl's, so it was taken for one "
    "without a value. Where it takes one, that value may have been taken for the address.",
)
OTHER_ENDPOINT = warning(
    "other-endpoint",
    "the command asks `{asked}`, and its body is one of `{api}`",
    about="The address names one endpoint and the body has the form of the other, so the service "
    "would refuse the request. The profile is right for both: which one is asked is for the "
    "environment to say.",
)

KINDS: tuple[Kind, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Kind)
)
