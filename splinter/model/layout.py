"""Where everything of ours is: each ref, folder and file name, written once. Names alone: nothing here is read.

The state, fact by fact; where two places hold one fact, the authority decides and the other is a copy:

| fact | where it is | authority | what is lost when that place is deleted |
|---|---|---|---|
| what is asked | `workstreams/`, settings | the user's files | the work itself |
| a task succeeded | `.doit.db`; of whole workstreams also `refs/splinter/accepted/<id>` | \
`.doit.db`; the ref where all its rows are lost | \
finished steps of unfinished workstreams run again; the rest comes back |
| a step's commit | `refs/splinter/checkpoints/<id>/<step>` | the ref | the step runs again |
| the workstream's result | `refs/heads/splinter/<id>`, or its `branch` | the branch \
| it is made again from the checkpoints |
| which commits are ours | `refs/splinter/accepted/<id>`, `history.db`, of merges `memory.db` | any \
| splinter's own count as a person's |
| what was pushed last | `refs/splinter/remote/<id>` | the ref | the remote's branch is read again before a push |
| the base as last seen | `refs/splinter/base/<remote>/<name>` | the remote | offline, nothing is known of it |
| the remote's default branch as last seen | `refs/splinter/head/<remote>` | the remote | \
it is asked again; offline, `origin/HEAD` counts |
| a paid result | `refs/splinter/results/<key>/<id>` | the ref | the agent is paid again |
| who makes a shared result now | `refs/splinter/claims/<key>` on the remote | the remote | two machines may pay |
| who has a workstream's slot, and which was done last | `refs/splinter/slots/<id>` on the remote; as last seen, and \
which are ours, `.splinter/memory.db` | the remote | it may run twice |
| claims of this repository | `refs/splinter/claimed/<key>` | the ref | a killed run's claim waits for its deadline |
| the trial merge of all branches | `refs/splinter/rehearsals/<base>` | the branches | it is rehearsed again |
| commits that nothing else holds | `refs/splinter/backups/` | the ref | **those commits, for good** |
| runs, outcomes, messages, costs of a run | `.splinter/history.db` | the file | past reports |
| tries and costs so far, whether an `always` run is open | `.splinter/memory.db` | the file \
| **limits count from nothing** |
| logs, patches, recorded runs | `.splinter/runs/<run>/` | the files | evidence of failures |
| what a run does at this moment | `.splinter/under-way.json` | that run, while it holds the lock \
| nothing: the next task says it again |
| schemas of the installed version, for editors | `.splinter/*.schema.json` | the package \
| the next run writes them again |
| that nothing is due, what `doit list` said, and what they rest on \
| `.splinter/nothing-due.json`, `.splinter/listed.json` | all that they name \
| nothing: the next call looks at everything |
| mails where there is no mail server | `.splinter/outbox/` | the files | those mails |
| pull requests without a forge | `.splinter/pull-requests/` | the files | they are written again |
| what is done to the outside, how far it is; which mails and messages wait | `.splinter/memory.db` \
| the outside where it can be asked, else the file | what waits is not sent; a message may come twice |
| which run was reported; which pull requests are ours \
| `.splinter/memory.db` | the file | the last run counts as new \
to a call that only publishes |
| reports | `reports/<run>/`, `reports/latest` | `history.db` | `doit show` prints them again |
| work trees, their index, scratch | the user's state folder | the commits | made again; hand edits are lost |
| objects of bases, for the git of work trees | the user's state folder | the user's repository | made again |
| objects that nothing names yet | the user's state folder | none | nothing: the next run deletes them too |
| which packs are splinter's own | the user's state folder | none | these are not joined with later ones |
| git directories of ours: config, views | the user's state folder | the user's repository | made again |
| when pull requests were written of late | `.splinter/memory.db` | GitHub | it may refuse more writes for a while |
| what GitHub answered, with ETags | the user's cache folder | GitHub \
| each answer counts for the rate limit once more |
| the last simulated run: records, logs, reports, commits | `.splinter/simulated/` and the user's state folder \
| none | nothing: the next simulated run begins without it |
| a clean check, parsed files | the user's cache folder | the files themselves | a slower `doit check` |
"""

