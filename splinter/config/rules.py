"""What the schema cannot say of one document: names, refs, paths, tools. It never reads a file nor another document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splinter.config import check_commands, environment_rules, matrix, option_rules, right_forms
from splinter.config.tool_profiles import PLACEHOLDERS
from splinter.config.yaml_documents import Document, Problem, bounded, warning
from splinter.config.yaml_events import Keys
from splinter.model import guarded_paths, layout, schedule
from splinter.model.tool import Tool
from splinter.model.workstream import COMMANDS_OF_DOIT, RESERVED_IDS, RESERVED_STEP_IDS, Scope
from splinter.text import glob_overlap, values
from splinter.text.patterns import WILDCARDS, did_you_mean, matches, path_problem, pattern, ref_problem, shown

ENTRIES = ("preflight", "steps", "checks")
NUMBERED = re.compile(r"(?:fix|preflight)-[0-9]+")
# the rest of what is forbidden without being named may well be there already, and an artifact only has to exist
NEVER_AN_ARTIFACT = (".git", "**/.git/**", layout.STATE, f"{layout.DATABASE}*")

# a shell's ${files} and a template's {{files}} are none of ours
PLACEHOLDER = re.compile(rf"(?<![${{]){{(?:{'|'.join(PLACEHOLDERS)})}}(?!}})")
MAX_JUDGED = 50  # patterns of one file that are held against what is forbidden; real ones have a handful


def check(document: Document, tools: Mapping[str, Tool]) -> tuple[Problem, ...]:
    """All that is wrong with one readable document beyond its schema; values of the wrong type are passed over."""
    if not isinstance(document.data, dict):
        return ()
    return tuple(problem for rule in RULES for problem in bounded(rule(document, tools)))


def value_at(data: Any, keys: Keys) -> Any:
    """The value there, None where the document has another shape."""
    for key in keys:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int):
            data = data[key] if key < len(data) else None
        else:
            return None
    return data


def texts(document: Document, *keys: str) -> Iterator[tuple[Keys, str]]:
    """The texts of a list, or the one text, that stands there, each with its keys."""
    found = value_at(document.data, keys)
    if isinstance(found, str) and found:
        yield keys, found
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, str):
            yield (*keys, index), item


def entries(document: Document, *names: str) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """The mappings in the lists of those names, each with its keys."""
    for name in names:
        found = document.data.get(name)
        for index, entry in enumerate(found if isinstance(found, list) else ()):
            if isinstance(entry, dict):
                yield (name, index), entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something that is asked of an agent: where it stands, in which step, and the agent's name with its place."""

    keys: Keys
    step: Mapping[str, Any] | None
    tool: object
    tool_keys: Keys


def asked(document: Document) -> Iterator[Asked]:
    """Every prompt, and `fix`."""
    shared = document.data.get("tool")
    for keys, entry in entries(document, "steps"):
        key = next((key for key in ("prompt", "prompt_file") if key in entry), None)
        if key:
            own = "tool" in entry
            tool_keys = (*keys, "tool") if own else ("tool",)
            yield Asked(keys=(*keys, key), step=entry, tool=entry["tool"] if own else shared, tool_keys=tool_keys)
    if isinstance(document.data.get("fix"), dict):
        yield Asked(keys=("fix",), step=None, tool=shared, tool_keys=("tool",))


