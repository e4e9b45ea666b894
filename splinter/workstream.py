"""What is asked: one workstream as frozen values. It never reads a file, a clock or git."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TASKS_OF_OURS = ("pr", "report", "email", "slack", "healthcheck")
COMMANDS_OF_OURS = ("check", "plan", "why", "init", "import", "history", "show", "graph", "gc", "doctor")
COMMANDS_OF_DOIT = (
    "auto", "clean", "completion", "dumpdb", "forget", "help", "ignore", "info", "list",
    "reset-dep", "run", "strace", "tabcompletion",
)  # fmt: skip
RESERVED_IDS = frozenset(TASKS_OF_OURS + COMMANDS_OF_OURS + COMMANDS_OF_DOIT)
RESERVED_STEP_IDS = frozenset({"prepare", "accept"})

PROMPT_STALL_S = 600.0
TIMEOUT_S = {"step": 600.0, "prompt": 1800.0, "check": 600.0, "preflight": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command of the user's own: a string goes to the shell, a tuple goes to no shell."""

    command: str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A named profile with the user's arguments."""

    tool: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text for an agent; `text` is already read where the file said `prompt_file`."""

    text: str
    tool: str
    file: str | None = None


Action = Run | ToolCall | Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of a workstream; durations in seconds, `stall_s` None where nothing watches for silence."""

    id: str
    action: Action
    timeout_s: float
    stall_s: float | None = None
    expect: str = "either"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may change, as git's `:(glob)` patterns; `create` equals `modify` where the file names none."""

    modify: tuple[str, ...] = ("**",)
    create: tuple[str, ...] = ("**",)
    forbid: tuple[str, ...] = ()
    is_declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of a workstream: dollars as tools report them, minutes of steps, checks and fixes together."""

    usd: float | None = None
    minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """How the pull request is opened."""

    draft: bool = True
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstream:
    """One file under workstreams/, parsed; `source` is its path from the repository's root, with `/`."""

    id: str
    title: str
    source: str
    steps: tuple[Step, ...]
    objective: str = ""
    when: str = "daily"
    base: str | None = None
    depends_on: tuple[str, ...] = ()
    tool: str | None = None
    env: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    inputs: tuple[str, ...] = ()
    preflight: tuple[Step, ...] = ()
    checks: tuple[Step, ...] = ()
    fix_attempts: int = 0
    artifacts: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    pull_request: PullRequest | None = field(default_factory=PullRequest)
    metadata: Mapping[str, object] = field(default_factory=dict)
