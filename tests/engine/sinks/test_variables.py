import pytest

from voxmint.engine.sinks.variables import is_name, is_plain, is_refused, stem


@pytest.mark.parametrize(
    ("profile", "found"),
    [
        ("clinic", "CLINIC"),
        ("call-center/german.v2", "CALL_CENTER_GERMAN_V2"),
        ("straße", "STRA_E"),
        ("ıİ", "__"),
    ],
)
def test_a_stem_is_the_profile_in_capitals_and_underscores(profile: str, found: str) -> None:
    assert stem(profile) == found


def test_names_are_capitals_digits_and_underscores_after_a_letter() -> None:
    assert all(is_name(name) for name in ("A", "A1_", "CLINIC_CLIENT_SECRET"))
    assert not any(is_name(name) for name in ("", "1A", "_A", "a", "A-B", "A\n", "Ä", "A=1"))


@pytest.mark.parametrize(
    "name",
    """
    PATH LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES GLIBC_TUNABLES IFS ENV BASH_ENV SHELLOPTS
    PS4 PROMPT_COMMAND PYTHONPATH PYTHONSTARTUP NODE_OPTIONS PERL5LIB PERL5OPT RUBYOPT RUBYLIB
    JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH GIT_SSH_COMMAND GIT_DIR EDITOR PAGER
    BROWSER HOME TMPDIR XDG_CONFIG_HOME HTTPS_PROXY ALL_PROXY SSL_CERT_FILE REQUESTS_CA_BUNDLE
    CURL_HOME OPENSSL_CONF SSH_AUTH_SOCK VOXMINT_ALLOW_HOSTS MAKEFLAGS CORECLR_PROFILER_PATH
    COR_PROFILER DOTNET_STARTUP_HOOKS RUSTC_WRAPPER JAVA_HOME MAVEN_OPTS PIP_EXTRA_INDEX_URL
    GITHUB_ENV GITHUB_PATH DOCKER_HOST KUBECONFIG
    """.split(),
)
def test_names_that_change_how_programs_run_are_refused(name: str) -> None:
    assert is_refused(name)


@pytest.mark.parametrize(
    "name",
    """
    CLINIC_CLIENT_SECRET PATHOLOGY_CLIENT_SECRET MY_PATH ENVOY_TOKEN HOME_VISIT_TOKEN
    COR_PULMONALE_TOKEN GITHUB_CLIENT_SECRET CARGO_CLIENT_SECRET
    """.split(),
)
def test_names_that_only_resemble_them_are_not(name: str) -> None:
    assert not is_refused(name)


def test_plain_values() -> None:
    assert is_plain("")
    assert is_plain("azAZ09_%+,./:=@^-")
    assert not any(is_plain(f"a{one}b") for one in " \n\t'\"`$\\#;&|<>(){}[]*?!~é\0")