def _matrix(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    yield from matrix.check(document)


def _ids(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    own = document.data.get("id")
    if isinstance(own, str) and own in RESERVED_IDS:
        whose = "doit" if own in COMMANDS_OF_DOIT else "splinter"
        yield document.problem(("id",), f"id {shown(own)} is reserved for {whose}; choose another")
    first: dict[str, Keys] = {}
    for keys, entry in entries(document, *ENTRIES):
        name = entry.get("id")
        if not isinstance(name, str):
            continue
        here: Keys = (*keys, "id")
        if name in RESERVED_STEP_IDS or NUMBERED.fullmatch(name):
            yield document.problem(here, f"id {shown(name)} is reserved for splinter; choose another")
        elif name in first:
            line = document.place(first[name]).line
            yield document.problem(here, f"id {shown(name)} is taken on line {line}; ids differ within a workstream")
        first.setdefault(name, here)


def _times(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    for keys, rule in texts(document, "when"):
        if rule not in schedule.RULES and len(rule.split()) == 5:
            why = schedule.cron_problem(rule)
            if why:
                yield document.problem(keys, f"{shown(rule)} {why}")
    default = "once" if any(one.step for one in asked(document)) else "daily"
    rule = document.data.get("when", default)
    if document.data.get("catch_up") is not None and isinstance(rule, str) and not schedule.is_timed(rule):
        message = "catch_up is about times that were missed, and this workstream's `when` names none"
        yield document.problem(("catch_up",), message)


def _costs(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """A warning where an agent is asked night after night, unless a command says each time whether it is."""
    rule = document.data.get("when")
    prompts = [one for one in asked(document) if one.step and "only_if" not in one.step]
    if not prompts or not isinstance(rule, str) or not schedule.is_nightly(rule):
        return
    is_waited_for = document.data.get("again") is not True and document.data.get("pull_request") is not False
    until = ", unless its last result waits as a pull request on the same base" if is_waited_for else ""
    tools = ", ".join(dict.fromkeys(str(one.tool) for one in prompts))
    message = f"{tools} will be asked, and paid, every night{until}; on-change asks only where something differs"
    yield warning(document.problem(("when",), message))


def _refs(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    for place in (("base",), ("branch",), ("pull_request", "base")):
        for keys, name in texts(document, *place):
            why = None if values.references(name) else ref_problem(name)  # what is filled in is judged then
            if why:
                yield document.problem(keys, f"branch {shown(name)} {why}")


def _paths(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    lists = (
        ("scope", "modify"),
        ("scope", "create"),
        ("scope", "forbid"),
        ("inputs",),
        ("artifacts",),
        ("instructions",),
    )
    found = [(keys, text) for place in lists for keys, text in texts(document, *place)]
    for entry_keys, entry in entries(document, "setup"):
        inputs = entry.get("inputs")
        found += [
            ((*entry_keys, "inputs", index), text)
            for index, text in enumerate(inputs if isinstance(inputs, list) else ())
            if isinstance(text, str)
        ]
    for entry_keys, entry in (((), document.data), *entries(document, "setup", *ENTRIES)):
        for name in ("prompt_file", "working_directory"):
            if isinstance(entry.get(name), str) and entry[name] != ".":
                found.append(((*entry_keys, name), entry[name]))
    for keys, text in found:
        why = path_problem(text)
        if why:
            yield document.problem(keys, f"path {shown(text)} {why}")


def _bodies(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """What would be taken for a mark of ours in a pull request."""
    for keys, text in texts(document, "pull_request", "body"):
        if why := body_problem(text):
            yield document.problem(keys, why)


def body_problem(text: str) -> str | None:
    """Why a text cannot stand in a pull request, None where it can."""
    has_mark = re.search(r"<!--\s*splinter:", text)
    return 'a body holds no comment that begins with "<!-- splinter:", a mark of its own' if has_mark else None


def _variables(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    return environment_rules.check(document)


def _calls(document: Document, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    named = [((*keys, "tool"), entry.get("tool")) for keys, entry in entries(document, *ENTRIES)]
    for keys, name in [(("tool",), document.data.get("tool")), *named]:
        if isinstance(name, str) and name and name not in tools:
            own = f"; known are {', '.join(sorted(tools))}"
            if len(keys) > 1:
                own += f"; any other program is called by run: {right_forms.written(name, path=document.path)}"
            called = right_forms.called(name, tools, is_entry=len(keys) > 1, path=document.path)
            meant = called or did_you_mean(name, tools) or own
            yield document.problem(keys, f"unknown tool {shown(name)}{meant}")


def _agent(document: Document, tools: Mapping[str, Tool]) -> Iterator[Problem]:
    agents = ", ".join(sorted(tool.name for tool in tools.values() if tool.takes_prompts))
    unable: set[Keys] = set()
    for call in asked(document):
        name = call.tool
        if name is None:
            what = "a prompt" if call.step else "fix"
            yield document.problem(
                call.keys,
                f'{what} needs a tool; add "tool: NAME" to the workstream, where NAME is one of {agents}',
                at_key=True,
            )
            return
        if isinstance(name, str) and name in tools and not tools[name].takes_prompts and call.tool_keys not in unable:
            unable.add(call.tool_keys)
            yield document.problem(call.tool_keys, f"tool {shown(name)} takes no prompts; those that do: {agents}")
        elif isinstance(name, str) and name in tools and not tools[name].reads_prompts and call.tool_keys not in unable:
            unable.add(call.tool_keys)
            message = (
                f"tool {shown(name)} would never see the prompt; its profile needs "
                f'stdin = "prompt", or "{{prompt}}" or "{{prompt_file}}" in prompt_args'
            )
            yield warning(document.problem(call.tool_keys, message))


def _placeholders(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    for entry_keys, entry in entries(document, *ENTRIES):
        for name in ("only_if", "run", "args"):
            found = entry.get(name)
            given = [((*entry_keys, name), found)] if isinstance(found, str) else []
            if isinstance(found, list):
                given += [((*entry_keys, name, index), item) for index, item in enumerate(found)]
            for keys, text in given:
                word = PLACEHOLDER.search(text) if isinstance(text, str) else None
                if word:
                    message = f"{shown(word[0])} stays as it is here; placeholders are filled in the profiles of tools"
                    yield warning(document.problem(keys, message))


def _ends(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """Checks whose exit status says nothing of what they run."""
    for keys, entry in entries(document, "checks"):
        message = check_commands.problem(entry.get("run"))
        if message:
            yield warning(document.problem((*keys, "run"), message))


def _scope(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    """Patterns of which the same scope forbids every path, and steps that must change what may not change."""
    found = value_at(document.data, ("scope",))
    if not isinstance(found, dict):
        return
    forbidden = _forbidden(document)
    judged, dead = 0, []
    for keys, text in (*texts(document, "scope", "modify"), *texts(document, "scope", "create")):
        judged += path_problem(text) is None
        if path_problem(text) is None and judged <= MAX_JUDGED and _is_covered(pattern(text), forbidden):
            whose = next((own for own in forbidden if _is_covered(pattern(text), (own,))), None)
            why = f"{shown(whose)} is forbidden" if whose else "all that it means is forbidden"
            dead.append(document.problem(keys, f"{shown(text)} can never be written: {why}"))
    yield from dead if judged == len(dead) else map(warning, dead)
    if found.get("modify") == [] and not found.get("create"):
        for keys, entry in entries(document, "steps"):
            if entry.get("expect") == "change":
                yield document.problem((*keys, "expect"), "this step can only fail: scope lets nothing change")


def _artifacts(document: Document, _tools: Mapping[str, Tool]) -> Iterator[Problem]:
    own_forbidden = [pattern(text) for _, text in texts(document, "scope", "forbid") if path_problem(text) is None]
    forbidden, scope = _forbidden(document), _scope_of(document)
    judged = 0
    for keys, path in texts(document, "artifacts"):
        if path_problem(path) or values.references(path):
            continue
        bare, judged = path.removesuffix("/"), judged + 1
        is_folder = path.endswith("/") and judged <= MAX_JUDGED
        covering = (
            own
            for own in (*NEVER_AN_ARTIFACT, *own_forbidden)
            if matches(own, bare) or (is_folder and not WILDCARDS & set(path) and _is_covered(f"{path}**", (own,)))
        )
        why = next(covering, None)
        if why:
            yield document.problem(keys, f"artifact {shown(path)} cannot be made: {shown(why)} is forbidden")
        elif WILDCARDS & set(path):
            if {"*", "?"} & set(path):
                yield warning(document.problem(keys, f"artifact {shown(path)} is read as a path, not as a pattern"))
        elif judged <= MAX_JUDGED and not _may_write(scope, bare, forbidden):
            yield warning(document.problem(keys, f"artifact {shown(path)} is outside scope: no step may make it"))


def _scope_of(document: Document) -> Scope:
    """What of `scope` can be read."""

    def patterns(name: str) -> tuple[str, ...] | None:
        found = [pattern(text) for _, text in texts(document, "scope", name) if path_problem(text) is None]
        return tuple(found) if isinstance(value_at(document.data, ("scope", name)), list) else None

    modify, create = patterns("modify"), patterns("create")
    modify = ("**",) if modify is None else modify
    return Scope(modify=modify, create=modify if create is None else create, forbid=patterns("forbid") or ())


def _forbidden(document: Document) -> tuple[str, ...]:
    scope = _scope_of(document)
    return (*scope.forbid, *guarded_paths.forbidden_at_the_top(scope))


def _is_covered(own: str, forbidden: Sequence[str]) -> bool:
    """Whether all that a pattern means is forbidden; False where that is too hard to tell."""
    return glob_overlap.shared([own], forbidden, undecided="") is None


def _may_write(scope: Scope, artifact: str, forbidden: Sequence[str]) -> bool:
    """Whether the artifact itself or something in it may be written; True where that is too hard to tell."""
    patterns = (*scope.modify, *scope.create)[: 2 * MAX_JUDGED]
    if any(map(values.references, patterns)):  # with what they are filled with, nobody knows here
        return True
    return any(glob_overlap.shared([own, artifact], forbidden, undecided="") is not None for own in patterns)


Rule = Callable[[Document, Mapping[str, Tool]], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    _ids, _times, _costs, _refs, _paths, _bodies, _variables, _calls, option_rules.check, _agent, _placeholders, _ends,
    _scope, _artifacts, _matrix,
)  # fmt: skip
