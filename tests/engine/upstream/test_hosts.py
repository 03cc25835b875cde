import pytest

from voxmint.engine.upstream.hosts import Host, allowed_hosts, is_allowed, url_of
from voxmint.problems import UsageError


@pytest.mark.parametrize(
    ("text", "host", "path"),
    [
        ("https://gateway.example/v1", Host("https", "gateway.example", 443), "/v1"),
        ("https://gateway.example", Host("https", "gateway.example", 443), ""),
        ("https://gateway.example:8443/v1/", Host("https", "gateway.example", 8443), "/v1"),
        ("HTTPS://GateWay.Example/V1", Host("https", "gateway.example", 443), "/V1"),
        ("http://127.0.0.1:80/v1", Host("http", "127.0.0.1", 80), "/v1"),
        ("http://[0:0:0:0:0:0:0:1]:8080/v1", Host("http", "[::1]", 8080), "/v1"),
        ("https://my_gateway:4000", Host("https", "my_gateway", 4000), ""),
        ("https://a.example/a.b/.c/d;e=1", Host("https", "a.example", 443), "/a.b/.c/d;e=1"),
        ("https://a.example/Gr%C3%BC%C3%9Fe", Host("https", "a.example", 443), "/Gr%C3%BC%C3%9Fe"),
    ],
)
def test_a_url_is_host_and_path(text: str, host: Host, path: str) -> None:
    assert url_of(text) == (host, path)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("HTTPS://Gateway.Example:443/v1/", "https://gateway.example/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_url_is_put_together_from_its_parts(text: str, again: str) -> None:
    assert str(url_of(text)) == again


@pytest.mark.parametrize(
    "text",
    [
        "https://api.openai.com@evil.example/v1",
        "https://user:password@api.openai.com/v1",
        "https://api.openai.com./v1",
        "https://api..openai.com/v1",
        "https://.api.openai.com/v1",
        "https://api.openai.com\\@evil.example/v1",
        "https://api.openai.com\t.evil.example/v1",
        "https://api.openai.com?.evil.example/v1",
        "https://api.openai.com#.evil.example/v1",
        "https://api.openai.com:0/v1",
        "https://api.openai.com:65536/v1",
        "https://api.openai.com:/v1",
        "https://аpi.openai.com/v1",  # noqa: RUF001  # the look-alike is what is tested
        "https://api。openai。com/v1",
        "https://[::1%25lo]/v1",
        "https://[::zz]/v1",
        "https://-api.openai.com/v1",
        f"https://{'a' * 64}.example/v1",
        "ftp://api.openai.com/v1",
        "//api.openai.com/v1",
        "https:///v1",
        "",
        "https://a.example//v1",
        "https://a.example/v1//x",
        "https://a.example/v1/../x",
        "https://a.example/./v1",
        "https://a.example/v1/..",
        "https://a.example/v1/..;x=1/y",
        "https://a.example/%2E./v1",
        "https://a.example/a%2fb",
        "https://a.example/a%5Cb",
        "https://a.example/a%252e",
        "https://a.example/a%3Fb",
        "https://a.example/a%00",
        "https://a.example/a%zz",
        "https://a.example/a%2",
    ],
)
def test_what_could_be_read_in_two_ways_is_no_url(text: str) -> None:
    assert url_of(text) is None


@pytest.mark.parametrize(
    ("name", "is_loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("[::ffff:127.0.0.1]", False),
        ("127.1", False),
        ("2130706433", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("192.168.0.1", False),
    ],
)
def test_loopback_is_this_machine_written_out(name: str, is_loopback: bool) -> None:
    url = url_of(f"http://{name}:8080")
    assert url is not None
    assert url.host.is_loopback is is_loopback


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("gateway.example", "https://gateway.example", True),
        ("gateway.example", "https://gateway.example:8443", True),
        ("gateway.example:8443", "https://gateway.example:8443", True),
        ("gateway.example:443", "https://gateway.example", True),
        ("Gateway.Example", "https://gateway.example", True),
        ("[::1]:8080", "http://[::1]:8080", True),
        ("gateway.example:8443", "https://gateway.example", False),
        ("gateway.example", "https://a.gateway.example", False),
        ("gateway.example", "https://gateway.example.evil.example", False),
        ("gateway.example", "https://evil-gateway.example", False),
        ("example", "https://gateway.example", False),
    ],
)
def test_an_allowed_host_is_compared_whole(entry: str, url: str, allowed: bool) -> None:
    parts = url_of(url)
    assert parts is not None
    assert is_allowed(parts.host, allowed_hosts({"VOXMINT_ALLOW_HOSTS": entry})) is allowed
    assert is_allowed(parts.host, allowed_hosts({}, [entry])) is allowed


def test_several_hosts_are_separated_by_commas() -> None:
    environ = {"VOXMINT_ALLOW_HOSTS": " a.example , b.example:8443,"}
    assert allowed_hosts(environ, ["c.example"]) == {
        ("a.example", None),
        ("b.example", 8443),
        ("c.example", None),
    }


@pytest.mark.parametrize(
    "entry",
    ["https://gateway.example", "*.example", "gateway.example/v1", "gateway.example.", "a b", "*"],
)
def test_an_entry_that_names_no_host_is_refused(entry: str) -> None:
    with pytest.raises(UsageError) as error:
        allowed_hosts({"VOXMINT_ALLOW_HOSTS": entry})
    assert str(error.value) == f"`{entry}` is not a host to allow"
