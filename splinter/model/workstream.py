"""What is wanted: one workstream as frozen values. It never reads a file, a clock or git."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from splinter.model import layout, registry
from splinter.text.patterns import pattern, seconds

TASKS_OF_OURS = ("workstreams", "rehearse", "pr", *registry.REPORTING)
COMMANDS_OF_OURS = (
    "check", "plan", "why", "init", "import", "history", "show", "status", "log", "diff", "record", "graph", "gc",
    "gather", "pack", "unpack", "doctor", "alarm",
)  # fmt: skip
COMMANDS_OF_DOIT = (
    "auto", "clean", "completion", "dumpdb", "forget", "help", "ignore", "info", "list",
    "reset-dep", "run", "strace", "tabcompletion",
)  # fmt: skip
RESERVED_IDS = frozenset((*TASKS_OF_OURS, *COMMANDS_OF_OURS, *COMMANDS_OF_DOIT, "together"))  # a branch of ours
RESERVED_STEP_IDS = frozenset({"prepare", "accept"})

FILE_OPTIONS = ("mcp_config",)  # options of a tool whose value is the path of a file
BESIDE: Mapping[str, bool] = {"beside": True}  # metadata of a field that is no part of what a workstream asks for

PROMPT_STALL_S = 600.0
TIMEOUT_S = {"step": 600.0, "prompt": 1800.0, "check": 600.0, "preflight": 60.0, "setup": 600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedFile:
    """A file of the repository, by what it holds; `path` is where it stands there, which decides nothing."""

    path: str = field(metadata=BESIDE)
    text: str


Option = str | int | tuple[str, ...] | HandedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command of the user's own: a string goes to the shell, a tuple goes to no shell."""

    command: str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A named profile with the user's arguments, and options that the profile has."""

    tool: str
    args: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text for an agent, and its options; `text` is already read where the file said `prompt_file`."""

    text: str
    tool: str
    file: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)


Action = Run | ToolCall | Prompt
CatchUp = Literal["last", "all", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a commit says before our trailers, empty for the title; `sign_off`: whoever commits signs it off."""

    message: str = ""
    sign_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of a workstream; durations in seconds, `stall_s` None where nothing watches for silence.

    `cache`: whether its result is kept and applied again. `only_if` is a command that says whether it runs at all.
    `commit` None: as the workstream says. It starts in `working_directory`, a path from the root, which is empty for
    the root itself.
    """

    id: str
    action: Action
    timeout_s: float
    stall_s: float | None = None
    expect: Literal["either", "change"] = "either"
    cache: bool = False
    compare: bool = True
    only_if: str | tuple[str, ...] | None = None
    commit: Commit | None = None
    working_directory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A command that makes a work tree ready; it runs again where the files that `inputs` matches differ."""

    command: str | tuple[str, ...]
    inputs: tuple[str, ...] = ()
    timeout_s: float = TIMEOUT_S["setup"]
    working_directory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may change, as git's `:(glob)` patterns; `create` equals `modify` where the file names none.

    `guarded` are the paths of the files that any workstream is made of, which one has to name to change them.
    """

    modify: tuple[str, ...] = ("**",)
    create: tuple[str, ...] = ("**",)
    forbid: tuple[str, ...] = ()
    is_declared: bool = False
    guarded: tuple[str, ...] = field(default=(), metadata=BESIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of a workstream: dollars and tokens as tools report them, minutes of all its commands together.

    For a whole run, `minutes` are those on the clock.
    """

    usd: float | None = None
    tokens: int | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """How often a failed check goes back to the tool, and how many changed lines make it stop before that."""

    attempts: int = 0
    max_lines: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """How the pull request is opened; an empty `title` is the workstream's, `body` the Markdown that it begins with."""

    title: str = ""
    body: str = ""
    draft: bool = True
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    milestone: str = ""
    close_after_s: float | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstream:
    """One file under workstreams/, parsed, or a member of its matrix; `source` is its path from the root, with `/`.

    A member has the id of its `group`, its place in it, and its values in `matrix`, by `package`, `package.name` and
    `package.slug`. The fields that are named in `unfilled` still hold names of values (`filling.py`); all others are
    final. Its commands get those of the caller's variables that `env` names, and `variables` as they are here.
    """

    id: str
    title: str
    source: str
    steps: tuple[Step, ...]
    objective: str = ""
    when: str = "daily"
    catch_up: CatchUp | None = None
    again: bool = False
    enabled: bool = True
    base: str | None = None
    branch: str | None = None
    depends_on: tuple[str, ...] = ()
    tool: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    instructions: tuple[HandedFile, ...] = ()
    env: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = ""
    scope: Scope = field(default_factory=Scope)
    inputs: tuple[str, ...] = ()
    setup: tuple[Setup, ...] = ()
    preflight: tuple[Step, ...] = ()
    checks: tuple[Step, ...] = ()
    fix: Fix = field(default_factory=Fix)
    artifacts: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    commit: Commit = field(default_factory=Commit)
    pull_request: PullRequest | None = field(default_factory=PullRequest)
    metadata: Mapping[str, object] = field(default_factory=dict)
    group: str = ""
    number: int = 0
    matrix: Mapping[str, str] = field(default_factory=dict)
    max_open: int | None = None
    unfilled: frozenset[str] = frozenset()

    @property
    def has_prompts(self) -> bool:
        """Whether a step of it asks an agent, and so may cost."""
        return any(isinstance(step.action, Prompt) for step in self.steps)

    @property
    def handed(self) -> tuple[HandedFile, ...]:
        """The files that it is made of beside its prompts."""
        actions = (step.action for step in self.steps)
        options = [self.options, *(one.options for one in actions if isinstance(one, ToolCall | Prompt))]
        named = (value for some in options for value in some.values())
        return (*self.instructions, *(value for value in named if isinstance(value, HandedFile)))

    def commit_of(self, step: Step | None) -> Commit:
        """What the commit of a step says, or one of all steps together."""
        own = step.commit if step else None
        return replace(own, message=own.message or self.commit.message) if own else self.commit

    @property
    def watched(self) -> tuple[str, ...]:
        """What of the base matters to it, as git's pathspecs: `inputs` and `scope`, else all but the workstreams."""
        scope = (*self.scope.modify, *self.scope.create) if self.scope.is_declared else ()
        named = sorted({*self.inputs, *scope})
        return tuple(f":(glob){one}" for one in named) or (":(glob)**", f":(exclude,glob){layout.WORKSTREAMS}/**")


