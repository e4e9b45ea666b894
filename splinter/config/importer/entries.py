"""Steps, checks and preflight of the earlier orchestrator as those of a workstream. It decides nothing about tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from splinter.config.importer import phrases, prompts, shell
from splinter.config.importer.source import Source
from splinter.config.yaml_events import Keys
from splinter.text.patterns import shown

IDS = ("id", "step_id", "test_id", "check_id", "phase_id")
NUMBERS = ("step", "phase", "order", "number")
COMMANDS = ("command", "cmd", "run")
MAYBE_COMMANDS = ("test", "test_method", "test_command", "verification", "check", "method")
TOOLS = ("tool_id", "tool", "agent")
TIMES = (("timeout_seconds", 1.0), ("timeout_sec", 1.0), ("timeout", 1.0), ("timeout_minutes", 60.0),
         ("timeout_ms", 0.001))  # fmt: skip
EXPECTED = ("expected_output", "success_pattern", "expected_pattern")
SHELLS = frozenset(["bash", "cmd", "powershell", "powershell-script", "pwsh", "sh", "shell", "zsh"])
DURATION = re.compile(r"[1-9](?:[0-9]{0,5}[smh]?|[0-9]{0,3}d)")


@dataclass(slots=True)
class Entries:
    """Builds entries of one workstream; `ids` are taken by those built so far, `values` fill `${name}`."""

    source: Source
    values: Mapping[str, str]
    tools: frozenset[str]
    timeout: str | None = None
    ids: set[str] = field(default_factory=set)
    comments: dict[Keys, tuple[str, ...]] = field(default_factory=dict)
    agents: dict[int, Keys] = field(default_factory=dict)
    steps_of: list[Keys] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    printed: list[Keys] = field(default_factory=list)

    def steps(self, places: Iterable[Keys]) -> list[dict[str, Any]]:
        """The steps in those places; `agents` then holds where a prompt's own agent stands, by the step's number."""
        found: list[dict[str, Any]] = []
        for keys, item in self._all(places):
            above = self.source.comments_above(keys)
            step = self._step(keys, item, len(found))
            if step is None:
                continue
            self._comment(("steps", len(found)), above, step.pop("#", ()))
            found.append(step)
            self.steps_of.append(keys)
        return found

    def checks(self, places: Iterable[Keys]) -> list[dict[str, Any]]:
        """The checks in those places and beside the steps; a sentence is no check and stays, with a warning."""
        own = [(*keys, "acceptance_tests") for keys in self.steps_of]
        return self._commands("checks", [*places, *own], "no command, and only commands can judge")

    def preflight(self, places: Iterable[Keys]) -> list[dict[str, Any]]:
        """What is tried before the first step."""
        return self._commands("preflight", places, "no command, and only commands can be tried beforehand")

    def warn_of_printed(self) -> None:
        """Warn of commands that were judged by what they print."""
        if self.printed:
            self.source.warned.update(self.printed)
            what = ", ".join(dict.fromkeys(str(self._id(keys[:-1]) or keys[-1]) for keys in self.printed))
            message = "only exit statuses judge; what should be printed is kept under metadata"
            self.source.warn(self.printed[0], f"{message}: {what}")

    def check_of(self, id: str, run: str) -> dict[str, Any]:
        """A check that the conversion adds."""
        name = phrases.step_id(id, self.ids)
        self.ids.add(name)
        return {"id": name, "run": run}

    def _all(self, places: Iterable[Keys]) -> Iterable[tuple[Keys, Any]]:
        """The entries of those places; one that only groups others gives way to them."""
        for place in places:
            for keys, item in self.source.items(*place):
                inner = next((key for key in ("steps", "tasks") if _holds_entries(item, key)), None)
                yield from self._all([(*keys, inner)]) if inner else [(keys, item)]

    def _commands(self, kind: str, places: Iterable[Keys], why: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        sentences: list[tuple[Keys, str]] = []
        for keys, item in self._all(places):
            above = self.source.comments_above(keys)
            entry = self._judge(keys, item)
            if entry is None:
                sentences.append((keys, shown(_said(item))))
                continue
            self._comment((kind, len(found)), above, entry.pop("#", ()))
            found.append(entry)
        for keys, _ in sentences:
            self.source.warned.add(keys)
        if sentences:
            said = "; ".join(text for _, text in sentences)
            self.source.warn(sentences[0][0], f"{why}; kept under metadata: {said}")
        return found

    def _comment(self, keys: Keys, above: tuple[str, ...], own: tuple[str, ...]) -> None:
        lines = (*above, *own)
        if lines:
            self.comments[keys] = lines

    def _judge(self, keys: Keys, item: Any) -> dict[str, Any] | None:
        if isinstance(item, str):
            if not phrases.is_command(item):
                return None
            self.source.take(keys)
            return self._with_id(None, item, self._run([item]))
        if not isinstance(item, dict):
            return None
        action = self._command(keys, MAYBE_COMMANDS)
        return None if action is None else self._timed(keys, self._described(keys, action))

    def _step(self, keys: Keys, item: Any, number: int) -> dict[str, Any] | None:
        if isinstance(item, str) and item.strip():
            self.source.take(keys)
            is_command = phrases.is_command(item)
            return self._with_id(None, item, self._run([item]) if is_command else {"prompt": prompts.block(item)})
        if not isinstance(item, dict):
            return None
        if "workstreams" in item and not self.source.value(*keys, "tasks"):
            self.source.leave(keys, "groups other workstreams and has no tasks: no step; kept under metadata")
            return None
        action = self._command(keys, ()) or self._call(keys)
        step = self._described(keys, action) if action else self._prompt(keys, number)
        if step is None:
            self.source.leave(keys, "a step without a command or a sentence; kept under metadata")
            return None
        self._ordered(keys)
        return self._timed(keys, step)

    def _with_id(self, id: str | None, said: str, action: dict[str, Any]) -> dict[str, Any]:
        name = phrases.step_id(id or said, self.ids)
        self.ids.add(name)
        if id:
            self.names.add(id)
        return {"id": name, **action}

    def _described(self, keys: Keys, action: dict[str, Any]) -> dict[str, Any]:
        """A command with its id, and with its description as comment."""
        id = self._id(keys)
        lines = [text for key in prompts.NAMES if (text := self.source.text(*keys, key))]
        comments = tuple(line for text in dict.fromkeys(lines) for line in text.splitlines() if line.strip())
        action["#"] = (*comments, *action.get("#", ()))
        return self._with_id(id, lines[0] if lines else _command_text(action), action)

    def _id(self, keys: Keys) -> str | None:
        """The entry's own id; the key where entries stand in a mapping. A bare number says only the place."""
        for key in NUMBERS:
            if type(self.source.value(*keys, key)) is int:
                self.source.take((*keys, key))
        found = next((text for key in IDS if (text := self.source.text(*keys, key))), None)
        return found or (keys[-1] if isinstance(keys[-1], str) else None)

    def _prompt(self, keys: Keys, number: int) -> dict[str, Any] | None:
        id = self._id(keys)
        parts = prompts.parts(self.source, keys)
        if not parts:
            return None
        agent = next((key for key in TOOLS if isinstance(self.source.value(*keys, key), str)), None)
        if agent:
            self.agents[number] = (*keys, agent)
        text = shell.filled("\n\n".join(parts), self.values)
        return self._with_id(id, parts[0], {"prompt": prompts.block(text)})

    def _command(self, keys: Keys, maybe: tuple[str, ...]) -> dict[str, Any] | None:
        for key in COMMANDS:
            found = self._explicit((*keys, key))
            if found:
                return self._judged(keys, found)
        for place in ((*keys, "commands"), (*keys, "inputs", "commands")):
            texts = [text for _, text in self.source.texts(*place)]
            if texts:
                return self._judged(keys, self._run(texts))
        for key in maybe:
            found_text = self.source.value(*keys, key)
            if isinstance(found_text, str) and phrases.is_command(found_text):
                self.source.take((*keys, key))
                return self._judged(keys, self._run([found_text]))
        return None

    def _explicit(self, keys: Keys) -> dict[str, Any] | None:
        value = self.source.value(*keys)
        if isinstance(value, dict):
            return self._tool_and_args(keys)
        if isinstance(value, list) and len(value) > 1 and all(isinstance(word, str) and word for word in value):
            self.source.take(keys)
            return {"run": [shell.filled(word, self.values) for word in value]}
        text = self.source.text(*keys)
        return self._run([text], prints_true=self._prints_true(keys[:-1])) if text else None

    def _tool_and_args(self, keys: Keys) -> dict[str, Any] | None:
        """A command that is written as a tool and its arguments, or as a shell and whole commands."""
        key = next((key for key in TOOLS if isinstance(self.source.value(*keys, key), str)), "tool_id")
        tool = phrases.identifier(str(self.source.value(*keys, key) or ""))
        args = [text for _, text in self.source.texts(*keys, "args")]
        if args and (tool in SHELLS or not tool or any(re.search(r"\s", arg) for arg in args[:1])):
            return self._run(args, prints_true=self._prints_true(keys[:-1]))
        if not tool:
            return None
        self.source.take((*keys, key))
        return self._tool(tool, args)

    def _call(self, keys: Keys) -> dict[str, Any] | None:
        """A step that names a tool which takes no prompts, and its arguments."""
        key = next((key for key in TOOLS if isinstance(self.source.value(*keys, key), str)), None)
        tool = phrases.identifier(str(self.source.value(*keys, key))) if key else ""
        args = self.source.value(*keys, "args")
        if key is None or tool not in self.tools or not isinstance(args, list) or not args:
            return None
        self.source.take((*keys, key))
        return self._tool(tool, [text for _, text in self.source.texts(*keys, "args")])

    def _tool(self, tool: str, args: list[str]) -> dict[str, Any]:
        filled = [shell.filled(arg, self.values) for arg in args]
        if tool in self.tools:
            return {"tool": tool, **({"args": filled} if filled else {})}
        return {"run": [tool, *filled]}

    def _run(self, commands: list[str], *, prints_true: bool = False) -> dict[str, Any]:
        text = shell.all_of([shell.filled(command.strip(), self.values) for command in commands])
        found = shell.convert(text, prints_true=prints_true)
        action: dict[str, Any] = {"run": prompts.block(found.run) if isinstance(found.run, str) else found.run}
        if found.was:
            action["#"] = (f"was: {found.was}",)
        if found.needs:
            action["needs"] = found.needs
        return action

    def _prints_true(self, keys: Keys) -> bool:
        return any(str(self.source.value(*keys, key)).strip("^$").lower() == "true" for key in EXPECTED)

    def _judged(self, keys: Keys, action: dict[str, Any]) -> dict[str, Any]:
        """The action with what else the entry says of its outcome: its exit status, or what it prints."""
        for key in EXPECTED:
            own = (*keys, key)
            if action.get("#") and self._prints_true(keys) and self.source.has(own):
                self.source.take(own)
            elif self.source.value(*own) is not None:
                self.printed.append(own)
        status = self.source.value(*keys, "expected_exit_code")
        if status == 0 and type(status) is int:
            self.source.take((*keys, "expected_exit_code"))
        elif type(status) is int and isinstance(action.get("run"), str):
            self.source.take((*keys, "expected_exit_code"))
            action["run"] = f"{action['run'].rstrip()}\ntest $? -eq {status}\n"
        if action.pop("needs", None):
            self.source.warn(keys, "the command is PowerShell: it needs pwsh where splinter runs")
        return action

    def _timed(self, keys: Keys, step: dict[str, Any]) -> dict[str, Any]:
        for key, factor in TIMES:
            written = self.source.value(*keys, key)
            if isinstance(written, str) and DURATION.fullmatch(written):
                self.source.take((*keys, key))
                return {**step, "timeout": written}
            number = self.source.number(*keys, key)
            if number is None:
                continue
            timeout = phrases.duration(number * factor)
            if timeout:
                return {**step, "timeout": timeout}
            self.source.leave((*keys, key), f"{shown(written)} is not a deadline; kept under metadata")
        return {**step, "timeout": self.timeout} if self.timeout and "timeout" not in step else step

    def _ordered(self, keys: Keys) -> None:
        """What a step waits for is said by its place, where that stands before it."""
        own = (*keys, "depends_on")
        waits = self.source.value(*own)
        if isinstance(waits, list) and all(isinstance(name, str) and name in self.names for name in waits):
            self.source.take(own)


def _holds_entries(item: Any, key: str) -> bool:
    inside = item.get(key) if isinstance(item, dict) else None
    return isinstance(inside, list) and any(isinstance(one, dict) for one in inside)


def _said(item: Any) -> Any:
    if isinstance(item, dict):
        return next((item[key] for key in (*prompts.NAMES, *IDS) if isinstance(item.get(key), str)), item)
    return item


def _command_text(action: Mapping[str, Any]) -> str:
    run = action.get("run")
    if isinstance(run, str):
        return run.removeprefix("set -e\n")
    return " ".join(run or (action["tool"], *action.get("args", ())))
