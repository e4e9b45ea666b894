from __future__ import annotations

import base64
import itertools
import json
import re
import string
import textwrap
from collections.abc import Iterable
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splinter.text.redact import Redactor, masked, plain

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
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,A1B2\n\nMIIEow==\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\nlQOYBF\n=aB1c\n-----END PGP PRIVATE KEY BLOCK-----",
    "gldt-" + "abcDEF123_-abcDEF123",
    "sk-proj-" + "abcDEF123_-" * 12,
    "sk-or-v1-" + "0a1b2c3d" * 8,
    "sk_live_" + "a1B2" * 6,
    "rk_live_" + "a1B2" * 6,
    "hf_" + "aBcD" * 9,
    "gsk_" + "a1B2" * 13,
    "xai-" + "a1B2" * 20,
    "ya29." + "a1B2_-" * 10,
    "ABSK" + "a1B/" * 32 + "=",
    "bedrock-api-key-" + "a1B2" * 200,
)
HEADER_OF_A_KEY = "-----BEGIN PRIVATE KEY-----"
KEY = "\n".join(
    [HEADER_OF_A_KEY, *("MIIEv" + letter * 59 for letter in "abcdef"), "Qq==", "-----END PRIVATE KEY-----", ""]
)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LINE_ENDS = ("\n", "\r\n", "\r", "\\n", "\\r\\n", "\\\\n")
ENCODINGS = {
    "as it is": lambda raw: raw.decode(),
    "hex": lambda raw: raw.hex(),
    "capital hex": lambda raw: raw.hex().upper(),
    "url": lambda raw: quote(raw, safe=""),
    "small url": lambda raw: re.sub("%..", lambda match: match[0].lower(), quote(raw, safe="")),
    "json": lambda raw: json.dumps(raw.decode())[1:-1],
    "json with letters": lambda raw: json.dumps(raw.decode(), ensure_ascii=False)[1:-1],
    "json with slashes": lambda raw: json.dumps(raw.decode())[1:-1].replace("/", "\\/"),
    "base64": lambda raw: base64.b64encode(raw).decode().rstrip("=")[: len(raw) * 8 // 6],
    "base64 of urls": lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")[: len(raw) * 8 // 6],
    "base64 behind one": lambda raw: base64.b64encode(b"x" + raw).decode()[2 : (1 + len(raw)) * 8 // 6],
    "base64 behind two": lambda raw: base64.b64encode(b"xy" + raw).decode()[3 : (2 + len(raw)) * 8 // 6],
}
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


@pytest.mark.parametrize("line_end", LINE_ENDS, ids=repr)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_line_end_anywhere_in_a_value_hides_it_in_no_encoding(encoding: str, line_end: str) -> None:
    redactor, shown = Redactor((SECRET,)), ENCODINGS[encoding](SECRET.encode())
    for at in range(1, len(shown)):
        assert redactor.text(f"<{shown[:at]}{line_end}{shown[at:]}>") == "<***>"
    for width in (1, 2, 7):
        wrapped = line_end.join(shown[at : at + width] for at in range(0, len(shown), width))
        assert redactor.text(f"<{wrapped}>") == "<***>"


@given(value=values, line_end=st.sampled_from(LINE_ENDS), at=st.integers(1, 39), encoding=st.sampled_from([*ENCODINGS]))
def test_no_value_survives_a_line_end(value: str, line_end: str, at: int, encoding: str) -> None:
    assume(value.strip("nr\\\r\n"))
    assume("\\" not in line_end or not re.search(r"[\\\r\n]", value))  # \\\\nn: which n is the line end's?
    shown = ENCODINGS[encoding](value.encode())
    masked = Redactor((value,)).text(f"<{shown[:at]}{line_end}{shown[at:]}>")
    assert re.sub(r"[\\nr\r\n]", "", masked) == "<***>"  # an escape before an escaped line end may leave its backslash


@pytest.mark.parametrize(("encode", "width"), [(lambda raw: base64.b64encode(raw).decode(), 76), (bytes.hex, 60)])
@pytest.mark.parametrize("before", range(0, 80, 7))
def test_a_value_in_a_file_shown_by_base64_or_xxd_is_masked(encode: object, width: int, before: int) -> None:
    plain_file = encode(b"." * before + SECRET.encode() + b"." * 90)
    masked = Redactor((SECRET,)).text("\n".join(textwrap.wrap(plain_file, width)))
    assert "***" in masked
    assert len(masked.replace("\n", "")) <= len(plain_file) - len(SECRET) * 4 // 3 + 5


@pytest.mark.parametrize("secret", ["npm-s3cret", "runner-1", "nnrrr\\", "C:\\new\\road", "s3cret\\", "rrrrrrn"])
@pytest.mark.parametrize("before", ["", "\\", "\\\\", "n", "\n", "\\n", "x"])
def test_values_of_the_letters_that_line_ends_are_made_of_are_masked_and_nothing_else(secret: str, before: str) -> None:
    assert Redactor((secret,)).text(f"<{before}{secret}>") == f"<{before}***>"


def test_a_text_that_differs_from_a_value_by_such_a_letter_stays() -> None:
    text = "hute2-pass hunte2-pass hu\nte2-pass unter2-pass"
    assert Redactor(("hunter2-pass",)).text(text) == text


def test_a_value_read_from_a_file_is_masked_without_its_line_end_too() -> None:
    assert Redactor(("s3cret-value\n",)).text("a s3cret-value b") == "a *** b"


@pytest.mark.parametrize("secret", [KEY, KEY.replace("\n", "\\n"), KEY.replace("\n", "\r\n")])
@pytest.mark.parametrize("prefix", ["+", "-", "> ", "    ", "| ", "\x1b[32m+"])
def test_each_long_line_of_a_key_is_masked_behind_a_prefix(secret: str, prefix: str) -> None:
    shown = "".join(f"{prefix}{line}\n" for line in KEY.splitlines())
    masked = Redactor((secret,)).text(f"see\n{shown}")
    assert "MIIEv" not in masked


@pytest.mark.parametrize("encoding", ["as it is", "json", "base64", "hex", "url"])
def test_a_key_is_masked_whole(encoding: str) -> None:
    shown = ENCODINGS[encoding](KEY.strip().encode())
    assert Redactor((KEY,)).text(f"<{shown}>") == "<***>"


def test_the_first_line_of_a_known_key_is_no_secret_by_itself() -> None:
    assert not Redactor((KEY,)).found(HEADER_OF_A_KEY.encode())


@pytest.mark.parametrize("before", ["\\n", "\\t", "a\\r\\n", "%3D", "\\u003d", "\x1b[32m", "\x1b[m", "\\u001b[0m", "="])
def test_a_token_behind_an_escape_is_masked(before: str) -> None:
    for token in ("ghp_" + "a1B2" * 9, "sk-ant-api03-" + "abcDEF123_-" * 4):
        assert Redactor(()).text(f"x {before}{token}") == f"x {before}***"


def test_an_address_of_a_hook_is_masked_wherever_it_begins() -> None:
    assert Redactor(()).text(f"hook{TOKENS[8]}") == "hook***"


def test_a_password_without_a_user_in_an_url_is_masked() -> None:
    assert Redactor(()).text("redis://:pa55@cache:6379") == "redis://***@cache:6379"


def test_commit_ids_on_lines_of_their_own_stay() -> None:
    text = f"{COMMIT}\n{COMMIT}\n"
    assert Redactor(("abcdef", "456789ab")).text(text) == text


def test_a_commit_id_is_no_longer_one_where_letters_follow() -> None:
    assert Redactor(("abcdef",)).text(f"{COMMIT}{'0' * 25}") == "0123456789***0123456789***01234567" + "0" * 25


def streamed(redactor: Redactor, pieces: Iterable[bytes]) -> bytes:
    masking = redactor.stream()
    return b"".join([*(masking.feed(piece) for piece in pieces), masking.end()])


def in_pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:stop] for start, stop in itertools.pairwise(places)]


KNOWN = (SECRET, "abcdef", "password1", "word1secret", "nine-lives\\n", "aaaaaaa", KEY)
fragments = st.one_of(
    st.sampled_from([encode(secret.encode()) for encode in ENCODINGS.values() for secret in KNOWN]),
    st.sampled_from(TOKENS),
    st.sampled_from([COMMIT, COMMIT * 2, KEY, "task-", "sk-", "eyJ", ".eyJ", "://", "u:p@", "-----", "-----BEGIN ", "\n", "\\n", "\\", "n"]),
    st.sampled_from([HEADER_OF_A_KEY, "-----END PRIVATE KEY-----", "Proc-Type: 4\n", "a" * 70 + "\n", "sk-" + "b" * 5000, "ghp_" + "c" * 300]),
    st.builds(lambda text, times: text * times, st.sampled_from([" ", "x", "a", "ab-", "lorem ipsum\n", "\n", "Q=\n"]), st.integers(1, 1200)),
    st.text(max_size=5),
)  # fmt: skip
wrapped_fragments = st.builds(
    lambda text, line_end, width: line_end.join(text[at : at + width] for at in range(0, len(text), width)),
    fragments,
    st.sampled_from(LINE_ENDS),
    st.integers(3, 80),
)


@given(
    texts=st.lists(st.one_of(fragments, fragments, wrapped_fragments), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 100_000), max_size=12),
    known=st.lists(st.sampled_from(KNOWN), max_size=4),
)
def test_pieces_are_masked_as_the_whole_is(texts: list[str], cuts: list[int], known: list[str]) -> None:
    redactor, data = Redactor(tuple(known)), "".join(texts).encode()
    assert streamed(redactor, in_pieces(data, cuts)) == redactor.data(data)


