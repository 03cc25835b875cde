"""The words for what goes wrong where voxmint touches the world, sorted by code.

`{path}` and `{folder}` are written as the project's files write them where they do, else in full.
"""

from voxmint.problems import Kind, error, note, warning

ANSWER_BROKEN = error(
    "answer-broken",
    "the service answered {status}, but {found}",
    "a token may live all the same; look at what answers at the provider's `url`",
    about="The service said that it was done, and what came is not a token: cut off, not JSON, or "
    "without the fields. Such a request is not sent again: it was answered, and a token that came "
    "of it would live until it expires. A proxy or a login page in between is the usual cause.",
)
CA_FILE_UNUSABLE = error(
    "ca-file-unusable",
    "the certificates in `{path}` cannot be used: {reason}",
    about="`ca_file` is a file of the project with certificates in PEM form. The host is then "
    "trusted by these and no others, so without them nothing can be sent.",
)
CERTIFICATES_UNUSABLE = error(
    "certificates-unusable",
    "the certificates that {variable} names cannot be used: {reason}",
    about="SSL_CERT_FILE and SSL_CERT_DIR take the place of the usual certificates, for every "
    "program that honours them. Here one leads to nothing that can be read; correct or unset it.",
)
CLOCK_OFF = warning(
    "clock-off",
    "this machine's clock is {length} {way} that of {host}",
    "set the clock, as by NTP: what reads EXPIRES_AT beside this clock is wrong by as much",
    about="A token expires by the service's clock, which the date of each answer tells. voxmint "
    "counts what is left of a token by that clock, so nothing is kept too long or renewed too "
    "early; an application that compares the expiry with its own machine's clock cannot know.",
)
ECHO_ABSENT = warning(
    "echo-absent",
    "the answer holds nothing of the session: what the service makes of these settings is not "
    "known",
    "ask the service itself, if a gateway answers for it",
    about="Some gateways answer with the token alone. The token is as good as any; but whether the "
    "session is the one that was asked for, this answer does not tell.",
)
ECHO_CHANGED = warning(
    "echo-changed",
    "`{path}`: asked for {asked}, and the service answers {answered}",
    "`{command}` shows all that was asked and answered",
    about="The answer to a mint holds the session as the service will run it. Where that differs "
    "from what was asked, the service, or a gateway before it, changed the setting and said "
    "nothing. The token is good, but it is not for the session that the profile describes. Numbers "
    "are compared by value and lists whatever their order; a dated version of the model that was "
    "asked for is the same model.",
)
ECHO_IGNORED = warning(
    "echo-ignored",
    "`{path}`: asked for {asked}, and the service's answer says nothing of it",
    "`{command}` shows all that was asked and answered",
    about="The answer to a mint holds the session as the service will run it. A setting that is "
    "not in there may have been dropped, by the service or by a gateway before it. Of `keywords` "
    "and `delay` no server says anything, so nothing is concluded from that; nor from an answer "
    "that holds nothing of the session at all.",
)
EXEC_NAME_CLASH = error(
    "exec-name-clash",
    "`{other}` and `{profile}` would both set {name} for the command",
    "put `{{profile}}` into its name, as with --name client_secret={{profile}}_TOKEN",
    about="Each value of each profile needs a variable of its own. A variable's name is the one in "
    "the environment's first env file, else the profile's in capitals with everything else an "
    "underscore; `--name` and `--prefix` change it for a run.",
)
EXEC_NAME_INVALID = error(
    "exec-name-invalid",
    "`{profile}` would set the variable `{name}`: a name is capitals, digits and underscores, and "
    "starts with a letter",
    "name it with --name, as in --name client_secret=SOME_NAME, or put a --prefix before it",
    about="A variable's name is the profile's in capitals, everything else an underscore. A "
    "profile such as `24h/line` or one in another script gives a name that shells cannot use.",
)
EXEC_NAME_OF_KEY = error(
    "exec-name-of-key",
    "`{profile}` would set {name}, which is where the upstream key is found",
    "call it otherwise, as with --name client_secret=SOME_NAME",
    about="The command is never given the upstream key's variable, so that what stands there is "
    "never a question. A token under that name would look like the key, and end after minutes.",
)
EXEC_NAME_REFUSED = error(
    "exec-name-refused",
    "`{profile}` would set {name} for the command, and that changes how programs run",
    "call it otherwise, as with --name client_secret=SOME_NAME",
    about="Variables such as PATH, LD_PRELOAD, BASH_ENV or PYTHONPATH are read by the command "
    "itself and by all that it starts. A project's files must not decide on those.",
)
EXEC_NAME_TWICE = error(
    "exec-name-twice",
    "`{profile}` would set {name} twice for the command, to two of its values",
    "give each value a name of its own, as with --name client_secret=SPEECH_TOKEN",
    about="A token, its expiry and its session's id are three values, each in a variable of its "
    "own.",
)
EXEC_TOO_SHORT = error(
    "exec-too-short",
    "its token has {left} left, and {needed} are needed",
    "ask for a longer `expires_after`, or mint faster: see `mint:` in the environment's file",
    about="The command is started only with tokens that live as long as `--min-remaining` says. "
    "The service gave this one less time than its profile asks for, or minting the others took so "
    "long that it grew too old, also when it was minted again.",
)
FILE_CHANGED = error(
    "file-changed",
    "`{path}` was changed by something else since it was read, and no file was edited",
    "run this again",
    about="`validate --fix` edits only what it has compiled and compared. An editor, or git, wrote "
    "the file in between.",
)
FILE_CHANGING = error(
    "file-changing",
    "`{path}` was changed by something else each time it was about to be replaced",
    "stop what writes to it, and run this again",
    about="A file is replaced only if nobody has touched it since it was read, so that no line of "
    "somebody else's is lost.",
)
FILE_IS_SYMLINK = error(
    "file-is-symlink",
    "`{path}` is a symlink, and only real files are read and written here",
    "name the file that it leads to, or remove the link",
    about="A link could lead what is written, such as a token, to where everybody reads, or be "
    "changed while that is done. So the real file is named, and its folder is the one that is "
    "guarded.",
)
FILE_NOT_REGULAR = error(
    "file-not-regular",
    "`{path}` is {found}, not a file",
    about="Only regular files are read and replaced. A folder, pipe or device stands at the path; "
    "name another one for the sink.",
)
FILE_TOO_LARGE = error(
    "file-too-large",
    "`{path}` has more than {limit} bytes",
    about="No env file needs that much, so it is taken for something else and left alone. Look at "
    "whether the sink's `path` is the one that is meant.",
)
FILE_UNREADABLE = error(
    "file-unreadable",
    "`{path}` cannot be read: {reason}",
    about="The file is there, but this user or this machine cannot read it. Before a file is "
    "replaced it is read, since other people's lines in it are kept.",
)
FILE_UNWRITABLE = error(
    "file-unwritable",
    "`{path}` cannot be written: {reason}",
    about="The file was left as it was. Look at the permissions of the file and its folder, and "
    "whether the disk is full or mounted for reading only.",
)
FOLDER_MISSING = error(
    "folder-missing",
    "`{path}` cannot be written: there is no folder `{folder}`",
    "make it, with the owner and mode that its readers need",
    about="Folders are not made: only you know who is to own one, and a misspelt path would grow a "
    "tree of them.",
)
FOLDER_UNWRITABLE = error(
    "folder-unwritable",
    "`{path}` cannot be written: this user may not make files in `{folder}`",
    about="A file is replaced as a whole, by one that is written beside it first, so that no "
    "reader ever sees half of it. For that, new files must be allowed in its folder.",
)
GIT_FAILED = error(
    "git-failed",
    "git could not be asked about `{folder}`: {said}",
    "if you trust it: git config --global --add safe.directory {distrusted}",
    about="git is asked which commit this is, and whether it tracks or ignores a file, before a "
    "token is written there. Its own configuration decides whether it trusts a folder that "
    "belongs to another user, as in many containers.",
)
GIT_OBJECTS_MISSING = error(
    "git-objects-missing",
    "git in `{folder}` does not have all that is compared: {said}",
    "in a partial clone: git fetch --refetch --no-filter",
    about="A partial clone leaves out files and fetches them when they are asked for. A command "
    "that only reads touches no network, so what is missing has to be fetched before.",
)
HEADER_REFUSED = error(
    "header-refused",
    "the header `{name}` cannot be set: {reason}",
    about="A header of the project must not lead a request elsewhere, carry a key, or hold a line "
    "break: anybody who can change the files could set it. So names with words such as `host`, "
    "`url`, `key` or `token` are refused. The key goes into `provider.key`; organization and "
    "project have settings of their own.",
)
HOST_NEEDS_TLS = error(
    "host-needs-tls",
    "{host} would be sent the key without TLS",
    "write https:// in its URL",
    about="Plain HTTP is for this machine only. On the way to any other one, everybody in between "
    "could read the key.",
)
HOST_NOT_ALLOWED = error(
    "host-not-allowed",
    "the key would be sent to {host}, and nobody here allowed that",
    "if it is meant, whoever runs this sets {variable}={host} or gives --allow-host {host}",
    about="Only OpenAI's own hosts are sent a key by themselves. Any other one is named by the "
    "operator and never by the project, since a pull request could change its files.",
)
HOST_NOT_LOOPBACK = error(
    "host-not-loopback",
    "{host} is not on this machine, and an emulator is looked for nowhere else",
    "for a server elsewhere use `kind: compatible`",
    about="The emulator takes no key, so it needs nobody's word; therefore it stays on loopback: "
    "127.0.0.1, ::1 or localhost.",
)
KEY_COMMAND_FAILED = error(
    "key-command-failed",
    "the command that gives the key, `{command}`, failed: {said}",
    "run it by hand to see why; what it printed is not repeated here",
    about="The command ended with an error, took too long or printed nothing. What such a command "
    "prints may hold the key, so it is not repeated.",
)
KEY_COMMAND_FORBIDDEN = error(
    "key-command-forbidden",
    "the key comes from the command `{command}`, and nobody here allowed it to run",
    "if it is meant, whoever runs this sets {variable}=1 or gives --allow-key-command",
    about="A pull request could change the command, and it would run with the rights of whoever "
    "mints. So the operator allows it for a machine or a run, never the repository.",
)
KEY_EMPTY = error(
    "key-empty",
    "{source} is empty, and should be the key",
    about="The place is there and holds nothing, as when a secret of a pipeline is not defined "
    "for this branch. Nothing was sent.",
)
KEY_FILE_OUTSIDE = error(
    "key-file-outside",
    "the key's file `{path}` is not inside the project",
    "write its path in full, or beginning with ~/",
    about="A relative path stays inside the project, also through symlinks: otherwise a pull "
    "request could name any file of the machine, and what is in it would be sent as a key.",
)
KEY_FILE_TRACKED = error(
    "key-file-tracked",
    "git tracks the key's file `{path}`",
    "take it out of git, and have the key replaced: everybody who can read the repository has it",
    about="A key in a commit is a key for everybody who can read the repository, now and in each "
    "clone. Taking the file out of git is not enough: the key has to be replaced.",
)
KEY_FILE_UNREADABLE = error(
    "key-file-unreadable",
    "the key's file `{path}` cannot be read: {reason}",
    about="It is a regular file that holds the key and nothing else, readable for the user who "
    "mints.",
)
KEY_KEYRING_FAILED = error(
    "key-keyring-failed",
    "the keyring could not be asked for the key `{entry}`: {said}",
    "unlock it, or use `key: {{env: …}}`, as where nobody is logged in",
    about="A keyring belongs to a person who is logged in. In a pipeline or a service there is "
    "mostly none, and the key is better handed over in a variable or a file.",
)
KEY_KEYRING_LACKS = error(
    "key-keyring-lacks",
    "the keyring has no key `{entry}` of the service `{service}`",
    "put it there: keyring set {service} {entry}",
    about="Only entries of the service `voxmint` are looked up, so that a change of the project's "
    "files cannot have another secret of your keyring sent as a key.",
)
KEY_KEYRING_MISSING = error(
    "key-keyring-missing",
    "the key `{entry}` is in a keyring, and the package that reads keyrings is not installed",
    "pip install 'voxmint[keyring]'",
    about="voxmint itself needs no keyring, so the package comes with an extra. It has to be "
    "installed where voxmint is.",
)
KEY_MALFORMED = error(
    "key-malformed",
    "{source} cannot be a key: {reason}",
    about="A key is one word of plain ASCII. Mostly the wrong thing was stored: a whole line "
    "`NAME=value`, quotes, or two keys. Nothing of it is shown.",
)
KEY_MISSING = error(
    "key-missing",
    "there is no key: the variable {variable} is not set",
    "set it, or say in the environment's file where the key is: `key: {{env: …}}`",
    about="The key is looked for where `provider.key` says; without it openai's is in "
    "OPENAI_API_KEY and azure's in AZURE_OPENAI_API_KEY.",
)
LEDGER_BEHIND = error(
    "ledger-behind",
    "`{target}` was changed, and the ledger could not be told: {said}",
    "make room on {disk}, and run this again: until then the ledger has what was there before",
    "run this again once that is mended: until then the ledger has what was there before",
    about="A sink is changed first, and the ledger is told then. Where it cannot be told, what was "
    "taken out of the sink is out, and a token that was written is there; but the next mint knows "
    "nothing of it, and mints another one. Nothing has to be mended by hand: the next run sets the "
    "ledger right.",
)
LEDGER_BUSY = error(
    "ledger-busy",
    "the ledger `{path}` is held by another program",
    "run this again when that program is done",
    about="The ledger is an SQLite database in the state folder; something kept it locked. A "
    "backup or a viewer of databases can do that; two runs of voxmint wait for each other.",
)
LEDGER_CORRUPT = error(
    "ledger-corrupt",
    "`{path}` is not a ledger that can be read: {said}",
    "move it aside, as with `mv {path} {path}.broken`; the next mint then mints everything again",
    about="The ledger holds what was minted and where it was written, never a token. Without it "
    "every profile is minted anew, and tokens minted before live on until they expire.",
)
LEDGER_FRESH = warning(
    "ledger-fresh",
    "`{target}` holds {sessions} that no ledger here knows of: what it holds is minted again",
    "where runs have no folder in common, VOXMINT_STATE_DIR can name one that they keep",
    about="Only the ledger knows what a token was minted from. The ones before live on until they "
    "expire.",
)
LEDGER_NEWER = error(
    "ledger-newer",
    "the ledger `{path}` was written by a newer voxmint: its format is {found}, and this one "
    "knows {known}",
    "use that voxmint, or a state folder of its own for this one (VOXMINT_STATE_DIR)",
    about="A ledger is never written back in an older format, since that would lose what the "
    "newer one knows. It happens where two versions of voxmint share a state folder.",
)
LEDGER_UNUSABLE = error(
    "ledger-unusable",
    "the ledger `{path}` cannot be used: {reason}",
    "make room on {disk}, or set VOXMINT_STATE_DIR to a folder on another one",
    "set VOXMINT_STATE_DIR to a folder that this user can write to",
    about="Before a request leaves, the ledger must be able to say so: after a crash it is what "
    "names the tokens that may live unseen. Without it nothing is minted.",
)
LIFETIME_SHORT = error(
    "lifetime-short",
    "tokens live {lifetime} by what is written here, and every token must outlive {needed}",
    "write `expires_after: {{seconds: {seconds}}}` or more, or a shorter --min-remaining",
    "no token lives longer than {longest}: split the deploy, or mint again within it",
    about="With --min-remaining every token must outlive a deploy of that length. A token that is "
    "asked for with a lifetime of no more than that cannot, however new it is, so nothing is sent. "
    "Where a profile has no `expires_after`, its tokens live 10 minutes.",
)
LOCK_TIMEOUT = error(
    "lock-timeout",
    "{what} is in use by {holder}, and still was after {seconds} s",
    "wait for it to end, or wait longer with --lock-timeout",
    about="Two runs never mint one environment, or write one file, at the same time: each would "
    "undo the other's. The holder is told by its process and machine; when it is gone, its lock "
    "is free by itself.",
)
LOCK_UNUSABLE = error(
    "lock-unusable",
    "the lock `{path}` cannot be taken: {reason}",
    "set VOXMINT_STATE_DIR to a folder on a local disk that this user can write to",
    about="Locks are files in the state folder. Some network file systems have no locks, and a "
    "folder of another user cannot be used.",
)
MINT_ENDPOINT_MISSING = error(
    "mint-endpoint-missing",
    "there is nothing at {url}: {status} {said}",
    "look at `provider.url` and `provider.api`",
    about="The base URL ends before `/realtime`, as in `https://gateway.example/v1`; the rest is "
    "added. The endpoint is the one that `provider.api` names, or the kind's default.",
)
MINT_ENDPOINT_RETIRED = error(
    "mint-endpoint-retired",
    "there is no {api} at {url} (any more): {status} {said}",
    "write `api: client_secrets` at {place}",
    "write `api: client_secrets` below `provider:` in the environment's file",
    about="OpenAI retired this endpoint in May 2026, and Azure never had it; gateways still serve "
    "it. The same profiles reach client_secrets without a change.",
)
MINT_INTERRUPTED = error(
    "mint-interrupted",
    "the run was interrupted",
    "run it again: what was minted and written is kept",
    about="The person, or the machine's shutdown, asked the run to stop. Nothing new was begun "
    "after that. Asked once, it waits for the requests under way and keeps their tokens; asked "
    "twice, it drops them.",
)
MINT_KEY_REFUSED = error(
    "mint-key-refused",
    "the service refuses the key: {status} {said}",
    "look at `provider.key`, and whether the key is of this organization and project",
    about="The key is wrong, revoked, or of another organization or project than the "
    "environment's file names. The first such answer ends a run: a bad key is not tried again for "
    "every profile.",
)
MINT_NOT_TRIED = error(
    "mint-not-tried",
    "not tried: {because}",
    about="The run ended before its turn, so no request left for this profile; the message says "
    "why. Run it again once that is mended.",
)
MINT_OUT_OF_TIME = error(
    "mint-out-of-time",
    "the {seconds} s that a run may take are over",
    "give it more with --timeout, or `mint: {{timeout: …}}` in the environment's file",
    about="Nothing new was begun after that; what was minted is kept, and the next run carries "
    "on. Many profiles under a low `requests_per_minute` need more time than the default.",
)
MINT_QUOTA = error(
    "mint-quota",
    "the account's limit is reached: {status} {said}",
    about="The account has no credit left, or has reached a limit that somebody has to raise. "
    "Waiting does not lift such a limit, so the run ends with it.",
)
MINT_REDIRECTED = error(
    "mint-redirected",
    "the service answered {status} and points to {where}, which is not followed",
    "write the URL that is meant as `provider.url`",
    about="A redirect could lead the key to another host, so none is followed. Mostly the URL has "
    "http for https, or lacks its path.",
)
MINT_REFUSED = error(
    "mint-refused",
    "{status} {said}",
    "`{setting}` in the environment's file says which deployment is sent for a model",
    "the service asks to wait {wait}: run it again then",
    about="The service refused this request, with the status and message shown. Where waiting can "
    "heal that (408, 409, 429, 5xx), it was sent again, and refused each time. A 400 names the "
    "field that it dislikes; a 403 is about what the key's project may use.",
)
MINT_UNANSWERED = error(
    "mint-unanswered",
    "{said}, and the request may have arrived: {tokens} may live",
    about="The service offers no way to ask what came of a request, and none to revoke a token. "
    "The report says until when such a token can live.",
)
MINT_UNREACHABLE = error(
    "mint-unreachable",
    "{host} cannot be reached: {said}",
    "look at `provider.url`, and whether this machine may reach that host",
    about="No request arrived there: the name is not known, nothing listens, or a firewall or "
    "proxy is in between. So no token can live unseen.",
)
PATH_OUTSIDE = error(
    "path-outside",
    "`{path}` is not inside the project",
    "to allow it, whoever runs this sets VOXMINT_ALLOW_PATHS={folder}",
    about="A path in the project's files stays inside the project; only the operator can allow "
    "more, since a pull request could change the files.",
)
PATH_RESERVED = error(
    "path-reserved",
    "`{path}` lies in `{folder}`, which is not a place for tokens",
    about="git's folder, voxmint's own state and the project's own files are never written to by a "
    "sink: it would break them. A file that is called as the project's files are is taken for one, "
    "except by the `yaml` sink.",
)
PLAN_DAMAGED = error(
    "plan-damaged",
    "`{path}` is not a plan as voxmint wrote it: {found}",
    "make it again, as with `voxmint plan -e ENV --out {path}`",
    about="A plan that was written with `plan --out` ends with a digest of all that it holds. This "
    "file was cut off, edited, or never was a plan, so nothing of it is carried out.",
)
PLAN_ELSEWHERE = warning(
    "plan-elsewhere",
    "a mint could not do this from here: {said}",
    "the plan holds all the same: carry it out as a user, and in a place, that may write there",
    about="`plan` only reads, so it is also made where this user cannot write, as in a checkout "
    "that is mounted for reading only. A mint that is started there ends with the error that is "
    "told, before it sends anything.",
)
PLAN_FOREIGN = error(
    "plan-foreign",
    "`{path}` was made from another ledger than the one here, `{ledger}`",
    "make the plan where it is carried out, or share the ledger (VOXMINT_STATE_DIR)",
    about="A plan says what to do beside what a ledger knows to be there. With another ledger, "
    "that of another project or none, something else may be due that nobody has reviewed.",
)
PLAN_NEWER = error(
    "plan-newer",
    "`{path}` is a plan of version {found}, and this voxmint knows {known}",
    "use the voxmint that made it, or make it again with this one",
    about="Plans are read only by a voxmint that knows all that they can say.",
)
PLAN_OUTDATED = error(
    "plan-outdated",
    "{what} since the plan was made: {how}",
    "review it again: `{command}`",
    about="`mint --plan` does exactly what was reviewed, or nothing. Before the first request it "
    "makes the plan anew, and here that came out differently: a file of the project, the ledger or "
    "a sink changed, or a token came closer to its end than it may.",
)
PLAN_UNREADABLE = error(
    "plan-unreadable",
    "the plan `{path}` cannot be read: {reason}",
    "make one with `voxmint plan -e ENV --out {missing}`",
    about="`mint --plan` takes a file that `plan --out` wrote. It must be a regular file that this "
    "user can read.",
)
PROXY_UNUSABLE = error(
    "proxy-unusable",
    "{variable} names a proxy that cannot be used: {reason}",
    about="Proxies are reached by `http://` or `https://`; others, such as SOCKS, are not "
    "supported. NO_PROXY lists hosts that need none.",
)
PURGE_CHANGED = error(
    "purge-changed",
    "what there is to take out of `{environment}` has changed since it was shown",
    "look again: `voxmint purge -e {environment}`",
    about="Another run minted or purged between the question and the answer. Only what was shown "
    "is taken out, so nothing was.",
)
PURGE_OUT_OF_REACH = warning(
    "purge-out-of-reach",
    "`{target}` is no sink of `{environment}` any more, and still holds what voxmint wrote there: "
    "{names}",
    "take these out by hand, or make it a sink again and purge once more",
    about="A sink that was taken out of the environment's file, or moved to another path, is not "
    "written to: how it has to be written stood there. Purge before such a change.",
)
SINK_BROKEN = error(
    "sink-broken",
    "the sink `{target}` failed in a way that it should not: {said}",
    about="This is a mistake in the sink's own code, voxmint's or another package's, and not in "
    "your files. Please report it to whoever made the sink.",
)
SINK_CONSTANT_UNFIT = error(
    "sink-constant-unfit",
    "the constant `{name}` cannot be written: {said}",
    about="Constants are lines of an env file like any other: a name of capitals, digits and "
    "underscores, and a value of A-Z, a-z, 0-9 and _ % + , . / : = @ ^ -, which all readers take "
    "in the same way.",
)
SINK_DUPLICATE = error(
    "sink-duplicate",
    "two sinks write to `{target}`",
    "give each its own path",
    about="Each sink keeps its own values right, takes out what it no longer writes, and would so "
    "undo the other's. Two environments in one file need one sink each, with a path of its own.",
)
SINK_FILE_CLASH = error(
    "sink-file-clash",
    "`{one}` and `{other}` would both be written to `{path}`",
    "name one of them below this sink's `names:`, as with "
    "`names: {{profiles: {{{other}: SOME_OTHER_NAME}}}}`",
    about="In a path, `{profile}` stands for the profile's name with everything but ASCII letters, "
    "digits, dots, dashes and underscores made a dash, so two profiles can come to share a file. "
    "Names that differ in capitals only are one file on some machines.",
)
SINK_FILE_FOREIGN = error(
    "sink-file-foreign",
    "`{path}` cannot be written to: {found}",
    "name another folder, which voxmint makes itself",
    about="A folder of values belongs to voxmint as a whole: it holds versions, and a link that "
    "leads to the one that holds. Files of other names stay, but a folder that another program "
    "manages in this way, such as a mounted secret, cannot have two writers.",
)
SINK_FILE_NAME_INVALID = error(
    "sink-file-name-invalid",
    "`{profile}` would write the file `{name}`: a name is ASCII letters, digits, `.`, `-` and `_`, "
    "and starts with a letter, a digit or `_`",
    "name it below this sink's `names:`, as with `names: {{profiles: {{{profile}: SOME_NAME}}}}`",
    about="In a folder of values each file is named as in a mounted secret of Kubernetes. A name "
    "that begins with a dot is hidden, or one of the folder's own.",
)
SINK_FILE_TRACKED = error(
    "sink-file-tracked",
    "git tracks `{path}`: its tokens would be committed",
    "run `git rm --cached {path}` and ignore it, or write `allow_tracked: true` for this sink",
    about="A token in a commit is a token for everybody who can read the repository. Where the "
    "file is meant to be tracked, as in a repository that is encrypted, the sink says so itself.",
)
SINK_FILE_UNIGNORED = error(
    "sink-file-unignored",
    "git does not ignore `{path}`: the next `git add` would take its tokens along",
    "add it to .gitignore, or write `allow_unignored: true` for this sink",
    about="A token in a commit is a token for everybody who can read the repository, and `git add "
    ".` asks nobody. One line in .gitignore, such as `.env.*`, guards all of them.",
)
SINK_FILE_UNPARSABLE = error(
    "sink-file-unparsable",
    "`{path}` cannot be added to: line {line} {found}",
    "mend that line by hand",
    about="Readers would take the lines that follow for a part of that one, voxmint's too, so "
    "nothing was added. The usual cause is a quote that is never closed.",
)
SINK_GROUP_UNKNOWN = error(
    "sink-group-unknown",
    "`{path}` cannot be given to the group `{group}`: {reason}",
    about="Only a group that this machine knows and this user belongs to can be given a file. `id "
    "-Gn` lists them.",
)
SINK_LINE_BENT = error(
    "sink-line-bent",
    "{name} in `{path}` is not read alike by all programs: its line {found}; {readers}",
    "`voxmint mint -e {environment} --force` writes the line anew",
    "mend the file by hand: as it is, nothing can be added to it",
    about="An env file has no standard. The one form that all of its readers take in the same way "
    "is a bare `KEY=value` on a line of its own, each key once, and voxmint writes no other. So "
    "somebody has changed this line.",
)
SINK_LINE_FOREIGN = warning(
    "sink-line-foreign",
    "line {line} of `{path}` is not read alike by all programs: it {found}; {readers}",
    "a bare `KEY=value` is read alike by all",
    about="The line is not voxmint's, which keeps it as it is. Whether it matters depends on what "
    "reads the file: an env file has no standard.",
)
SINK_MALFORMED = error(
    "sink-malformed",
    "`{owner}` is not a sink: a map with its `kind`, as in {example}",
    about="A sink is where tokens are written to: a map with its `kind` and that kind's options, "
    "in the list `sinks` of an environment.",
)
SINK_MASKLESS = error(
    "sink-maskless",
    "the tokens cannot be kept out of the job's log: {reason}",
    "leave standard error to the job: whatever is to go into a file can go by `-o json`",
    about="GitHub hides a value in its log once the job prints `::add-mask::` with it, so that is "
    "printed before anything is written, on standard error. A file that standard error was led "
    "into would keep the tokens, and the log would show them. From Python, mint through the "
    "command line instead.",
)
SINK_NAME_CLASH = error(
    "sink-name-clash",
    "{who} write {name} to `{target}`",
    "name one of them below this sink's `names:`, as with "
    "`names: {{profiles: {{{other}: SOME_OTHER_NAME}}}}`",
    "give each value a name of its own below this sink's `names:`",
    about="A variable's name is the profile's in capitals, everything else an underscore, so two "
    "profiles can come to share one. A constant, or two values of one profile, can share one too.",
)
SINK_NAME_INVALID = error(
    "sink-name-invalid",
    "`{profile}` would write the variable `{name}`, which not every reader of env files takes: a "
    "name is capitals, digits and underscores, and starts with a letter",
    "name it below this sink's `names:`, as with `names: {{profiles: {{{profile}: SOME_NAME}}}}`",
    about="A variable's name is the profile's in capitals, everything else an underscore. A "
    "profile such as `24h/line` or one in another script gives a name that shells refuse, so it "
    "is given one by hand.",
)
SINK_NAME_REFUSED = error(
    "sink-name-refused",
    "`{profile}` would write the variable {name}, and that changes how programs run",
    "name it below this sink's `names:`, as with `names: {{profiles: {{{profile}: SOME_NAME}}}}`",
    about="Variables such as PATH, LD_PRELOAD, BASH_ENV or PYTHONPATH are read by the programs "
    "that start under an env file.",
)
SINK_NOT_ASKED_FOR = error(
    "sink-not-asked-for",
    "all sinks of `{environment}` are written only when they are asked for by name: {kinds}",
    "ask for one, as with --sink {kind}",
    about="What is printed, or handed to the rest of a job, reaches more readers than a file that "
    "is guarded. So whoever runs voxmint asks for it, each time: a change of the project's files "
    "alone cannot have tokens printed.",
)
SINK_NOTHING_TAKES = error(
    "sink-nothing-takes",
    "no sink of `{environment}` takes `{profile}`, so its token could be kept nowhere",
    "widen the `where` of a sink, or leave the profile out of the environment's `profiles:`",
    about="Each sink takes the profiles that its `where` selects, all of them without one. Nothing "
    "is minted that cannot be kept. Sinks that are written only when they are asked for by name do "
    "not count unless they are.",
)
SINK_ON_TERMINAL = error(
    "sink-on-terminal",
    "tokens would be printed on a terminal, where people and their scrollback read them",
    "send the output on, as in `voxmint mint … --sink stdout | a-program`",
    about="The sink `stdout` is for another program to read. A file is better written by the "
    "`dotenv` sink, with its mode and its locks.",
)
SINK_OUTSIDE_JOB = error(
    "sink-outside-job",
    "{variable} is not set, so this is no step of a GitHub job",
    "leave `--sink {kind}` out here",
    about="GitHub names in this variable the file that a step hands values on by. It is there for "
    "each `run:` of a workflow and nowhere else.",
)
SINK_SHARED = warning(
    "sink-shared",
    "`{one}` and `{other}` both write {what} to `{target}`: whichever was minted last is there",
    "give each environment a path of its own, or a `prefix:` where the sink has one",
    about="What one environment writes takes the place of what the other wrote, whose token is "
    "then missing there, and minted again by its next run. Where one file is to hold whichever "
    "environment was chosen last, that is just what happens, and this can be left as it is.",
)
SINK_STREAMLESS = error(
    "sink-streamless",
    "nobody gave this run a standard output to write tokens to",
    about="The sink `stdout` writes to the output of the command `voxmint`. A program that mints "
    "through the Python API has an output of its own, which voxmint leaves alone.",
)
SINK_UNGUARDED = note(
    "sink-unguarded",
    "{reason}, so nobody checked that git leaves the files with tokens alone",
    about="Where git is there, a file that it tracks or does not ignore is refused, since its "
    "tokens would be committed. Here that could not be asked; keep the files out of whatever "
    "versions this folder.",
)
SINK_UNKNOWN = error(
    "sink-unknown",
    "there is no sink of the kind `{kind}`",
    "did you mean `{nearest}`?",
    "known here: {known}",
    about="Sinks are built in, or come with an installed package that offers them in the "
    "entry-point group `voxmint.sinks`.",
)
SINK_UNLOADABLE = error(
    "sink-unloadable",
    "the sink `{kind}` of the package {package} cannot be loaded: {said}",
    about="A sink of another package is imported when it is about to be used, and that failed. "
    "Look at whether the package fits this version of Python and of voxmint.",
)
SINK_UNUSED = warning(
    "sink-unused",
    "nothing goes to `{target}`: its `where` selects no profile of `{environment}`",
    about="A sink takes the profiles of its environment that its `where` selects, by labels and by "
    "names, as an overlay item does.",
)
SINK_UNVERIFIED = error(
    "sink-unverified",
    "what was staged for `{target}` did not read back as it was written",
    "nothing was switched over; run this again",
    about="What is about to be put in place is read back first, so that a full disk or a failing "
    "one never costs a good file. Everything is as it was.",
)
SINK_VALUE_UNFIT = error(
    "sink-value-unfit",
    "the value of {name} has characters that its readers bend",
    about="In an env file only A-Z, a-z, 0-9 and _ % + , . / : = @ ^ - are read the same by all; "
    "elsewhere it is control characters and line breaks that are not. Such values are not written "
    "at all.",
)
SINKS_MISSING = error(
    "sinks-missing",
    "`{environment}` has no sink, so its tokens could be kept nowhere",
    "add one, as with `sinks: [{{kind: dotenv, path: .env.{environment}}}]`",
    about="Nothing is minted that cannot be kept: a token that is written nowhere is of no use, "
    "and lives until it expires.",
)
STATE_TRACKED = error(
    "state-tracked",
    "git tracks files in the state folder `{folder}`",
    "run `git rm -r --cached {folder}` and commit",
    about="A ledger that came with a clone could make voxmint keep what was never minted here, so "
    "it is not believed. The state folder ignores itself; somebody added it by force.",
)
STATE_UNSAFE = error(
    "state-unsafe",
    "the state folder `{folder}` {found}",
    "remove it, or set VOXMINT_STATE_DIR to a folder of your own",
    about="Whoever can write to the state folder decides what voxmint believes it has minted, and "
    "where. So the folder belongs to the user who mints, and nobody else may write to it.",
)
STATE_UNUSABLE = error(
    "state-unusable",
    "the state folder `{folder}` cannot be used: {reason}",
    "make room on {disk}, or set VOXMINT_STATE_DIR to a folder on another one",
    "set VOXMINT_STATE_DIR to a folder that this user can write to",
    about="The ledger and the locks live there: `.voxmint/` in the project, or where "
    "VOXMINT_STATE_DIR says. Pipelines often check a project out where they may not write.",
)
TOKEN_SHORT_LIVED = error(
    "token-short-lived",
    "tokens of {profiles} expire in {left}, and every token must outlive {needed}",
    "run this again; if it says the same, the service grants less than `expires_after` asks for",
    about="With --min-remaining a run looks at the end whether each token, new or kept, outlives "
    "what was asked for, by the service's clock. These do not: the run itself took long, or the "
    "service granted a shorter life than was asked of it. They are written all the same.",
)
URL_MALFORMED = error(
    "url-malformed",
    "`{url}` is not a URL that a key could be sent to",
    "write scheme, host, port and path and no more, as in https://gateway.example/v1",
    about="A host that ends in a dot, or is written with other characters than ASCII letters, "
    "digits, dots and dashes, can be one host to whom reads it and another to whom connects. "
    "Neither do a user name, a query or a fragment belong into a base URL, nor a path that leads "
    "upwards, has empty parts or hides a slash in an escape.",
)

KINDS: tuple[Kind, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Kind)
)
