"""What `doit help` and `doit run --help` say in projects of ours; in others they are doit's own.

It reads tasks where a name is asked for, and runs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmd_completion import TabCompletion
from doit.cmd_help import Help
from doit.exceptions import InvalidCommand, InvalidDodoFile

_BEGIN = """splinter on doit: each file in workstreams/ becomes tasks, a branch of its own, and a draft pull request

  {doit}                     every workstream that is due, then pull requests, report and messages
  {doit} NAME                that workstream, and those it depends on
  {doit} run --dry-run       what would be done, and what each agent may do; starts nothing
  {doit} run workstreams     the workstreams, without publishing
  {doit} run pr report       publishes what is recorded; starts no workstream
  {doit} pr --test           tries token and settings; so do {doit} email --test and {doit} slack --test
"""
_END = """
  {doit} COMMAND --help      what it does, its options, examples
  {doit} help NAME           a workstream, or another task with its options
  {doit} help task           the fields of tasks of your own in dodo.py
"""
_OF_DOIT = {
    "run": "what `doit` alone does: run what is due; its options may stand behind `doit`, too",
    "clean": "remove the work tree and logs of workstreams; never a branch",
    "forget": "run a workstream again, though it is done",
    "ignore": "leave a workstream out until it is forgotten",
    "info": "show a task as doit knows it",
    "tabcompletion": "print the completion of bash (-s bash) or zsh (-s zsh)",
}
_RUN_PURPOSE = "run workstreams and other tasks, those that are due; `doit` alone runs them all"
_RUN_EXAMPLES = """doit                    every workstream that is due, then publishes
doit lint docs          those two, and what they depend on
doit lint:fix           that step, and those before it
doit -n 4               four at once
doit -a lint            again, though done; agents are paid again
doit run --dry-run      what would be done, what agents may do
doit run --no-cache     what is due, without kept results
doit run workstreams    without publishing
doit run pr report      publishes what is recorded
doit help               the other commands

Exit status: 0 all is done; 1 a workstream failed; 2 an error, of
publishing too; 3 invalid input, nothing was run; 4 another run
works here; 130 and 143 a signal ended it."""
# doit's options in our words, and with our defaults; those that are not named mean here what they mean everywhere
_RUN_OPTIONS = {
    "always": "run what is up to date too; agents are asked again",
    "continue": "go on after a failure with what does not depend on it [default: yes]",
    "verbosity": "2 prints a line for what is up to date, too [default: 1]",
    "reporter": "how a run is shown [default: splinter]",
    "num_process": 'how many tasks at once [default: "jobs" of the settings, or one a processor]',
    "par_type": "without effect: workstreams run in threads",
    "single": "those tasks alone, not what they depend on",
}
_OF_WORKSTREAM = """
  doit {id}          runs it where it is due, and what it depends on
  doit plan {id}     when it is due, and why
  doit log {id}      what its latest command printed
  doit diff {id}     what it proposes, or what was made when it failed"""

_completes = TabCompletion.execute


def explain() -> None:
    """From now on, for `doit --help` too, which no plugin can replace."""
    Help.print_usage, Help.execute, TabCompletion.execute = _print_usage, _execute, _complete


def of_run(command: Any, written: Callable[[], str]) -> str:
    """What doit's `run` does here, as doit writes it."""
    command.doc_purpose, command.doc_description = _RUN_PURPOSE, _RUN_EXAMPLES
    for option in command.cmdparser.options:
        option.help = _RUN_OPTIONS.get(option.name, option.help)
    return written()


@contextmanager
def explained(names: list[str]) -> Iterator[None]:
    """A name that is no task is told with the one that was meant, of a task or a command."""
    try:
        yield
    except InvalidCommand as error:
        if error.not_found in names:  # behind an option, where only tasks are looked for
            hint = f'"{error.not_found}" must come before its options: doit {error.not_found} …'
            raise InvalidCommand(hint) from error
        from splinter.text.patterns import did_you_mean

        hint = did_you_mean(error.not_found, names) if error.not_found else ""
        if not hint:
            raise
        raise InvalidCommand(f'there is no task or command "{error.not_found}"{hint}') from error


def _print_usage(self: Any, commands: Mapping[str, Any]) -> None:
    from splinter.model.workstream import COMMANDS_OF_OURS

    doit, purposes = self.bin_name, {name: _purpose(name, command) for name, command in commands.items()}
    ours = {name: purposes.pop(name) for name in ("list", *COMMANDS_OF_OURS) if name in purposes}
    print(_BEGIN.format(doit=doit))
    for heading, found in (("Commands", ours), ("Commands of doit", purposes)):
        print("\n".join((heading, *_lines(found), "")))
    print(_END.format(doit=doit).strip("\n"))


def _purpose(name: str, command: Any) -> str:
    return _OF_DOIT.get(name) or str(command.doc_purpose)


def _lines(purposes: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, purposes), default=0)
    for name, purpose in purposes.items():
        yield f"  {name:<{width}}  {purpose}"


def _execute(self: Any, params: Any, args: list[str]) -> int:
    """As doit's, but that a name that is none is told, with the one that was meant.

    Where no tasks can be read, before the first commit say, it says why, and how `run` is called.
    """
    try:
        return _explain(self, params, args)
    except InvalidDodoFile as error:
        print(f"{args[0]}: {error}\n")
        print(self.cmds["run"](cmds=self._cmds, **self.init_kwargs).help())
    return 0


def _explain(self: Any, params: Any, args: list[str]) -> int:
    if len(args) == 1 and args[0] == "task":
        self.print_task_help()
    elif len(args) == 1 and args[0] in self.cmds:
        print(self.cmds[args[0]](cmds=self._cmds, **self.init_kwargs).help())
    elif not args:
        self.print_usage(self.cmds)
    elif DoitCmdBase.execute(self, params, args):
        if args[0] in getattr(getattr(self.loader, "session", None), "plans", ()):
            print(_OF_WORKSTREAM.format(id=args[0]))
    else:
        from splinter.text.patterns import did_you_mean

        names = [*self.cmds, *(task.name for task in self.task_list)]
        hint = did_you_mean(args[0], names) or f'; "{self.bin_name} list" names them all'
        raise InvalidCommand(f'there is no task or command "{args[0]}"{hint}')
    return 0


def _complete(self: Any, values: Any, args: list[str]) -> Any:
    """As doit's, which completes names of tasks where the usage says TASK; those of workstreams are such names."""
    for command in self.cmds.values():
        command.doc_usage = command.doc_usage.replace("WORKSTREAM", "TASK")
        command.doc_purpose = command.doc_purpose.replace("'", "'\\''")  # doit puts it between such quotes
    return _completes(self, values, args)
