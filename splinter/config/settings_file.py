"""The settings file and the environment as frozen values. It stores no secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splinter.config import (
    bounded_read,
    environment_rules,
    process_environment,
    schema,
    toml_documents,
    tool_profiles,
)
from splinter.config.yaml_documents import Document, Problem, unreadable
from splinter.errors import InputError
from splinter.model import layout, registry, schedule, workstream_document
from splinter.model.settings import SANDBOXES, Environment, Identity, Limits, Reports, Settings
from splinter.model.tool import Tool
from splinter.model.workstream import Budget
from splinter.text.patterns import path_problem, ref_problem, seconds, shown


def read(root: Path) -> Settings:
    """The settings of the repository at `root`; raises InputError with all that is wrong with them."""
    settings, problems = look(root)
    if problems or settings is None:
        raise InputError("\n".join(problem.text() for problem in problems))
    return settings


def look(root: Path) -> tuple[Settings | None, tuple[Problem, ...]]:
    """The settings and all that is wrong with them, by place.

    Where something is, the settings are good for one thing only: they name the tools; None where they cannot be read.
    """
    document = _document(root)
    if document is None:
        return defaults(), ()
    problems = {*document.problems, *schema.check(document, "settings"), *_rules(document)}
    profiles: Mapping[str, Tool] = {}
    if not problems:
        profiles, found = _tools(document)
        problems.update(found)
    if problems:
        known = Settings(tools={**tool_profiles.shipped(), **_named(document)}) if document.is_readable else None
        return known, tuple(sorted(problems))
    identity = document.data.get("identity")
    tables = ("tools", "identity", "budget", "gc", "report", "setup", "forge_wait", "slot_lease")
    values = {key: value for key, value in document.data.items() if key not in tables}
    values |= {key: tuple(values.get(key, ())) for key in ("sandbox_reads", "sandbox_caches", "env")}
    if "forge_wait" in document.data:
        values["forge_wait_s"] = seconds(document.data["forge_wait"])
    if "slot_lease" in document.data:
        values["slot_lease_s"] = seconds(document.data["slot_lease"])
    own = Identity(**identity) if identity else None
    budget, limits = Budget(**document.data.get("budget", {})), Limits(**document.data.get("gc", {}))
    setup = workstream_document.setup(document.data.get("setup", ()))
    reports = Reports(**{key: tuple(some) for key, some in document.data.get("report", {}).items()})
    settings = Settings(
        **values, setup=setup, identity=own, budget=budget, gc=limits, report=reports, tools=profiles,
        source=document.path,
    )  # fmt: skip
    return settings, ()


def defaults() -> Settings:
    """The settings of a repository that has none of its own."""
    return Settings(tools=tool_profiles.shipped())


def _named(document: Document) -> dict[str, Tool]:
    """The profiles of settings with a mistake, as ones that can do all: their own mistakes are reported."""
    tables = document.data.get("tools") if isinstance(document.data, dict) else None
    names = tables if isinstance(tables, dict) else ()
    return {name: Tool(name=name, command=name, stdin="prompt") for name in names}


def environment(environ: Mapping[str, str] | None = None) -> Environment:
    """The environment parsed; raises InputError that names a malformed variable, and shows no secret's value."""
    known, malformed = sound_environment(environ)
    if malformed:
        raise InputError(malformed[0])
    return known


def sound_environment(environ: Mapping[str, str] | None = None) -> tuple[Environment, tuple[str, ...]]:
    """The environment without its malformed variables, and a sentence on each of those."""
    variables = process_environment.variables() if environ is None else dict(environ)
    fields: dict[str, Any] = {}
    malformed = []
    addresses = {name: _url for name in registry.NEEDS if name.endswith("_URL")}
    for name, parse in {**addresses, **VARIABLES}.items():
        value = variables.get(name, "").strip()
        try:
            if value:  # continuous integration sets a secret that is missing to nothing
                fields[name] = parse(name, value)
        except InputError as error:
            malformed.append(str(error))
            del variables[name]
    own = {name.lower().removeprefix("splinter_"): fields[name] for name in VARIABLES if name in fields}
    return Environment(**own, variables=variables), tuple(malformed)


