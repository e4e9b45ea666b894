"""Sentences, commands and names of the earlier orchestrator: which is which, and what it is called. It runs nothing."""

from __future__ import annotations

import re
from collections.abc import Container

from splinter.model.workstream import RESERVED_IDS, RESERVED_STEP_IDS

ID_CHARACTERS = 63
STEP_ID_CHARACTERS = 40
TITLE_CHARACTERS = 200
STEP_ID_WORDS = 4
LOOKED_AT = 5000  # characters of a text that decide whether it is a command: more could take ages to search

PROGRAMS = frozenset({
    "[", "[[", "ansible", "awk", "aws", "az", "bandit", "bash", "bats", "black", "bun", "bundle", "cargo", "cat",
    "cd", "chmod", "cmake", "cmp", "composer", "coverage", "cp", "ctest", "curl", "deno", "diff", "docker",
    "docker-compose", "dotnet", "echo", "env", "eslint", "false", "find", "flake8", "gcloud", "gh", "git", "go",
    "gofmt", "golangci-lint", "gradle", "grep", "head", "helm", "hypothesis", "isort", "jest", "jq", "just",
    "kubectl", "ls", "make", "markdownlint", "mkdir", "mocha", "mv", "mvn", "mypy", "node", "nox", "npm", "npx",
    "php", "phpunit", "pip", "pip3", "pipenv", "playwright", "pnpm", "poetry", "powershell", "pre-commit",
    "prettier", "printf", "psql", "pwsh", "py", "pydocstyle", "pylint", "pyright", "pytest", "python", "python3",
    "rg", "rm", "rsync", "ruby", "ruff", "rustc", "sed", "semgrep", "sh", "shellcheck", "sleep", "sort",
    "sqlite3", "stat", "tail", "tee", "terraform", "test", "tool", "touch", "tox", "tree", "true", "tsc", "uniq",
    "unzip", "uv", "uvx", "vitest", "wc", "which", "xargs", "yamllint", "yarn", "yq", "zip", "zsh",
})  # fmt: skip
SHELL_WORDS = frozenset({"for", "if", "while", "until", "case", "set", "export", "!"})
# in a text that begins with a program's name these tell a sentence: "pytest passes with the new tests"
SENTENCE_WORDS = frozenset({
    "a", "all", "an", "and", "any", "are", "as", "be", "been", "by", "can", "correctly", "detected", "do", "does",
    "each", "either", "error", "errors", "every", "exist", "exists", "fail", "fails", "for", "from", "has",
    "have", "if", "in", "into", "is", "it", "its", "must", "no", "not", "of", "on", "only", "or", "output",
    "pass", "passed", "passes", "passing", "produces", "reports", "return", "returns", "run", "runs", "should",
    "shows", "succeed", "succeeds", "successfully", "sure", "than", "that", "the", "their", "then", "there",
    "these", "this", "to", "valid", "validates", "was", "were", "when", "will", "with", "without", "works",
})  # fmt: skip
TAKE_A_WORD = frozenset({"-k", "-m", "-t", "-e", "-p", "-c", "-n"})
CMDLET = re.compile(
    r"\b(?:Add|Compare|Convert|ConvertFrom|ConvertTo|Copy|Export|ForEach|Format|Get|Import|Install|Invoke|Join|Measure"
    r"|Move|New|Out|Remove|Rename|Resolve|Select|Set|Sort|Split|Start|Stop|Test|Update|Where|Write)-[A-Z][A-Za-z]+\b"
)
POWERSHELL = re.compile(
    rf"{CMDLET.pattern}|(?:^|[;\n])[ \t]*\$\w+(?:\.\w+)*[ \t]*=|\(-not\b|\$env:\w|\s-(?:eq|ne|like|match)\s+\$"
)
QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`", re.DOTALL)
OPERATOR = re.compile(r"&&|\|\|?|[<>;]|\$\(")
FILE_WORD = re.compile(r"[./\\]")
SCRIPT = re.compile(r"(?:\./|[\w.-]+/)*[\w.-]+\.(?:sh|bash|ps1|bat|cmd|py|js|rb)")
FILLERS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "if", "in", "into", "is", "of", "on", "or",
    "so", "that", "the", "their", "this", "to", "via", "with",
})  # fmt: skip


def is_command(text: str) -> bool:
    """Whether a text that may be either is a command rather than a sentence; in doubt it is a sentence."""
    bare = QUOTED.sub('""', text.strip()[:LOOKED_AT])
    words = re.sub(r"^(?:[A-Za-z_]\w*=\S*\s+)+", "", bare).split()
    if not words:
        return False
    if is_powershell(bare):
        return CMDLET.match(words[0]) is not None or bare.startswith(("$", "if (", "if("))
    first, others = words[0], words[1:]
    if first in SHELL_WORDS:
        return bool(OPERATOR.search(bare)) or first in {"!", "set", "export"}
    is_script = first.startswith(("./", "../")) or SCRIPT.fullmatch(first) is not None
    if first not in PROGRAMS and not is_script:
        return False
    if OPERATOR.search(bare):
        return True
    plain = {
        word.strip(".,:;!?()").lower()
        for before, word in zip(words, others, strict=False)
        if not word.startswith("-") and before not in TAKE_A_WORD
    }
    return not plain & SENTENCE_WORDS and not (first in {"test", "make", "find"} and _is_prose(others))


def is_powershell(text: str) -> bool:
    """Whether only PowerShell can run it; what stands in quotes does not count."""
    return POWERSHELL.search(QUOTED.sub('""', text[:LOOKED_AT])) is not None


def _is_prose(words: list[str]) -> bool:
    """Three words and more without an option or a file among them."""
    return len(words) > 2 and not any(word.startswith("-") or FILE_WORD.search(word.rstrip(".")) for word in words)


def identifier(text: str, *, limit: int = ID_CHARACTERS) -> str:
    """The text as an id: a-z, 0-9 and single dashes; empty where nothing is left."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "-", text) if not re.search(r"[\s_-]", text) else text
    slug = re.sub(r"[^a-z0-9]+", "-", split.lower()).strip("-")
    if len(slug) <= limit:
        return slug
    cut = slug[: limit + 1]
    return (cut.rpartition("-")[0] if "-" in cut[limit // 2 :] else cut[:limit]).strip("-")


def workstream_id(text: str) -> str:
    """The text as a workstream's id, in front of a reserved word "ws-"; empty where nothing is left."""
    slug = identifier(text)
    return f"ws-{slug}" if slug in RESERVED_IDS else slug


def unique(wanted: str, taken: Container[str], *, limit: int = ID_CHARACTERS) -> str:
    """The id, with a number after it where it is taken."""
    number, name = 1, wanted
    while name in taken:
        number += 1
        end = f"-{number}"
        name = wanted[: limit - len(end)].rstrip("-") + end
    return name


def step_id(text: str, taken: Container[str]) -> str:
    """A step's id from an id of its own, or from the words of a sentence or command."""
    slug = identifier(text) if re.fullmatch(r"\s*[\w.-]{1,63}\s*", text) else _words(text)
    slug = slug or "step"
    if slug in RESERVED_STEP_IDS or re.fullmatch(r"(fix|preflight)-[0-9]+", slug):
        slug = f"step-{slug}"
    return unique(slug, taken)


def _words(text: str) -> str:
    """The first telling words of a text; of a path its file's name, without options, fillers and repetitions."""
    first = next((line for line in text.splitlines() if line.strip()), "")[:1000]
    found: list[str] = []
    for word in re.split(r"[\s=:;,()\"'`{}]+", first):
        if word.startswith("-") or "*" in word:
            continue
        name = re.split(r"[/\\]", word.strip("/\\"))[-1]
        stem = re.sub(r"\.(?:py|md|ya?ml|json|toml|sql|sh|ps1|txt|j2)$", "", name)
        slug = identifier(stem)
        if slug and slug not in FILLERS and slug not in found:
            found.append(slug)
    return identifier("-".join(found[:STEP_ID_WORDS]), limit=STEP_ID_CHARACTERS)


def title_of(id: str) -> str:
    """A title from an id: its words, less a leading "ws" and number."""
    words = re.sub(r"^(?:ws|ph|workstream|phase)-(?:\d+[a-z]?-)?", "", id).replace("-", " ")
    return words[:1].upper() + words[1:]


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


def duration(seconds: float) -> str | None:
    """Seconds as a workstream writes them, rounded up; None where they are no deadline."""
    whole = -int(-seconds // 1)
    if not 0 < whole < 1_000_000:
        return None
    for unit, length in (("h", 3600), ("m", 60)):
        if whole % length == 0 and whole >= length:
            return f"{whole // length}{unit}"
    return f"{whole}s"
