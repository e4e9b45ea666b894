"""Runs as reports show them: a small night of everyday work, and a large one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from splinter.model.records import (
    CaseRecord,
    CheckRecord,
    Clash,
    Comparison,
    FileChange,
    LeftOut,
    PullRequestRecord,
    RehearsalRecord,
    RunRecord,
    StepRecord,
    Usage,
    WorkstreamRecord,
)
from splinter.publish.report_contents import Contents, Proposed, Shown

RUN = "20261126-020000-3f9a"
BEGAN = datetime(2026, 11, 26, 2, tzinfo=UTC)
URL = "https://github.com/octo/project/pull/"
DIFF = """\
diff --git a/docs/api.md b/docs/api.md
index 3f2a1bc..9d0e4f1 100644
--- a/docs/api.md
+++ b/docs/api.md
@@ -12,7 +12,9 @@ Every function takes a session.
 ## greet

 ```python
-greet("world")
+from project import greet
+
+greet("world", polite=True)
 ```

 It returns the greeting as text.
diff --git a/docs/examples/greet.py b/docs/examples/greet.py
new file mode 100644
index 0000000..5d2c8a7
--- /dev/null
+++ b/docs/examples/greet.py
@@ -0,0 +1,4 @@
+from project import greet
+
+if __name__ == "__main__":
+    print(greet("world", polite=True))
"""
PATCH = """\
diff --git a/src/project/parser.py b/src/project/parser.py
index 77aa01c..0b9d1e2 100644
--- a/src/project/parser.py
+++ b/src/project/parser.py
@@ -40,6 +40,8 @@ def parse(text: str) -> Tree:
     tokens = tokenize(text)
     if not tokens:
         return Tree()
-    return _expression(tokens)
+    tree = _expression(tokens)
+    tree.freeze()
+    return tree
"""
LOG = """\
============================= test session starts ==============================
collected 214 items

tests/test_parser.py ....F.F......                                       [  6%]
tests/test_tree.py ..........................................            [ 25%]

=================================== FAILURES ===================================
_______________________________ test_empty_input _______________________________
    def test_empty_input():
