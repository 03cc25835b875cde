"""The words for what goes wrong with secret stores, and with keys in them, sorted by code."""

from voxmint.problems import Kind, error, note

KEY_STORE_ELSEWHERE = error(
    "key-store-elsewhere",
    "the key would be read from {place} in {store}, and nobody here allowed that",
    "if it is meant, whoever runs this sets {variable}={place}",
    about="Anybody can have a vault or a project, and keep a secret of this name in it: sessions "
    "would be minted in somebody else's name, and credentials could go there. So a place in the "
    "project's files counts only where the operator names it, or has it in their own variables.",
)
KEY_STORE_FAILED = error(
    "key-store-failed",
    "{store} did not give the key in `{name}`: {said}",
    "docs/providers.md tells where credentials are looked for, and which rights it takes",
    about="The key is read from the secrets manager when everything else is settled, by whoever "
    "runs voxmint. What the store says of it is not shown, but for its code and its request's id.",
)
KEY_STORE_FORBIDDEN = error(
    "key-store-forbidden",
    "`{name}` in {store} must not be sent as a key: whoever runs voxmint did not name it",
    "{variable}={kind}:{name}",
    about="The role that mints can mostly read more secrets than this one. So the project's files "
    "alone cannot have one sent to the service as its key: the operator names those that may be, "
    "with commas between them, and `*` for any letters.",
)
KEY_STORE_LACKS = error(
    "key-store-lacks",
    "{store} has no key in `{name}`: {said}",
    about="The secret holds the key and nothing else, or a JSON object with the key as a text; "
    "`field` then names its member.",
)
KEY_STORE_MISSING = error(
    "key-store-missing",
    "the key is in {store}, and the package `{module}` that asks it is not installed",
    "pip install 'voxmint[{extra}]'",
    about="The clients of stores come with extras, so that nobody installs those of stores that "
    "are not used. They have to be installed where voxmint is.",
)
STORE_BUSY = error(
    "store-busy",
    "{store} asks to be left alone, and went on to: {said}",
    "run this again later; what is in place stays",
    about="A store takes only so many requests at a time. Its client waited and tried again, as "
    "the store asks it to, and gave up in the end.",
)
STORE_CHANGED = error(
    "store-changed",
    "`{name}` in {store} was changed by something else since it was looked at: {said}",
    "stop what writes to it, and run this again",
    about="A secret is switched over only from the version that was looked at, so that nothing of "
    "somebody else's is lost. Two runs of voxmint on two machines can do this to each other, too.",
)
STORE_DELETED = error(
    "store-deleted",
    "`{name}` in {store} is scheduled for deletion: {said}",
    "write `deleted: recover` for this sink, take the deletion back by hand, or use another name",
    about="Some stores keep a deleted secret for days, and its name with it. It is not the same as "
    "one that is missing: nothing can be written there until the deletion is taken back.",
)
STORE_DENIED = error(
    "store-denied",
    "{store} does not allow this user what it takes to write `{name}`: {said}",
    "{page} lists the rights that are needed",
    about="The store knows who asks, and its rules do not let them. The docs list the least rights "
    "that a mint needs, and what only a look at what is there needs.",
)
STORE_FOREIGN = error(
    "store-foreign",
    "`{name}` is there in {store}, and {owner}",
    "use another name; or, if it is to be voxmint's from now on, mint with --adopt",
    about="What voxmint writes is marked as managed by it, for one environment. Anything else is "
    "left alone, since it is somebody's who may need it. Whoever runs voxmint can say otherwise, "
    "and never the project's files: a change of those could overwrite any secret within reach.",
)
STORE_FULL = error(
    "store-full",
    "{store} has no room for another version or secret at `{name}`: {said}",
    "wait, write less often, or have the quota raised; {page} tells what it counts",
    about="A store limits how many secrets there are, or how many versions of one. What is in "
    "place stays as it is.",
)
STORE_HOST_NEEDS_TLS = error(
    "store-host-needs-tls",
    "tokens would be sent to {host} without TLS",
    "write https:// in its address",
    about="Plain HTTP is for this machine only. On the way to any other one, everybody in between "
    "could read the tokens.",
)
STORE_HOST_REFUSED = error(
    "store-host-refused",
    "the sink `{target}` would send its tokens to {host}, and nobody here allowed that",
    "if it is meant, whoever runs this sets {variable}={host} or gives --allow-host {host}",
    about="An address in the project's files could be changed by a pull request, and lead tokens "
    "and credentials to somebody else. So it counts only where the operator names its host. An "
    "address in the variables of the store's own client is the operator's word already.",
)
STORE_KEYRING_UNFIT = error(
    "store-keyring-unfit",
    "no token can be kept in a keyring here: {said}",
    "use another sink on this machine, as `kind: dotenv`; {page} tells how a keyring is chosen",
    about="A keyring belongs to a person who is logged in to a desktop. A server or a job has "
    "none, and what takes its place keeps nothing, or keeps it in plain text.",
)
STORE_LEFT = note(
    "store-left",
    "`{name}` in {store} has another owner by now, and stays as it is: {owner}",
    about="Something else wrote a secret that voxmint had written before, so what is there now is "
    "not taken out. The token that was there lives until it ends, wherever there are copies.",
)
STORE_LOCKED = error(
    "store-locked",
    "{store} is locked: {said}",
    "unlock it and run this again; {page} tells how",
    about="A store can be locked, so that nobody gets anything out of it or into it before a "
    "person unlocks it. What is in place stays as it is.",
)
STORE_LOGIN_FAILED = error(
    "store-login-failed",
    "{store} does not know who asks: {said}",
    "{page} tells where credentials are looked for",
    about="Credentials come from where the store's own client looks for them, and never from the "
    "project. Here there are none, they are wrong, or they have ended.",
)
STORE_NAME_CLASH = error(
    "store-name-clash",
    "`{one}` and `{other}` would both be written to `{name}`",
    "name one of them below this sink's `names:`, as with "
    "`names: {{profiles: {{{other}: some-other-name}}}}`",
    about="In a secret's name, characters of a profile's name that the store does not take become "
    "others, so two profiles can come to share one. In some stores capitals do not count, either.",
)
STORE_NAME_INVALID = error(
    "store-name-invalid",
    "`{profile}` would be written to `{name}`, which {store} cannot hold: {said}",
    "name it below this sink's `names:`, as with "
    "`names: {{profiles: {{{profile}: some-other-name}}}}`, or change the sink's `name`",
    about="Each store has rules for the names of secrets. What of a profile's name does not fit is "
    "replaced, but a template or a name that is too long has to be changed by hand.",
)
STORE_NOT_JSON = error(
    "store-not-json",
    "`{name}` in {store} does not hold a JSON object, so nothing can be set in it",
    "use another name for this sink, or one secret for each profile: `{{profile}}` in its `name`",
    about="A secret for a whole environment is a JSON object with a member for each profile, and "
    "members of others in it are kept. What stands there is something else.",
)
STORE_OFTEN = note(
    "store-often",
    "`{name}` would be written every {length}: {said}",
    "ask for a longer `expires_after`; {page} tells more",
    about="A store counts versions. Tokens that live for a short time, renewed as long as the "
    "application runs, use the quota up. A mint now and then, as with each deploy, does not.",
)
STORE_PACKAGE_MISSING = error(
    "store-package-missing",
    "the sink `{kind}` needs the package `{module}`, which is not installed",
    "pip install 'voxmint[{extra}]'",
    about="The clients of stores come with extras, so that nobody installs those of stores that "
    "are not used: `voxmint[stores]` brings all. They have to be installed where voxmint is.",
)
STORE_PROJECT_REFUSED = error(
    "store-project-refused",
    "the sink `{target}` would write its tokens to the project {project}, and nobody here allowed "
    "that",
    "if it is meant, whoever runs this sets {variable}={project}",
    about="Anybody can have a project and let another's account write to it, so a name in these "
    "files could lead tokens to whoever changed it. It counts where it is the project of the "
    "operator's own variables, and else only where the operator names it.",
)
STORE_REFUSED = error(
    "store-refused",
    "{store} refuses to do what it was asked with `{name}`: {said}",
    about="The store answered with an error that is none of the usual ones. Its own text is not "
    "shown, since it may repeat what was sent; look the code up in the store's own documentation, "
    "or ask its support with the id of the request.",
)
STORE_REPOSITORY_MISSING = error(
    "store-repository-missing",
    "the sink `{target}` does not know whose secrets it writes",
    "write `repository: OWNER/NAME` for this sink, or set {variable}",
    about="Secrets of GitHub belong to a repository, to one of its environments or to an "
    "organization. GitHub tells its own jobs whose they are; elsewhere the sink has to say so.",
)
STORE_REPOSITORY_REFUSED = error(
    "store-repository-refused",
    "the sink `{target}` would write its tokens to {owner}, and nobody here allowed that",
    "if it is meant, whoever runs this sets {variable}={owner}",
    about="Whoever writes tokens to GitHub can mostly write to several repositories, and a name in "
    "the project's files could be changed by a pull request. So it counts where it is the "
    "repository whose job this is, and else only where the operator names it.",
)
STORE_TOO_LARGE = error(
    "store-too-large",
    "what is to be written to `{name}` is too large for {store}: {said}",
    "put fewer profiles into one secret: `{{profile}}` in the sink's `name` gives each its own",
    about="A store limits how large a value may be. A secret for a whole environment grows with "
    "each profile.",
)
STORE_UNFIT = error(
    "store-unfit",
    "`{name}` is there, and {store} can keep no token in it: {said}",
    "use another name, or take out by hand what is there",
    about="What is there is of a form that its store never changes, and that is not fit for a "
    "token, as a value that is not encrypted.",
)
STORE_UNREACHABLE = error(
    "store-unreachable",
    "{store} cannot be reached, or gives no sound answer: {said}",
    about="The client tried several times, as the store's own rules say. Look at the network, the "
    "proxy, and whether the store is up; what is in place stays as it is.",
)
STORE_URL_MALFORMED = error(
    "store-url-malformed",
    "`{url}` is not an address that a store could be asked at",
    "write scheme, host, port and path and no more, as in https://vault.example:8200",
    about="As for the service's own `url`: an address that could be read in two ways is refused.",
)

KINDS: tuple[Kind, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Kind)
)