def is_on_actions() -> bool:
    """Whether a runner of GitHub Actions reads what is printed, and takes some of it for commands."""
    return process_environment.variables().get("GITHUB_ACTIONS") == "true"


def allows_colour() -> bool:
    """Whether the terminal shows colours, and nobody asked for none (https://no-color.org)."""
    variables = process_environment.variables()
    return not variables.get("NO_COLOR") and variables.get("TERM", "dumb") != "dumb"


def _document(root: Path) -> Document | None:
    own, shared = _bytes(root, layout.SETTINGS), _bytes(root, layout.SHARED_SETTINGS)
    found = _parsed(own, layout.SETTINGS) if own is not None else None
    # parsed only where it may concern us: a stranger's pyproject.toml is not ours to judge
    if isinstance(shared, bytes) and b"splinter" in shared:
        inside = _parsed(shared, layout.SHARED_SETTINGS, ("tool", "splinter"))
        if found and inside.data is not None:
            message = f"settings stand here and in {layout.SHARED_SETTINGS} ([tool.splinter]); keep one of them"
            return replace(found, problems=(*found.problems, found.problem_at(found.place(()), message)))
        if found is None and (inside.data is not None or inside.problems):
            return inside
    return found


def _bytes(root: Path, name: str) -> bytes | str | None:
    """What the file holds, or why it cannot be read; None where there is none."""
    file = root / name
    return bounded_read.read(root, file) if file.is_symlink() or file.exists() else None


def _parsed(raw: bytes | str, path: str, table: tuple[str, ...] = ()) -> Document:
    return unreadable(path, raw) if isinstance(raw, str) else toml_documents.parse(raw, path=path, table=table)


def _tools(document: Document) -> tuple[Mapping[str, Tool], list[Problem]]:
    """The shipped profiles with the document's laid over them, one at a time so that each problem has its place."""
    merged: Mapping[str, Tool] = tool_profiles.shipped()
    problems = []
    for name, table in document.data.get("tools", {}).items():
        try:
            merged = tool_profiles.merged(merged, {name: table})
        except InputError as error:
            problems.append(document.problem(("tools", name), str(error), at_key=True))
    return merged, problems


def _rules(document: Document) -> list[Problem]:
    """What the schema cannot say."""
    data = document.data if isinstance(document.data, dict) else {}
    found = []
    for key, judge in JUDGES.items():
        own = data.get(key)
        why = judge(own) if isinstance(own, str) and own else None
        if why:
            found.append(document.problem((key,), why))
    env = data.get("env")
    for index, name in enumerate(env if isinstance(env, list) else ()):
        if isinstance(name, str) and name.startswith("GIT_"):
            found.append(document.problem(("env", index), environment_rules.git_variable(name)))
    setup = data.get("setup")
    for index, entry in enumerate(setup if isinstance(setup, list) else ()):
        inputs = entry.get("inputs") if isinstance(entry, dict) else None
        for number, text in enumerate(inputs if isinstance(inputs, list) else ()):
            if isinstance(text, str) and (why := path_problem(text)):
                found.append(document.problem(("setup", index, "inputs", number), f"path {shown(text)} {why}"))
    return [*found, *_placeholders(document)]


def _placeholders(document: Document) -> Iterator[Problem]:
    """What is wrong with the arguments of profiles, at each of them."""
    tables = document.data.get("tools") if isinstance(document.data, dict) else None
    for name, table in tables.items() if isinstance(tables, dict) else ():
        for key in ("args", "prompt_args", "version"):
            arguments = table.get(key) if isinstance(table, dict) else None
            for index, argument in enumerate(arguments if isinstance(arguments, list) else ()):
                why = tool_profiles.placeholder_problem(argument) if isinstance(argument, str) else None
                if why:
                    yield document.problem(("tools", name, key, index), why)


