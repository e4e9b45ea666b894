"""doit's runner for projects of ours: finalizers run after failures, blocked work is reported once, an interrupt saves.

Threads only wait for children here, so there is one runner for any number of them; it never joins a thread.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import Any

from doit.exceptions import TaskError, UnmetDependency
from doit.runner import ERROR, FAILURE, MThreadRunner

from splinter.doit_plugins import order, selection, slot_tasks
from splinter.doit_plugins.rows import RefusedError, fail_of
from splinter.engine import accept, slot_claims
from splinter.engine.session import Session
from splinter.engine.work import Work
from splinter.errors import InputError, SplinterError
from splinter.publish import run_errors

_WAIT_S = 15.0  # for running actions to save what they have, once their children were asked to end
_WAKE_S = 0.5  # a wait without end hears no Ctrl-C on Windows


class Runner(MThreadRunner):
    """Runs tasks in threads of its own; made for one session."""

    final_result: int

    def __init__(self, session: Session, *arguments: Any) -> None:
        """`arguments` are doit's own."""
        super().__init__(*arguments)
        self.session = session
        self.signal: int | None = None
        self._done: queue.SimpleQueue[tuple[Any, Any] | None] = queue.SimpleQueue()
        self._running = 0
        self._begun: set[str] = set()  # workstreams

    def select_task(self, node: Any, tasks_dict: dict[str, Any]) -> bool:
        """Whether a task should be executed; a finalizer waits for the others but never for their success."""
        if node.run_status is None and (why := slot_tasks.is_left_out(self.session, node.task)):
            node.run_status = "ignore"
            # another reporter, which the call asked for, knows what is ignored
            getattr(self.reporter, "leave_out", lambda task, why: self.reporter.skip_ignore(task))(node.task, why)
            self._settle(node)
            return False
        if (node.task.meta or {}).get("finalizer"):
            node.bad_deps, node.ignored_deps = [], []
        try:
            is_selected = bool(super().select_task(node, tasks_dict))
        except Exception as error:
            self._refuse(node, error)
            is_selected = False
        if not is_selected:
            self._settle(node)
        return is_selected

    def _settle(self, node: Any) -> None:
        """A workstream has come to its end where its last task was looked at, or one failed."""
        meta = node.task.meta or {}
        if "step" in meta and (meta["step"] == "accept" or node.run_status == "failure"):
            self.session.activity.settle(meta["workstream"])

    def process_task_result(self, node: Any, base_fail: Any) -> None:
        """Save a success; a `--test` of a notifier is none."""
        if base_fail is None and is_test(node.task):
            node.run_status = "successful"
            self.reporter.add_success(node.task)
            return
        try:
            super().process_task_result(node, base_fail)
        except SplinterError as error:  # its row cannot be saved: what is not on disk did not succeed
            node.run_status = "failure"
            self.final_result: int = ERROR
            unsaved = TaskError(str(error))
            if "session" in (node.task.meta or {}):
                self._keep_error(node.task, unsaved)
            for fail in filter(None, (base_fail, unsaved)):
                self.reporter.add_failure(node.task, fail)
        else:
            if base_fail is None and _is_of_the_run(node.task):
                run_errors.settle(self.session, node.task.name)

    def _handle_task_error(self, node: Any, base_fail: Any) -> None:
        """A blocked task is a consequence: its own record of success stays, and the exit status is a failure's."""
        if not isinstance(base_fail, UnmetDependency):
            before = self.final_result
            if _is_of_the_run(node.task):
                self._keep_error(node.task, base_fail)
            super()._handle_task_error(node, base_fail)
            if isinstance(base_fail, RefusedError):  # where something else fails too, the exit status says that
                self.final_result = before or InputError.exit_status
            return
        node.run_status = "failure"
        self.final_result = self.final_result or FAILURE
        self._record_blocked(node)
        self.reporter.add_failure(node.task, base_fail)

    def _keep_error(self, task: Any, fail: Any) -> None:
        """An error that is no workstream's own failure belongs to the run's record."""
        if not is_test(task):
            defect = fail.traceback[-1].strip() if fail.traceback else ""
            said = "\n".join(filter(None, (fail.message, defect)))
            run_errors.keep(self.session, task.name, said, getattr(fail, "cause", None))

    def _refuse(self, node: Any, error: Exception) -> None:
        """A task that could not be looked at fails alone: the others are run, and the report is written."""
        meta = node.task.meta or {}
        if meta.get("step"):
            with suppress(SplinterError):  # nor written down
                accept.fail(self._work(meta), meta["step"], error)
        self._handle_task_error(node, fail_of(error, node.task))

    def _record_blocked(self, node: Any) -> None:
        meta = node.task.meta or {}
        waits = [bad.task.name for bad in node.bad_deps if _is_of_the_run(bad.task)]
        if meta.get("publishes") and waits:
            run_errors.keep(self.session, node.task.name, f"it waits for {', '.join(waits)}, which ended in an error")
        if meta.get("step") == "prepare":
            by = tuple(dict.fromkeys(bad.task.name.split(":")[0] for bad in node.bad_deps))
            accept.block(self._work(meta), by)

    def _work(self, meta: dict[str, Any]) -> Work:
        return Work(session=self.session, plan=self.session.plans[meta["workstream"]])

    def run_tasks(self, task_dispatcher: Any) -> None:
        """Dispatch tasks to threads until none is left, or until a signal; then wait only for what must be saved."""
        self._run_tasks_init(task_dispatcher)
        if self.num_process > 1:
            self._put_in_order(task_dispatcher)
        try:
            self._dispatch(task_dispatcher)
        except BaseException:  # a database that cannot be read, say: nothing that was started stays
            self.session.processes.stop()
            self._stop_running = True
            self._wait(is_short=True)
            raise
        self._wait(is_short=False)

    def _put_in_order(self, task_dispatcher: Any) -> None:
        """Let the longest expected path be begun first, where there are more workstreams than may run at once."""
        ids = selection.workstreams(task_dispatcher)
        if len(ids) > self.num_process:
            longest = order.paths(self.session, ids)
            task_dispatcher.ready = order.Ready(longest, self._begun)
            selected = order.selected(task_dispatcher.selected_tasks, longest)
            task_dispatcher.generator = task_dispatcher._dispatcher_generator(selected)

    def _dispatch(self, task_dispatcher: Any) -> None:
        node = None
        while not self._stop_running:
            if self._running >= self.num_process:
                node = self._finish_one()
                continue
            try:
                found = task_dispatcher.generator.send(node)
            except StopIteration:
                break
            node = None
            if found == "hold on":
                node = self._finish_one()
            elif self.select_task(found, task_dispatcher.tasks):
                node = self._begin(found)
            else:
                node = found

    def _wait(self, *, is_short: bool) -> None:
        """Until all that runs is saved; after a signal or an error only for a while."""
        deadline = time.monotonic() + _WAIT_S
        while self._running and (not (is_short or self.signal) or time.monotonic() < deadline):
            self._finish_one()

    def interrupt(self, number: int) -> None:
        """Start nothing more and end the children; safe to be called by a signal's handler."""
        self.signal = number
        self._stop_running = True
        self.session.processes.stop()
        self._done.put(None)

    def _begin(self, node: Any) -> Any:
        """Start a task in a thread; one without actions, such as a workstream's group, is done at once, and given."""
        if node.task.actions:
            self._start(node)
            return None
        self.process_task_result(node, self.execute_task(node.task))
        self._settle(node)
        return node

    def _start(self, node: Any) -> None:
        self._running += 1
        self._begun.add((node.task.meta or {}).get("workstream", ""))
        self.session.processes.begin()

        def work() -> None:
            try:
                with self.session.activity.task(node.task.name, (node.task.meta or {}).get("workstream", "")):
                    fail = self.execute_task(node.task)
            except Exception as error:  # an action of the user's own, or a defect: this task fails, no other
                fail = TaskError("the task's action raised an error", error)
            self._done.put((node, fail))

        threading.Thread(target=work, name=node.task.name, daemon=True).start()

    def _finish_one(self) -> Any:
        """Wait for one running task and save it; None where a signal or a second's wait comes first."""
        slot_claims.renew(self.session)
        try:
            done = self._done.get(timeout=_WAKE_S)
        except queue.Empty:
            return None
        if done is None:
            return None
        node, fail = done
        self._running -= 1
        self.process_task_result(node, fail)
        self._settle(node)
        return node


def is_test(task: Any) -> bool:
    """Whether it only tries a notifier."""
    return bool((task.options or {}).get("test"))


def _is_of_the_run(task: Any) -> bool:
    """Whether it is one of ours that belongs to no workstream."""
    meta = task.meta or {}
    return "session" in meta and "step" not in meta
