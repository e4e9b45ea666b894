from __future__ import annotations

import base64
import json
import string
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splinter.redact import Redactor, plain

SECRET = 's3cr/t+v&lue~"quoted"-ü'
TOKENS = (
    "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9,
    "ghs_" + "a1B2" * 9,
    "github_pat_" + "11ABCDE0" * 10,
    "xoxb-123456789012-abcdefABCDEF",
    "sk-ant-api03-" + "abcDEF123_-" * 4,
    "AKIA" + "IOSFODNN7EXAMPLE",
    "glpat-" + "abcDEF123_-abcDEF123",
    "https://hooks.slack.com/services/T00000000/B00000000/" + "X" * 24,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC==\n-----END RSA PRIVATE KEY-----",
)
values = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6, max_size=40)


def test_a_known_value_is_masked_as_it_is() -> None:
    assert Redactor((SECRET,)).text(f"login {SECRET} failed") == "login *** failed"


def test_values_shorter_than_six_characters_are_left_alone() -> None:
    assert Redactor(("12345", "")).text("12345 and 123456") == "12345 and 123456"


def test_a_text_without_secrets_stays_the_same() -> None:
    text = "task-with-a-long-kebab-name ruff format docs\r\n\udc80 ü 12:00 http://localhost:8080/a@b\n"
    assert Redactor((SECRET,)).text(text) == text


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:8])
def test_well_known_token_shapes_are_masked_without_being_known(token: str) -> None:
    assert Redactor(()).text(f"got '{token}' here") == "got '***' here"


def test_credentials_in_an_url_are_masked() -> None:
    assert Redactor(()).text("https://bot:pa55@example.org/a.git") == "https://***@example.org/a.git"


@pytest.mark.parametrize("length", [40, 64])
def test_commit_ids_stay_even_where_a_secret_is_a_part_of_them(length: int) -> None:
    commit = ("abcdef" * 11)[:length]
    assert Redactor(("abcdef",)).text(f"{commit} abcdef") == f"{commit} ***"


def test_a_known_value_that_looks_like_a_commit_id_is_masked() -> None:
    token = "0123456789abcdef0123456789abcdef01234567"
    assert Redactor((token,)).text(f"token {token}.") == "token ***."


def test_a_secret_that_begins_inside_a_commit_id_and_goes_beyond_it_is_masked() -> None:
    commit = "a" * 40
    assert Redactor(("aaaa-rest",)).text(f"{commit}-rest") == "a" * 36 + "***"


def test_two_secrets_that_share_letters_leave_no_rest() -> None:
    assert Redactor(("password1", "word1secret")).text("password1secret!") == "***!"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Redactor(("secret", "secret-and-more")).text("secret-and-more secret") == "*** ***"


def test_the_redactor_shows_no_secret_when_it_is_printed() -> None:
    assert SECRET not in repr(Redactor((SECRET,)))


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert Redactor(("s3cret-value",)).data(b"\xff\xfes3cret-value\x00") == b"\xff\xfe***\x00"


@given(value=values, before=st.binary(max_size=4), after=st.binary(max_size=4))
def test_no_encoding_of_a_value_survives(value: str, before: bytes, after: bytes) -> None:
    redactor = Redactor((value,))
    raw = value.encode()
    for encoded in (
        value,
        quote(value, safe=""),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        raw.hex(),
        raw.hex().upper(),
    ):
        assert redactor.text(encoded) == "***"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = encode(before + raw + after)
        start, stop = -(-len(before) * 8 // 6), (len(before) + len(raw)) * 8 // 6
        assert shown[start:stop] not in redactor.data(shown)


@given(values)
def test_masking_twice_is_masking_once(value: str) -> None:
    assume("*" not in value)
    redactor = Redactor((value,))
    once = redactor.text(f"x{value}y {value}")
    assert redactor.text(once) == once


def test_colours_and_titles_of_a_terminal_are_taken_out() -> None:
    assert plain("\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://x\x1b\\link \x9b2Jend") == "red link end"


def test_line_ends_become_newlines() -> None:
    assert plain("a\r\nb\rc\u2028d\x85e\x0bf\n\tg") == "a\nb\nc\nd\ne\nf\n\tg"


def test_control_and_direction_marks_become_visible() -> None:
    assert (
        plain("a\x00b\x08c\x1b\u202ed\u2066e\u200f\udc80") == "a\\u0000b\\u0008c\\u001b\\u202ed\\u2066e\\u200f\\udc80"
    )


@given(st.text())
def test_a_plain_text_holds_nothing_that_steers_a_terminal(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert not set(shown) & {
        chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x200E, 0x202E, 0x2066)
    }


@given(st.text(string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", "")))
def test_printable_text_stays_the_same(text: str) -> None:
    assert plain(text) == text