@given(st.lists(st.one_of(fragments, wrapped_fragments), min_size=1, max_size=6), st.integers(1, 700))
def test_pieces_of_one_length_are_masked_as_the_whole_is(texts: list[str], length: int) -> None:
    redactor, data = Redactor(KNOWN), "".join(texts).encode()
    pieces = [data[at : at + length] for at in range(0, len(data), length)]
    assert streamed(redactor, pieces) == redactor.data(data)


@pytest.mark.parametrize("secret", [SECRET, *TOKENS], ids=lambda secret: secret[:8])
def test_a_secret_cut_at_any_byte_is_masked(secret: str) -> None:
    redactor, before, after = Redactor((SECRET,)), b"word " * 300, b" word" * 300
    data = before + secret.encode() + after
    for cut in range(len(before), len(before) + len(secret.encode()) + 1):
        assert streamed(redactor, [data[:cut], data[cut:]]) == before + b"***" + after


def test_a_word_cut_before_its_end_is_no_token() -> None:
    data = b"x " * 600 + b"task-with-a-long-kebab-name-in-it" + b" x" * 600
    for cut in range(len(data)):
        assert streamed(Redactor(()), [data[:cut], data[cut:]]) == data


def test_bytes_one_by_one_are_masked_as_the_whole_is() -> None:
    redactor = Redactor((SECRET,))
    data = f"{'x ' * 700}{SECRET}\n{COMMIT} {TOKENS[0]} {TOKENS[5]}\n{'y ' * 700}".encode()
    assert streamed(redactor, (data[at : at + 1] for at in range(len(data)))) == redactor.data(data)


