"""What is wanted: one workstream as frozen values. It never reads a file, a clock or git."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from splinter.model import layout, registry

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

    @property
    def label(self) -> str:
        """The command as people read it."""
        return self.command if isinstance(self.command, str) else " ".join(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A named profile with the user's arguments, and options that the profile has."""

    tool: str
    args: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The command as people read it."""
        return " ".join((self.tool, *self.args))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text for an agent, and its options; `text` is already read where the file said `prompt_file`."""

    text: str
    tool: str
    file: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The command as people read it."""
        return f"{self.tool} (prompt)"


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
