"""The environment variables that hold a session: what they are called, and what may be in them.

An env file has no standard. What all readers of one take in the same way is a bare `KEY=value`
whose key is made of capitals, digits and underscores, and whose value needs no quotes anywhere.
"""

import re
from collections.abc import Collection, Iterable

PROFILE = "{profile}"
"""What stands for a profile, in the names of variables and of files."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_NO_NAME = rf"\n(?!{_NAME.pattern}\n)(?!\Z)"
"""The beginning of a line that is no name."""
_VALUE = re.compile(r"[A-Za-z0-9_%+,./:=@^-]*")
_OTHER = re.compile(r"[^A-Za-z0-9]")

_REFUSED = frozenset(
    (
        # where programs and libraries are found, and what the loader does
        "PATH CDPATH GCONV_PATH GLIBC_TUNABLES LOCPATH NLSPATH "
        # shells
        "BASHOPTS ENV FPATH GLOBIGNORE IFS POSIXLY_CORRECT PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 "
        "SHELL SHELLOPTS ZDOTDIR "
        # interpreters
        "CLASSPATH COR_ENABLE_PROFILING JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS PHPRC "
        "GOFLAGS GOPATH GOROOT GOPROXY JAVA_HOME "
        # what builds and installs
        "CARGO_HOME GRADLE_OPTS MAVEN_OPTS MAKEFLAGS GNUMAKEFLAGS MFLAGS RUSTC RUSTFLAGS "
        "PIP_CONFIG_FILE PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST "
        # what a runner reads when a step has ended
        "GITHUB_ENV GITHUB_OUTPUT GITHUB_PATH GITHUB_STATE GITHUB_STEP_SUMMARY "
        # programs that other programs start
        "BROWSER EDITOR LESSOPEN LESSCLOSE MANPAGER PAGER VISUAL "
        # who one is, and where things lie
        "HOME LOGNAME TMPDIR TEMP TMP USER "
        # where the network leads, and whom it trusts
        "DOCKER_HOST HOSTALIASES KUBECONFIG LOCALDOMAIN REQUESTS_CA_BUNDLE RES_OPTIONS"
    ).split()
)
_REFUSED_BEGINNINGS = (
    *("LD_", "DYLD_", "MALLOC_", "BASH_"),
    *("COR_PROFILER", "CORECLR_", "DOTNET_", "ERL_", "GEM_", "BUNDLE_", "LUA_", "NODE_"),
    *("NPM_CONFIG_", "PERL", "PHP_INI_", "PYTHON", "RUBY", "R_PROFILE", "DENO_", "BUN_"),
    *("RUSTC_", "GIT_", "SSH_", "SUDO_", "XDG_"),
    *("CURL_", "OPENSSL_", "RESOLV_", "SSL_"),
    "VOXMINT_",  # this program
)
_REFUSED_ENDING = "_PROXY"


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
    return _are_some_refused((name,))


def are_all_well(names: Collection[str]) -> bool:
    """Whether each `is_name`, and none `is_refused`."""
    lines = _as_lines(names)
    is_one_each = lines.count("\n") == len(names) + 1
    return is_one_each and not re.search(_NO_NAME, lines) and not _are_some_refused(names)


def _are_some_refused(names: Collection[str]) -> bool:
    # Not a pattern: to compile one of so many names takes as long as to check fifty profiles.
    if not _REFUSED.isdisjoint(names):
        return True
    lines = _as_lines(names)
    return f"{_REFUSED_ENDING}\n" in lines or any(
        f"\n{beginning}" in lines for beginning in _REFUSED_BEGINNINGS
    )


def _as_lines(names: Iterable[str]) -> str:
    """All as one text, in which a break stands before and after each: searched in a tenth."""
    return "\n".join(("", *names, ""))


def is_plain(value: str) -> bool:
    """Whether every reader of env files gives this value back as it is."""
    return _VALUE.fullmatch(value) is not None