def parse(
    data: Mapping[str, Any], *, source: str, prompts: Mapping[str, str], timeouts_s: Mapping[str, float],
    unfilled: frozenset[str] = frozenset(), group: str = "", number: int = 0,
    matrix: Mapping[str, str] = MappingProxyType({}), handed: Mapping[str, str] = MappingProxyType({}),
    guarded: tuple[str, ...] = (),
) -> Workstream:  # fmt: skip
    """The workstream of a document that the schema and the rules have passed, with the values that are known with it.

    `prompts` is the text of each `prompt_file` by its path, `handed` that of other files, `timeouts_s` the deadline of
    each tool that has its own; `guarded` are the files that all workstreams are made of.
    """
    made = _Making(data, prompts, timeouts_s, handed)
    steps = tuple(made.step(entry) for entry in data["steps"])
    variables = tuple(_variables(data.get("env", ())))
    return Workstream(
        id=data["id"],
        title=data["title"],
        source=source,
        steps=steps,
        objective=data.get("objective", ""),
        when=data.get("when") or _by_default(data, steps),
        catch_up=data.get("catch_up"),
        again=data.get("again", False),
        enabled=data.get("enabled", True),
        base=data.get("base"),
        branch=data.get("branch"),
        depends_on=tuple(data.get("depends_on", ())),
        tool=data.get("tool"),
        options=made.options(data),
        instructions=tuple(HandedFile(path=path, text=handed[path]) for path in data.get("instructions", ())),
        env=tuple(name for name, value in variables if value is None),
        variables={name: value for name, value in variables if value is not None},
        working_directory=_folder(data.get("working_directory", "")),
        scope=replace(_scope(data.get("scope")), guarded=guarded),
        inputs=_patterns(data.get("inputs", ())),
        setup=setup(data.get("setup", ()), working_directory=data.get("working_directory", "")),
        preflight=tuple(made.preflight(entry, index) for index, entry in enumerate(data.get("preflight", ()), 1)),
        checks=tuple(made.step(entry, kind="check") for entry in data.get("checks", ())),
        fix=Fix(**data.get("fix", {})),
        artifacts=tuple(path.removesuffix("/") for path in data.get("artifacts", ())),
        budget=Budget(**data.get("budget", {})),
        commit=Commit(**data.get("commit", {})),
        pull_request=_pull_request(data.get("pull_request", {})),
        metadata=data.get("metadata", {}),
        group=group,
        number=number,
        matrix=dict(matrix),
        max_open=data.get("max_open"),
        unfilled=unfilled,
    )


