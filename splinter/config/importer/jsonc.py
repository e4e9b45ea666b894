"""JSON with comments and trailing commas to documents with places. It never repairs what is not JSON otherwise."""

from __future__ import annotations

import json
import re

from splinter.config import yaml_documents
from splinter.config.yaml_documents import Document

STRING = r'"(?:[^"\\\r\n]|\\.)*"?'
# an open comment takes all the rest: a search for its end at each "/*" of a megabyte would take ages
COMMENT = re.compile(rf"{STRING}|//[^\r\n]*|/\*(?P<body>.*?)(?P<end>\*/|\Z)", re.DOTALL)
TRAILING_COMMA = re.compile(rf"{STRING}|,(?=\s*[\]}}])")


def read(raw: bytes, *, path: str) -> tuple[Document, tuple[tuple[int, str], ...]]:
    """The document, and its comments with their lines; what is wrong with the text is in the document's problems."""
    if len(raw) > yaml_documents.MAX_BYTES:
        return yaml_documents.read(raw, path=path), ()
    try:
        text = raw.decode("utf-8").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError:
        return yaml_documents.read(raw, path=path), ()
    plain, comments = _without_comments(text)
    broken = Document(path=path, text=text, line_starts=yaml_documents.lines_of(text), is_readable=False)
    found = _syntax_problem(plain)
    if found:
        message, offset = found
        problem = broken.problem_at(broken.place_of((offset, offset + 1)), message)
        return Document(path=path, text=text, problems=(problem,), is_readable=False), ()
    lines = ((broken.place_of((start, start + 1)).line, comment) for start, comment in comments)
    return yaml_documents.read(plain.encode(), path=path), tuple(lines)


def _without_comments(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with blanks in place of comments and trailing commas, so that every place stays."""
    comments: list[tuple[int, str]] = []

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found.startswith('"') or match["end"] == "":
            return found
        comments.append((match.start(), found[2:] if match["body"] is None else match["body"]))
        return re.sub(r"[^\r\n]", " ", found)

    plain = COMMENT.sub(blank, text)
    return TRAILING_COMMA.sub(lambda match: " " if match[0] == "," else match[0], plain), comments


def _syntax_problem(plain: str) -> tuple[str, int] | None:
    try:
        json.loads(plain, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        is_comment = plain.startswith("/*", error.pos)
        message = "this comment is not closed" if is_comment else error.msg[:1].lower() + error.msg[1:]
        return f"invalid JSON: {message}", error.pos
    except _ConstantError as error:
        return f"invalid JSON: {error} is not a JSON number", max(0, plain.find(str(error)))
    except RecursionError:
        return None  # the reader that gives places says where it is too deep
    return None


class _ConstantError(ValueError):
    """NaN or Infinity, which Python's reader would let pass."""


def _no_constant(name: str) -> object:
    raise _ConstantError(name)