>       assert parse("").frozen is False
E       AssertionError: assert True is False
=========================== short test summary info ============================
FAILED tests/test_parser.py::test_empty_input - AssertionError: assert True is False
FAILED tests/test_parser.py::test_nested - AttributeError: 'Tree' object has no attribute 'items'
========================= 2 failed, 212 passed in 8.61s =========================
"""
AGENT = Usage(calls=1, priced=1, counted=1, usd=0.4213, input_tokens=182_300, output_tokens=9_120)


def at(minutes: float) -> str:
    return (BEGAN + timedelta(minutes=minutes)).isoformat(timespec="seconds")


def log_of(id: str, part: str) -> str:
    return f".splinter/runs/{RUN}/{id}/{part}.log"


def step(id: str, name: str, begun: float, seconds: float, outcome: str = "changed", **more: object) -> StepRecord:
    return StepRecord(
        workstream=id, step=name, outcome=outcome, started=at(begun), seconds=seconds, log=log_of(id, name), **more
    )  # type: ignore[arg-type]


DOCS = WorkstreamRecord(
    workstream="api-docs", title="Refresh the API docs", outcome="changed", base="main", branch="splinter/api-docs",
    objective="Every public function has a current example.\n\nExamples are run by the tests.",
    tip="9d0e4f1a" + "0" * 32, base_commit="3f2a1bc0" + "0" * 32,
    files=(FileChange(status="M", path="docs/api.md"), FileChange(status="A", path="docs/examples/greet.py")),
    steps=(
        step("api-docs", "prepare", 0, 4.2, "unchanged"),
        step(
            "api-docs", "write", 0.1, 184.0, tool="claude-code", model="opus", usage=AGENT,
            said="I added an example for `greet` and made the page use it.\n\n- docs/api.md\n- docs/examples/greet.py",
        ),
        step("api-docs", "format", 3.2, 2.1, "unchanged"),
    ),
    checks=(
        CheckRecord(
            workstream="api-docs", check="tests", outcome="passed", seconds=9.3, started=at(3.3), log=log_of("api-docs", "tests"),
            cases=tuple(CaseRecord(id=f"t::test_{n}", outcome="passed") for n in range(212)), compared=Comparison(before="passed"),
        ),
    ),
    metadata={"owner": "docs team"},
)  # fmt: skip
PARSER = WorkstreamRecord(
    workstream="freeze-parser", title="Make parse trees immutable", outcome="failed", reason="check_failed", step="tests",
    base="main", branch="splinter/freeze-parser", base_commit="3f2a1bc0" + "0" * 32,
    message="pytest -q ended with exit status 1\nFAILED tests/test_parser.py::test_empty_input - AssertionError: assert True is False\n2 failed, 212 passed in 8.61s",
    ref="refs/splinter/checkpoints/freeze-parser/fix-1", patch=f".splinter/runs/{RUN}/freeze-parser/made.patch",
    files=(FileChange(status="M", path="src/project/parser.py"),),
    steps=(
        step("freeze-parser", "prepare", 0, 4.4, "unchanged"),
        step("freeze-parser", "edit", 0.1, 262.0, tool="claude-code", model="opus", usage=AGENT),
        step("freeze-parser", "fix-1", 4.8, 95.0, tool="claude-code", model="opus", usage=AGENT, notes=("fixed tests/test_tree.py::test_copy",)),
    ),
    checks=(
        CheckRecord(
            workstream="freeze-parser", check="tests", outcome="failed", seconds=8.9, started=at(6.5), log=log_of("freeze-parser", "tests"),
            cases=(
                *(CaseRecord(id=f"t::test_{n}", outcome="passed") for n in range(212)),
                CaseRecord(id="tests/test_parser.py::test_empty_input", outcome="failed", message="AssertionError: assert True is False"),
                CaseRecord(id="tests/test_parser.py::test_nested", outcome="failed", message="AttributeError: 'Tree' object has no attribute 'items'"),
            ),
            compared=Comparison(before="passed", broken=("tests/test_parser.py::test_empty_input", "tests/test_parser.py::test_nested")),
        ),
    ),
    notes=("Run `doit freeze-parser` again once the cause is out of the way; it begins at the check.",),
)  # fmt: skip
SITE = WorkstreamRecord(
    workstream="site", title="Build the site from the new docs", outcome="blocked", depends_on=("freeze-parser",),
    message="freeze-parser did not succeed", base="main", branch="splinter/site",
)  # fmt: skip
DEPS = WorkstreamRecord(workstream="deps", title="Update the dependencies", outcome="skipped", depends_on=("api-docs",))
OPENED = PullRequestRecord(workstream="api-docs", action="opened", where=f"{URL}48", number=48)


def small() -> tuple[RunRecord, Contents]:
    run = RunRecord(
        run=RUN, started=at(0), finished=at(7), workstreams=(DOCS, PARSER, SITE, DEPS), pull_requests=(OPENED,), usage=AGENT + AGENT + AGENT,
        rehearsals=(
            RehearsalRecord(
                base="main", base_commit="3f2a1bc0" + "0" * 32, commit="aa" * 20, workstreams=("api-docs", "deps"), unions=3,
                left_out=(LeftOut(workstream="lint", reason="conflict", message=""),), clashes=(Clash(one="api-docs", other="lint", paths=("docs/api.md",)),),
                checks=(CheckRecord(workstream="api-docs", check="tests", outcome="passed", seconds=9, cases=(CaseRecord(id="a", outcome="passed"),)),),
            ),
        ),
    )  # fmt: skip
    contents = Contents(
        repository="octo/project", now=at(7), ci="https://github.com/octo/project/actions/runs/42",
        diffs={"api-docs": Shown(text=DIFF)},
        files={
            log_of("freeze-parser", "tests"): Shown(text=LOG, left_out=None),
            log_of("api-docs", "write"): Shown(text="Reading docs/api.md\nWriting docs/examples/greet.py"),
            PARSER.patch or "": Shown(text=PATCH),
        },
        proposed={
            "api-docs": Proposed(workstream="api-docs", where=f"{URL}48", number=48, since=at(7)),
            "deps": Proposed(workstream="deps", where=f"{URL}31", number=31, since=at(-60 * 24 * 12)),
        },
    )  # fmt: skip
    return run, contents


def large(number: int) -> tuple[RunRecord, Contents]:
    """Every tenth fails, every tenth is not due; all have logs, most have diffs."""
    records, diffs, files, proposed, pulls = [], {}, {}, {}, []
    for n in range(number):
        id, outcome = f"workstream-{n:04}", "failed" if n % 10 == 3 else "skipped" if n % 10 == 7 else "changed"
        base = PARSER if outcome == "failed" else DOCS
        if outcome == "skipped":
            records.append(WorkstreamRecord(workstream=id, title=f"Look at part {n}", outcome="skipped"))
            continue
        steps = tuple(
            step(
                id, one.step, n / 8 + one_at, one.seconds, one.outcome, tool=one.tool, model=one.model, usage=one.usage
            )
            for one_at, one in zip((0, 0.1, 5), base.steps, strict=True)
        )
        patch = f".splinter/runs/{RUN}/{id}/made.patch" if outcome == "failed" else None
        checks = tuple(
            CheckRecord(
                workstream=id, check=one.check, outcome=one.outcome, seconds=one.seconds, started=at(n / 8 + 7), cases=one.cases[-20:],
                compared=one.compared, log=log_of(id, one.check),
            )
            for one in base.checks
        )  # fmt: skip
        records.append(
            WorkstreamRecord(
                workstream=id, title=f"{base.title}, part {n}", outcome=outcome, reason=base.reason, step=base.step, message=base.message,
                objective=base.objective, base="main", branch=f"splinter/{id}", tip=base.tip, files=base.files, steps=steps, checks=checks,
                base_commit=base.base_commit, ref=base.ref, patch=patch, metadata=base.metadata,
            )
        )  # fmt: skip
        files.update(
            {one.log: Shown(text=LOG) for one in (*steps, *checks) if one.log and (one.outcome == "failed" or n < 100)}
        )
        if outcome == "changed":
            diffs[id] = Shown(text=DIFF)
            pulls.append(PullRequestRecord(workstream=id, action="opened", where=f"{URL}{n}", number=n))
            proposed[id] = Proposed(workstream=id, where=f"{URL}{n}", number=n, since=at(-n * 60))
        elif patch:
            files[patch] = Shown(text=PATCH)
    run = RunRecord(
        run=RUN,
        started=at(0),
        finished=at(number / 8 + 8),
        workstreams=tuple(records),
        pull_requests=tuple(pulls),
        usage=sum((one.usage for one in records), Usage()),
    )
    return run, Contents(repository="octo/project", now=run.finished or "", diffs=diffs, files=files, proposed=proposed)
