"""What a call of doit selects, and what of that its final tasks wait for. It starts nothing."""

from __future__ import annotations

from typing import Any


def cut_wait_only(control: Any, *, is_single: bool) -> None:
    """Tasks that only wait keep, of what they wait for, what the call's other arguments select."""
    tasks = control.tasks
    running: set[str] = set()
    todo = [name for name in control.selected_tasks if not _waits(tasks[name])]
    while todo:
        name = todo.pop()
        if name not in running:
            running.add(name)
            todo.extend(() if is_single and not tasks[name].has_subtask else tasks[name].task_dep)
    waiting = {name for name in control.selected_tasks if _waits(tasks[name])}
    waiting |= {sub for name in waiting for sub in tasks[name].task_dep if tasks[sub].subtask_of == name}
    kept = running | waiting
    for task in tasks.values():
        if _waits(task):
            task.task_dep = [name for name in task.task_dep if name in kept]
        elif is_single and not task.has_subtask and task.name in control.selected_tasks:
            task.task_dep = []


def starts_workstreams(control: Any) -> bool:
    """Whether a workstream is among what is selected, or among what that waits for."""
    return any("workstream" in (control.tasks[name].meta or {}) for name in called(control))


def workstreams(control: Any) -> list[str]:
    """Those that are to come to an end."""
    names = called(control)
    metas = (task.meta or {} for name, task in control.tasks.items() if name in names)
    return [meta["workstream"] for meta in metas if meta.get("step") == "accept"]


def called(control: Any) -> set[str]:
    """What is selected, and what that waits for."""
    todo, seen = list(control.selected_tasks), set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(control.tasks[name].task_dep)
    return seen


def _waits(task: Any) -> bool:
    return bool((task.meta or {}).get("wait_only"))