def _zone_problem(name: str) -> str | None:
    try:
        schedule.zone(name)
    except InputError as error:
        return str(error)
    return None


def _prefix_problem(prefix: str) -> str | None:
    why = "starts with refs/, which git adds itself" if prefix.startswith("refs/") else ref_problem(prefix + "id")
    return f"branch prefix {shown(prefix)} {why}" if why else None


def _branch_problem(name: str) -> str | None:
    why = ref_problem(name)
    return f"branch {shown(name)} {why}" if why else None


def _remote_problem(name: str) -> str | None:
    why = ref_problem(name)
    return f'remote {shown(name)} {why}; use a name that "git remote" lists' if why else None


JUDGES: dict[str, Callable[[str], str | None]] = {
    "timezone": _zone_problem,
    "branch_prefix": _prefix_problem,
    "base": _branch_problem,
    "remote": _remote_problem,
}


def _text(_name: str, value: str) -> str:
    return value


def _port(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= 65535:
        raise InputError(f"{name} is {shown(value)}; it must be a port from 1 to 65535")
    return int(value)


def _security(name: str, value: str) -> str:
    if value.lower() not in ("starttls", "ssl", "none", "none-anywhere"):
        raise InputError(f"{name} is {shown(value)}; it must be starttls, ssl, none or none-anywhere")
    return value.lower()


def _sandbox(name: str, value: str) -> str:
    if value not in SANDBOXES:
        raise InputError(f"{name} is {shown(value)}; it must be {', '.join(SANDBOXES[:-1])} or {SANDBOXES[-1]}")
    return value


def _shortcut(name: str, value: str) -> str:
    if value not in ("on", "off"):
        raise InputError(f"{name} is {shown(value)}; it must be on or off")
    return value


_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+")


def _recipients(name: str, value: str) -> tuple[str, ...]:
    addresses = tuple(address for part in value.split(",") if (address := part.strip()))
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise InputError(
                f"{name} holds {shown(address)}, which is not an address; write a@example.org, b@example.org"
            )
    return addresses


def _sender(name: str, value: str) -> Identity:
    """`bot@example.org` or `Splinter <bot@example.org>`."""
    who, _, rest = value.rpartition("<")
    address = rest.removesuffix(">").strip()
    if not _ADDRESS.fullmatch(address) or value.endswith(">") != ("<" in value) or "\n" in value:
        raise InputError(f"{name} is {shown(value)}; write bot@example.org or Name <bot@example.org>")
    return Identity(name=who.strip().strip('"'), email=address)


def _repository(name: str, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*/[A-Za-z0-9._-]+", value):
        raise InputError(f"{name} is {shown(value)}; it must be owner/name")
    return value


def _url(name: str, value: str) -> str:
    # the value is not shown: for webhooks the address itself is the secret
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise InputError(f"{name} is not an http or https address")
    return value


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(f"{name} is {shown(value)}; it must be a time with its offset, such as 2026-01-31T02:00:00Z")
    return moment.astimezone(UTC)


VARIABLES: dict[str, Callable[[str, str], Any]] = {
    "GITHUB_TOKEN": _text,
    "GITHUB_REPOSITORY": _repository,
    "GITHUB_API_URL": _url,
    "SMTP_HOST": _text,
    "SMTP_PORT": _port,
    "SMTP_USER": _text,
    "SMTP_PASSWORD": _text,
    "SMTP_SECURITY": _security,
    "SMTP_FROM": _sender,
    "REPORT_RECIPIENTS": _recipients,
    "SENDGRID_API_KEY": _text,
    "SPLINTER_NOW": _moment,
    "SPLINTER_SANDBOX": _sandbox,
    "SPLINTER_SHORTCUT": _shortcut,
}