from __future__ import annotations

# refs ------------------------------------------------------------------------------------------------------

OURS = "refs/splinter/"
ACCEPTED = f"{OURS}accepted"
BACKUPS = f"{OURS}backups"
BASES = f"{OURS}base"
CHECKPOINTS = f"{OURS}checkpoints"
CLAIMS = f"{OURS}claims"
CLAIMED = f"{OURS}claimed"  # here alone: what this repository claims, so that a killed run's claim is known for that
HEADS = f"{OURS}head"
REHEARSALS = f"{OURS}rehearsals"
REMOTE = f"{OURS}remote"
RESULTS = f"{OURS}results"
SLOTS = f"{OURS}slots"

# in the repository -----------------------------------------------------------------------------------------

DATABASE = ".doit.db"
STATE = ".splinter"
REPORTS = "reports"
LATEST = "latest"
WORKSTREAMS = "workstreams"
WORKSTREAM_SUFFIXES = (".yaml", ".yml", ".json")
SETTINGS = "splinter.toml"
SHARED_SETTINGS = "pyproject.toml"
INCLUDE = ".worktreeinclude"

ANSWERS = "answers"  # in the repository's folder below the user's cache folder: what a forge said

# in `.splinter/` -------------------------------------------------------------------------------------------

HISTORY = "history.db"  # what runs did
MEMORY = "memory.db"  # what the next run decides by
RUNS = "runs"
OUTBOX = "outbox"
PULL_REQUESTS = "pull-requests"
WORKSTREAM_SCHEMA = "workstream.schema.json"  # copies for editors
SETTINGS_SCHEMA = "settings.schema.json"
UNDER_WAY = "under-way.json"  # what the run under way does at this moment
NOTHING_DUE = "nothing-due.json"  # what a call that had nothing to do saw
LISTED = "listed.json"  # what `doit list` said, and saw
SIMULATED = "simulated"  # what a simulated run has in the place of the repository's root
PULL_REQUEST_FILES = f"{STATE}/{PULL_REQUESTS}/"  # from the root, where no forge takes them

# in the repository's folder below the user's state folder --------------------------------------------------

WORKTREES = "worktrees"
INDEXES = "index"
EXCLUDES = "excludes"
SCRATCH = "scratch"
TRAITS = "filesystem"
STORE = "store"  # what the git of work trees reads
QUARANTINE = "quarantine"  # objects that nothing names yet
GIT = "git"  # git directories of ours, by what they stand for
PACKS = "packs"  # the names of packs of ours in the user's repository
COPY = "repository"  # of a simulated run: refs as they were, objects of its own
IN_STATE = (WORKTREES, INDEXES, EXCLUDES, SCRATCH, TRAITS, GIT, STORE, QUARANTINE, PACKS, SIMULATED, COPY)
TOGETHER = "together"  # stands for all workstreams in the place of an id
SIMULATED_RUN = "-simulated"  # at the end of the run's id
JUDGE = ".judge"  # behind a workstream's id: where its checks work


def accepted(id: str) -> str:
    """The ref whose commit says what was accepted last of a workstream: its first parent is the tip."""
    return f"{ACCEPTED}/{id}"


def base(remote: str, name: str) -> str:
    """The ref that holds a branch of a remote as it was fetched last."""
    return f"{BASES}/{remote}/{name}"


def head(remote: str) -> str:
    """The symbolic ref that names the base which is a remote's default branch, as it was asked for last."""
    return f"{HEADS}/{remote}"


def checkpoint(id: str, step: str) -> str:
    """The ref that holds the commit of a step."""
    return f"{CHECKPOINTS}/{id}/{step}"


def remote(id: str) -> str:
    """The ref that holds what of a workstream was pushed last."""
    return f"{REMOTE}/{id}"
