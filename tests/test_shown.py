"""What is shown is harmless to a terminal, and has no key in it."""

import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from voxmint.shown import evident, key_places, looks_like_key, masked, shown, shown_lines

KEYS = [
    "sk-proj-abcDEF123_-x",
    "sess-0123456789",
    "rk-live-01234567",
    "ek_68af296e8e408191a1120",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4fw",
    "AKIAIOSFODNN7EXAMPLE",
    "abc8Q~abcdefghijklmnopqrstuvwxyz012345",
    "-----BEGIN PRIVATE KEY-----MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "hvs.CAESIJ0123456789abcdefghijkl",
    "hvb.AAAAAQ0123456789-_bcdefghijkl",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_11AAAAAAA0123456789_abcdefghij",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("bell\x07 escape\x1b[31m", r"bell\x07 escape\x1b[31m"),
        ("\x7f\x80\x9b", r"\x7f\x80\x9b"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("\u200b\u2028\ufeff", r"\u200b\u2028\ufeff"),
        ("half \udcff", r"half \udcff"),
        ("Æ 日本 👩🏽‍⚕️", "Æ 日本 👩🏽‍⚕️"),
    ],
)
def test_controls_are_escaped_and_letters_are_not(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_lines_and_tabs_stay_where_several_lines_are_shown() -> None:
    assert shown_lines("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters()))
def test_nothing_that_moves_the_cursor_or_turns_text_is_shown(text: str) -> None:
    for character in shown(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        }


@settings(deadline=None, derandomize=True)
@given(st.text(st.characters()))
def test_what_is_shown_can_be_shown_again(text: str) -> None:
    assert shown(shown(text)) == shown(text)


@pytest.mark.parametrize("key", KEYS)
def test_what_looks_like_a_key_is_masked_wherever_it_stands(key: str) -> None:
    for text in (key, f"key: {key}", f'"{key}"', f"({key}), and more", f"x={key}\n"):
        assert looks_like_key(text)
        assert key[4:] not in masked(text)
        assert f"{key[:3]}…" in masked(text)
        assert key not in shown(text)
        assert key not in shown_lines(text)


def test_a_bearer_token_of_any_form_is_masked() -> None:
    assert masked("Authorization: Bearer abc.def/ghi+12==") == "Authorization: Bearer abc…"


@pytest.mark.parametrize(
    "before", ["secret_access_key: ", "AWS_SECRET_ACCESS_KEY=", "x: {secret_access_key:"]
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_key_of_aws_that_its_name_tells_is_masked(before: str, quote: str) -> None:
    text = f"{before}{quote}wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY{quote}"
    assert looks_like_key(text)
    assert "rXUtnFEMI" not in masked(text)
    assert masked(text).startswith(before)


@pytest.mark.parametrize("before", ["secret_id: ", "VAULT_SECRET_ID=", "x: {secret_id:"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_what_an_approle_of_vault_logs_in_with_is_masked_where_its_name_tells(
    before: str, quote: str
) -> None:
    text = f"{before}{quote}6a174c20-f6de-a53c-74d2-6018fcceff64{quote}"
    assert looks_like_key(text)
    assert "174c20" not in masked(text)
    assert masked(text).startswith(before)


def test_a_password_in_a_url_is_masked() -> None:
    assert "hunter" not in masked("https://team:hunter2@gateway.example/v1")
    assert masked("https://gateway.example:8443/v1") == "https://gateway.example:8443/v1"


def test_every_key_of_a_text_is_masked() -> None:
    text = " and ".join(KEYS)
    assert masked(text).count("…") == len(KEYS)


@pytest.mark.parametrize(
    "text",
    [
        *("", "risk-adjusted-return", "task-force-leader", "sk-short", "ek_ab", "eyJustasks.x"),
        *("asia-northeast1", "secret_access_key: {env: KEY}", "a FAQ~page", "a PRIVATE KEY-----"),
        *("secret_id: {env: ID}", "id: 6a174c20-f6de-a53c-74d2-6018fcceff64"),
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert not looks_like_key(text)
    assert masked(text) == text
    assert key_places(text) == []


def test_the_place_of_a_key_is_counted_from_one() -> None:
    text = f"a: 1\nkey: {KEYS[0]} # new\n{KEYS[1]}"
    assert key_places(text) == [(2, 6, len(KEYS[0])), (3, 1, len(KEYS[1]))]


@pytest.mark.parametrize(
    "text", ["SK-Innovation", "a desk-mounted microphone", "sk-SK", "https://host.example/a:b@c"]
)
def test_ordinary_words_are_no_keys(text: str) -> None:
    assert not looks_like_key(text)


@pytest.mark.parametrize("text", ["sk-abcdefghijkl", "sk-proj-1234", "https://u:p@host.example"])
def test_keys_are_known_by_their_form(text: str) -> None:
    assert looks_like_key(text)
    assert "…" in masked(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\u200db\u200cc", "a\\u200db\\u200cc"),
        ("soft\u00adhyphen", "soft\\xadhyphen"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\u2764\ufe0f", "\u2764\\ufe0f"),
        ("\u3164", "\\u3164"),
        ("line\n\u202e", "line\\n\\u202e"),
        ("été 言語 \U0001f3e5", "été 言語 \U0001f3e5"),
        (KEYS[0], masked(KEYS[0])),
    ],
)
def test_what_nobody_sees_is_evident_to_a_reviewer(text: str, told: str) -> None:
    assert evident(text) == told
    assert evident(told) == told


def test_every_format_control_is_evident() -> None:
    unseen = [
        one for one in map(chr, range(0x110000)) if unicodedata.category(one) in ("Cf", "Zl", "Zp")
    ]
    assert [one for one in unseen if evident(one) == one] == []
