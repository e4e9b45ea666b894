"""A document that schema and rules have passed, as a workstream: every default is filled in here. It reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from splinter.model.workstream import (
    FILE_OPTIONS,
    PROMPT_STALL_S,
    TIMEOUT_S,
    Action,
    Budget,
    Commit,
    Fix,
    HandedFile,
    Option,
    Prompt,
    PullRequest,
    Run,
    Scope,
    Setup,
    Step,
    ToolCall,
    Workstream,
)
from splinter.text.patterns import pattern, seconds


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