def _variables(given: Iterable[str] | Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
    """Names of variables, each with its value, None for one that is passed on."""
    if isinstance(given, Mapping):
        yield from given.items()
        return
    for name, equals, value in (entry.partition("=") for entry in given):
        yield name, value if equals else None


def _by_default(data: Mapping[str, Any], steps: Iterable[Step]) -> str:
    """When a workstream is due that does not say so: one that costs is not paid for every night."""
    if not any(isinstance(step.action, Prompt) for step in steps):
        return "daily"
    return "on-change" if data.get("inputs") or data.get("scope") else "once"


def _folder(path: str) -> str:
    """A folder as a path from the root, empty for the root."""
    return "" if path == "." else path.removesuffix("/")


def setup(entries: Iterable[Mapping[str, Any]], working_directory: str = "") -> tuple[Setup, ...]:
    """The commands of `setup`, of a workstream or of the settings; those that name no folder start in that one."""
    return tuple(
        Setup(
            command=_command(entry["run"]),
            inputs=_patterns(entry.get("inputs", ())),
            timeout_s=seconds(entry["timeout"]) if "timeout" in entry else TIMEOUT_S["setup"],
            working_directory=_folder(entry.get("working_directory", working_directory)),
        )
        for entry in entries
    )


@dataclass(frozen=True, slots=True)
class _Making:
    """What the entries of one workstream are read with."""

    data: Mapping[str, Any]
    prompts: Mapping[str, str]
    timeouts_s: Mapping[str, float]
    handed: Mapping[str, str]

    def step(self, entry: Mapping[str, Any], kind: str = "step") -> Step:
        action = self.action(entry)
        is_prompt = isinstance(action, Prompt)
        default_s = TIMEOUT_S["prompt" if is_prompt else kind]
        if isinstance(action, ToolCall | Prompt):
            default_s = self.timeouts_s.get(action.tool, default_s)
        stall_s = PROMPT_STALL_S if is_prompt else None
        return Step(
            id=entry["id"],
            action=action,
            timeout_s=seconds(entry["timeout"]) if "timeout" in entry else default_s,
            stall_s=seconds(entry["stall"]) if "stall" in entry else stall_s,
            expect=entry.get("expect", "either"),
            cache=entry.get("cache", is_prompt and kind == "step"),
            compare=entry.get("compare", True),
            only_if=_command(entry["only_if"]) if "only_if" in entry else None,
            working_directory=_folder(entry.get("working_directory", self.data.get("working_directory", ""))),
            commit=self.commit(entry["commit"]) if "commit" in entry else None,
        )

    def commit(self, own: Mapping[str, Any]) -> Commit:
        shared = self.data.get("commit", {})
        return Commit(message=own.get("message", ""), sign_off=own.get("sign_off", shared.get("sign_off", False)))

    def preflight(self, entry: Mapping[str, Any], number: int) -> Step:
        return self.step({"id": f"preflight-{number}", **entry}, kind="preflight")

    def action(self, entry: Mapping[str, Any]) -> Action:
        if "run" in entry:
            return Run(command=_command(entry["run"]))
        file = entry.get("prompt_file")
        text = entry.get("prompt") if file is None else self.prompts[file]
        if text is None:
            return ToolCall(tool=entry["tool"], args=tuple(entry.get("args", ())), options=self.options(entry))
        tool = entry.get("tool") or self.data["tool"]
        shared = self.options(self.data) if tool == self.data.get("tool") else {}
        return Prompt(text=text, tool=tool, file=file, options={**shared, **self.options(entry)})

    def options(self, entry: Mapping[str, Any]) -> dict[str, Option]:
        return {name: self.option(name, value) for name, value in entry.get("options", {}).items()}

    def option(self, name: str, value: Any) -> Option:
        if name in FILE_OPTIONS and isinstance(value, str):
            return HandedFile(path=value, text=self.handed[value])
        return tuple(value) if isinstance(value, list) else value


def _command(written: str | list[str]) -> str | tuple[str, ...]:
    return written if isinstance(written, str) else tuple(written)


def _scope(data: Mapping[str, Any] | None) -> Scope:
    if data is None:
        return Scope()
    modify = _patterns(data.get("modify", ("**",)))
    create = _patterns(data["create"]) if "create" in data else modify
    return Scope(modify=modify, create=create, forbid=_patterns(data.get("forbid", ())), is_declared=True)


def _patterns(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(pattern(text) for text in texts)


def _pull_request(data: Mapping[str, Any] | bool) -> PullRequest | None:
    if isinstance(data, bool):
        return None
    return PullRequest(
        title=data.get("title", ""),
        body=data.get("body", ""),
        draft=data.get("draft", True),
        labels=tuple(data.get("labels", ())),
        reviewers=tuple(data.get("reviewers", ())),
        assignees=tuple(data.get("assignees", ())),
        milestone=data.get("milestone", ""),
        close_after_s=seconds(data["close_after"]) if "close_after" in data else None,
        base=data.get("base"),
    )