def held_back(pieces: Iterable[bytes]) -> int:
    masking, most, fed, written = Redactor(()).stream(), 0, 0, 0
    for piece in pieces:
        fed, written = fed + len(piece), written + len(masking.feed(piece))
        most = max(most, fed - written)
    assert written + len(masking.end()) == fed
    return most


def test_of_ordinary_lines_nothing_is_held_back() -> None:
    assert held_back([b"an ordinary line of a log\n"] * 1000) == 0


def test_of_what_may_become_a_known_value_only_that_is_held_back() -> None:
    masking = Redactor((SECRET,)).stream()
    assert masking.feed(b"a line\nand s3c\n") == b"a line\nand "
    assert masking.feed(b"ends otherwise, after a while\n") == b"s3c\nends otherwise, after a while\n"
    assert (
        masking.feed(f"a whole {SECRET}\nis none that has begun\n".encode()) == b"a whole ***\nis none that has begun\n"
    )
    assert masking.feed(SECRET.encode()[:9]) == b""
    assert masking.feed(SECRET.encode()[9:] + b"\n" * 1100).startswith(b"***")


def test_of_a_text_without_a_space_no_more_than_16_kib_are_held_back() -> None:
    assert held_back([b"x" * 10_000] * 50) == 16_384


def test_of_a_key_that_never_ends_no_more_than_21_kb_are_held_back() -> None:
    masking = Redactor(()).stream()
    pieces = [HEADER_OF_A_KEY.encode(), *[b"\n" + b"x" * 64] * 300]
    assert b"".join(map(masking.feed, pieces)) == b""
    assert masking.feed(b" ".join([b"\n"] * 1200)).startswith(b"***")


