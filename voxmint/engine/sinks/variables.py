"""The environment variables that hold a session: what they are called, and what may be in them.

An env file has no standard. What all readers of one take in the same way is a bare `KEY=value`
whose key is made of capitals, digits and underscores, and whose value needs no quotes anywhere.
"""

import re

PROFILE = "{profile}"
"""What stands for a profile, in the names of variables and of files."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_VALUE = re.compile(r"[A-Za-z0-9_%+,./:=@^-]*")
_OTHER = re.compile(r"[^A-Za-z0-9]")

_REFUSED = re.compile(
    r"""
      # where programs and libraries are found, and what the loader does
      PATH | CDPATH | LD_.* | DYLD_.* | GCONV_PATH | GLIBC_TUNABLES | MALLOC_.* | LOCPATH | NLSPATH
      # shells
    | BASH_.* | BASHOPTS | ENV | FPATH | GLOBIGNORE | IFS | POSIXLY_CORRECT | PROMPT_COMMAND
    | PS[0-4] | SHELL | SHELLOPTS | ZDOTDIR
      # interpreters
    | CLASSPATH | COR_(?:ENABLE_PROFILING|PROFILER.*) | CORECLR_.* | DOTNET_.*
    | ERL_.* | GEM_.* | BUNDLE_.* | JAVA_TOOL_OPTIONS | JDK_JAVA_OPTIONS
    | _JAVA_OPTIONS | LUA_.* | NODE_.* | NPM_CONFIG_.* | PERL.* | PHPRC | PHP_INI_.* | PYTHON.*
    | RUBY.* | R_PROFILE.* | DENO_.* | BUN_.* | GO(?:FLAGS|PATH|ROOT|PROXY) | JAVA_HOME
      # what builds and installs
    | CARGO_HOME | (?:GRADLE|MAVEN)_OPTS | (?:GNU)?MAKEFLAGS | MFLAGS | RUSTC(?:_.*)? | RUSTFLAGS
    | PIP_(?:CONFIG_FILE|(?:EXTRA_)?INDEX_URL|TRUSTED_HOST)
      # what a runner reads when a step has ended
    | GITHUB_(?:ENV|OUTPUT|PATH|STATE|STEP_SUMMARY)
      # programs that other programs start
    | BROWSER | EDITOR | GIT_.* | LESS(?:OPEN|CLOSE) | MANPAGER | PAGER | SSH_.* | SUDO_.* | VISUAL
      # who one is, and where things lie
    | HOME | LOGNAME | TMPDIR | TEMP | TMP | USER | XDG_.*
      # where the network leads, and whom it trusts
    | .*_PROXY | CURL_.* | DOCKER_HOST | HOSTALIASES | KUBECONFIG | LOCALDOMAIN
    | NODE_EXTRA_CA_CERTS | OPENSSL_.* | REQUESTS_CA_BUNDLE | RES_OPTIONS | RESOLV_.* | SSL_.*
      # this program
    | VOXMINT_.*
    """,
    re.VERBOSE,
)


def stem(profile: str) -> str:
    """A profile's name as variables begin with it: in capitals, everything else an underscore.

    It may not be a valid name by itself.
    """
    return _OTHER.sub("_", profile).upper()


def is_name(name: str) -> bool:
    """Whether every reader of env files takes this as the name of a variable."""
    return _NAME.fullmatch(name) is not None


def is_refused(name: str) -> bool:
    """Whether a variable of this name changes how programs run, so that none may be set."""
    return _REFUSED.fullmatch(name) is not None


def is_plain(value: str) -> bool:
    """Whether every reader of env files gives this value back as it is."""
    return _VALUE.fullmatch(value) is not None