def test_a_key_without_its_end_is_masked_when_the_output_ends() -> None:
    masking = Redactor(()).stream()
    assert masking.feed(f"see {HEADER_OF_A_KEY}\n".encode() + b"MIIE\n" * 400) == b"see "
    assert masking.end() == b"***"


def test_a_stream_goes_on_after_its_end() -> None:
    masking = Redactor((SECRET,)).stream()
    assert (masking.feed(b"one "), masking.end(), masking.end()) == (b"one ", b"", b"")
    assert masking.feed(SECRET.encode()) + masking.end() == b"***"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_known_value_is_found_in_each_encoding(encoding: str) -> None:
    shown = ENCODINGS[encoding](SECRET.encode())
    assert Redactor((SECRET,)).found(f"<{shown[:5]}\n{shown[5:]}>".encode())


@pytest.mark.parametrize(
    "token",
    [token for token in TOKENS if not token.startswith(("eyJ", "-----", "AKIA"))]
    + ["AKIA" + "Z1Y2X3W4" * 2]
    + ["sk-" + "a1B2" * 5 + "T3BlbkFJ" + "a1B2" * 5],
    ids=lambda token: token[:8],
)
def test_a_token_of_one_issuer_is_found(token: str) -> None:
    assert Redactor(()).found(f"key={token}".encode())


@pytest.mark.parametrize(
    "text",
    [
        "https://user:password@example.org/a.git",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "sk-folding-cube-with-a-long-name",
        "the file begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIE...\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n" + "a" * 99 + "\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + "a" * 200 + "\n-----END PUBLIC KEY-----",
        COMMIT,
    ],
)
def test_what_documentation_is_full_of_is_not_found(text: str) -> None:
    assert not Redactor(("abcdef",)).found(text.encode())


@pytest.mark.parametrize("line_end", [*LINE_ENDS, "\n+", "\r\n> ", "\n    "], ids=repr)
def test_a_private_key_with_its_body_is_found(line_end: str) -> None:
    assert Redactor(()).found(line_end.join(KEY.splitlines()).encode())


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


_PIECES = st.sampled_from(
    (SECRET, *TOKENS, "password", "a1b2c3d4" * 5, "d4a1", "\n", "\\", "\\n", "-", "_", " ", "x", "7")
)


@given(st.lists(st.lists(_PIECES, max_size=4).map("".join), max_size=6), st.integers(2, 30))
def test_texts_of_a_record_are_masked_each_as_it_would_be_alone(texts: list[str], cut: int) -> None:
    halves = [part for text in texts for part in (text[:cut], text[cut:])]
    redactor = Redactor((SECRET, "password", "a1b2c3d4" * 5, "d4a1b2c3"))
    for one in (texts, halves):
        assert masked({"in": one, "and": tuple(one)}, redactor) == {
            "in": (own := [*map(redactor.text, one)]),
            "and": own,
        }
