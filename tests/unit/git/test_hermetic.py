"""Whatever stands in a user's git config, a run makes what it makes without it, and starts none of its programs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from splinter.errors import GitError, StepError
from splinter.git import command_line, merge, remotes, user_repository, worktree
from splinter.git import commands as git
from splinter.system import process
from tests.world import World, wait_for

# every program named here leaves a mark when it is started
CONFIG = """
[core]
    hooksPath = {home}/hooks
    fsmonitor = {program}
    attributesFile = {home}/attributes
    excludesFile = {home}/excludes
    pager = {program}
    editor = {program}
    sshCommand = {program}
    askPass = {program}
    gitProxy = {program}
    quotePath = true
    abbrev = 5
    autocrlf = true
    eol = crlf
    safecrlf = true
    fileMode = false
    ignoreCase = true
    symlinks = false
    precomposeUnicode = true
    whitespace = cr-at-eol
    checkStat = minimal
    trustctime = false
    untrackedCache = true
    splitIndex = true
    sparseCheckout = true
    commentChar = ";"
    logAllRefUpdates = false
    bigFileThreshold = 1
    compression = 0
[commit]
    gpgSign = true
    template = {home}/template
    verbose = true
    cleanup = strip
[tag]
    gpgSign = true
    forceSignAnnotated = true
[push]
    gpgSign = true
    default = nothing
    followTags = true
    recurseSubmodules = on-demand
[gpg]
    program = {program}
    format = openpgp
[user]
    signingKey = DEADBEEF
[init]
    templateDir = {home}/template
    defaultObjectFormat = sha1
    defaultRefFormat = files
[diff]
    noprefix = true
    mnemonicPrefix = true
    external = {program}
    renames = copies
    orderFile = {home}/excludes
    submodule = log
    algorithm = patience
    context = 0
    colorMoved = zebra
[diff "text"]
    textconv = {program}
    command = {program}
[merge]
    conflictStyle = diff3
    renames = false
    verifySignatures = true
    directoryRenames = true
[merge "text"]
    driver = {program}
[merge "union"]
    driver = {program}
[filter "upper"]
    clean = {program}
    smudge = {program}
    process = {program}
    required = true
[status]
    showUntrackedFiles = no
    renames = copies
    submoduleSummary = true
    short = true
[log]
    showSignature = true
    showRoot = false
    date = relative
    decorate = full
    mailmap = true
[format]
    pretty = oneline
    signOff = true
[color]
    ui = always
    diff = always
[column]
    ui = always
[fetch]
    prune = true
    pruneTags = true
    fsckObjects = true
    parallel = 0
    recurseSubmodules = true
    writeCommitGraph = true
[remote]
    pushDefault = nowhere
[submodule]
    recurse = true
[url "ext::{program} "]
    insteadOf = nothing-of-ours:
[credential]
    helper = !{program}
[i18n]
    commitEncoding = ISO-8859-1
    logOutputEncoding = ISO-8859-1
[feature]
    manyFiles = true
    experimental = true
[index]
    version = 4
    sparse = true
[gc]
    auto = 1
    autoDetach = false
    pruneExpire = now
[maintenance]
    auto = true
[receive]
    denyCurrentBranch = refuse
    denyNonFastForwards = true
[clean]
    requireForce = true
[add]
    ignoreErrors = true
[apply]
    whitespace = error
[alias]
    add = !{program}
    read-tree = !{program}
    co = !{program}
[trailer]
    separators = "#"
[pager]
    show = {program}
    diff-tree = {program}
[interactive]
    diffFilter = {program}
[include]
    path = {home}/not-there
"""
STEP = r"""
printf 'one\r\ntwo\r\n' > crlf.txt
printf 'changed\n' >> README.md
echo x > 'with space é.txt'; echo x > Made.txt; echo y > made.txt; echo log > kept.log
echo '#!/bin/sh' > run.sh; chmod +x run.sh
ln -s README.md link
mv old.txt new.txt
"""


def prepared(world: World) -> World:
    """A project with a remote, and two workstreams of which one builds on the other, on text that holds no ASCII."""
    world.write("old.txt", "".join(f"{number}\n" for number in range(40)))
    (world.root / "windows.txt").write_bytes(b"a\r\nb\r\n")
    world.workstream(
        "w", title="Ünï — œuvre", base="main", steps=[world.step("s", STEP), world.step("t", "echo t >> README.md")],
        checks=[{"id": "c", "run": "test -x run.sh && test -L link && cat Made.txt made.txt"}],
    )  # fmt: skip
    world.workstream("x", base="main", depends_on=["w"], steps=[world.step("s", "echo x >> new.txt")])
    world.commit()
    bare = world.root.parent / "origin.git"
    world.git("clone", "--quiet", "--bare", str(world.root), str(bare))
    world.git("remote", "add", "origin", f"file://{bare}")
    return world


def made(world: World) -> dict[str, object]:
    """All that a run left in the repository and tells of it, but for names of runs."""
    form = "%T%n%an <%ae> %at%n%cn <%ce> %ct%n%s"
    logs = {branch: world.git("-c", "log.showSignature=false", "log", f"--format={form}", f"main..{branch}")
            for branch in world.branches()}  # fmt: skip
    told = {name: (one["outcome"], one["message"], one["files"]) for name, one in world.records().items()}
    return {
        "logs": logs,
        "told": told,
        "types": world.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").count("commit"),
    }


def hostile(home: Path, config: Path) -> Path:
    """Put the config in place; returns the file that any of its programs writes to."""
    mark, program = home / "started", home / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {mark}\nexit 1\n')
    hooks = [home / "hooks" / name for name in ("pre-commit", "post-checkout", "reference-transaction", "pre-push",
             "post-index-change", "prepare-commit-msg", "commit-msg", "post-commit", "pre-auto-gc")]  # fmt: skip
    (home / "hooks").mkdir()
    (home / "template/hooks").mkdir(parents=True)
    for file in (program, *hooks, home / "template/hooks/post-checkout"):
        file.write_text(program.read_text())
        file.chmod(0o755)
    (home / "attributes").write_text("* filter=upper diff=text merge=text eol=crlf text ident\n")
    (home / "excludes").write_text("*.log\n")
    with config.open("a") as file:
        file.write(CONFIG.format(home=home, program=program))
    return mark


@pytest.mark.parametrize("where", [pytest.param("the user's", marks=pytest.mark.lane("git")), "the repository's"])
def test_a_config_full_of_surprises_changes_nothing(tmp_path: Path, sealed_world: Path, where: str) -> None:
    (sealed_world / "excludes").write_text("*.log\n")
    plain = prepared(World(tmp_path / "plain/project", sealed_world))
    plain.git("config", "core.excludesFile", str(sealed_world / "excludes"))
    assert plain.doit().status == 0
    world = prepared(World(tmp_path / "hostile/project", sealed_world))
    expected = made(plain)
    config = sealed_world / ".gitconfig" if where == "the user's" else world.root / ".git/config"
    before = config.read_text()
    mark = hostile(sealed_world, config)
    done = world.doit()
    opened = user_repository.open_repository(world.root, dict(os.environ))
    tip = git.resolve(opened, "refs/heads/splinter/w")
    assert tip
    (sealed_world / "hooks/reference-transaction").unlink()  # the remote on this disk reads the same config
    remotes.move(opened, "origin", [remotes.branch("splinter/w", tip, expected="")], auth={})
    started = mark.read_text() if mark.exists() else ""
    config.write_text(before)
    assert done.status == 0, done.out + done.err
    assert started == ""
    assert made(world) == expected
    assert world.git("ls-remote", "origin", "refs/heads/splinter/w") != ""


def test_a_merge_driver_of_the_config_is_not_run_and_git_s_own_merge_is(world: World) -> None:
    mark = world.home / "started"
    world.write(".gitattributes", "*.txt merge=mine\n")
    for driver in ("mine", "text"):
        world.git("config", f"merge.{driver}.driver", f"touch {mark}")
    trees = []
    for text in ("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", "eins\n2\n3\n4\n5\n"):
        world.write("a.txt", text)
        world.commit()
        trees.append(world.git("rev-parse", "HEAD^{tree}"))
    opened = user_repository.open_repository(world.root, dict(os.environ))
    merged, conflicts = merge.three_way(opened, *trees[:3])
    assert world.git("show", f"{merged}:a.txt") == "one\n2\n3\n4\nfive"
    assert not conflicts
    assert merge.three_way(opened, trees[0], trees[1], trees[3]) == (None, ("a.txt",))
    assert not mark.exists()


def test_what_the_user_s_own_ignore_file_names_enters_no_commit(world: World) -> None:
    ignore = Path(os.environ["XDG_CONFIG_HOME"]) / "git/ignore"
    ignore.parent.mkdir(parents=True)
    ignore.write_text(".DS_Store\n")
    world.workstream("w", base="main", steps=[world.step("s", "touch .DS_Store made")])
    world.commit()
    assert world.doit().status == 0
    assert world.git("diff", "--name-only", "main", "splinter/w") == "made"


def test_kept_results_survive_a_fetch_where_the_config_prunes(world: World) -> None:
    commit = world.commit()
    bare = world.root.parent / "origin.git"
    world.git("clone", "--quiet", "--bare", str(world.root), str(bare))
    world.git("remote", "add", "origin", f"file://{bare}")
    world.git("config", "fetch.prune", "true")
    world.git("update-ref", "refs/splinter/results/key/one", commit)
    opened = user_repository.open_repository(world.root, dict(os.environ))
    remotes.fetch_refs(opened, "origin", "refs/splinter/results/key/*", {})
    assert world.git("for-each-ref", "--format=%(objectname)", "refs/splinter/results") == commit


def test_a_repository_of_sha256_names_works(world: World) -> None:
    subprocess.run(["rm", "-rf", str(world.root / ".git")], check=True)
    world.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    world.workstream("w", base="main", steps=[world.step("s", "echo made > made.txt")])
    world.commit()
    done = world.doit()
    assert done.status == 0, done.out + done.err
    assert world.git("show", "splinter/w:made.txt") == "made"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_repository_of_another_user_is_reported_with_what_allows_it(world: World) -> None:
    world.workstream("w", base="main", steps=[world.step("s", "echo made > made.txt")])
    world.commit()
    subprocess.run(["chown", "-R", "1000", str(world.root)], check=True)
    done = world.doit()
    command = f"git config --global --add safe.directory {world.root}"
    assert done.status == 3
    assert done.err == (
        f'{world.root}: git opens no repository that belongs to another user; "{command}" allows this one\n'
    )
    subprocess.run(command.split(), check=True)
    assert world.doit().status == 0
    assert world.git("show", "splinter/w:made.txt") == "made"


SSH = {
    "never answers": "exec sleep 600",
    "asks on the terminal": "head -c 1 /dev/tty; exec sleep 600",
    "leaves a child that holds its output": "setsid sleep 600 & exec sleep 600",
}


@pytest.mark.parametrize("does", SSH.values(), ids=SSH)
@pytest.mark.parametrize("verb", ["fetch", "push"])
def test_a_remote_that_never_answers_is_left_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch, does: str, verb: str
) -> None:
    commit, ssh = world.commit(), world.home / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ >> {world.home}/pids\n{does}\n")
    ssh.chmod(0o755)
    world.git("config", "core.sshCommand", str(ssh))
    world.git("config", "ssh.variant", "simple")
    world.git("remote", "add", "origin", "ssh://127.0.0.1/none")
    monkeypatch.setattr(remotes, "NETWORK_TIMEOUT_S", 0.3)
    opened = user_repository.open_repository(world.root, dict(os.environ))
    began = time.monotonic()
    ask: dict[str, Callable[[], None]] = {
        "fetch": lambda: remotes.fetch(opened, "origin", "main", "refs/splinter/base/main", {}),
        "push": lambda: remotes.move(opened, "origin", [remotes.branch("main", commit, expected="")], auth={}),
    }
    with pytest.raises(GitError, match=f"^git {verb} did not end within 0 s and was ended$"):
        ask[verb]()
    assert time.monotonic() - began < 10
    pid = int((world.home / "pids").read_text())
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, "its end")


@pytest.mark.lane("git")
def test_what_outlives_a_call_and_holds_its_output_is_not_waited_for() -> None:
    script = "echo out; echo err >&2; setsid sleep 20 & echo $!"
    began = time.monotonic()
    done = process.capture(["sh", "-c", script], env=dict(os.environ))
    out, pid = done.stdout.decode().split()
    os.kill(int(pid), signal.SIGKILL)
    assert (out, done.stderr, done.exit_status) == ("out", b"err\n", 0)
    assert time.monotonic() - began < 10


def test_what_the_file_system_of_the_work_tree_can_do_is_asked_of_git_there(world: World) -> None:
    for key in ("core.fileMode", "core.symlinks"):
        world.git("config", key, "false")
    world.git("config", "core.ignoreCase", "true")
    commit = world.commit()
    opened, tree = (
        user_repository.open_repository(world.root, dict(os.environ)),
        worktree.locate(world.home / "state", "w"),
    )
    worktree.ensure(opened, tree, ())
    (world.home / "probe").mkdir()
    world.git("-C", str(world.home / "probe"), "init", "--quiet")
    found = {line.partition("=")[0]: line.partition("=")[2] for line in command_line.traits(tree)}
    for key in ("core.filemode", "core.ignorecase", "core.symlinks"):
        default = "true" if key == "core.symlinks" else "false"
        said = world.git("-C", str(world.home / "probe"), "config", "--local", "--default", default, key)
        assert found[key] == said
    worktree.place(opened, tree, commit)


def test_two_names_of_one_file_are_refused_where_the_file_system_ignores_case(world: World) -> None:
    world.write("src/Read.py", "")
    world.git("add", "src")
    blob = world.git("hash-object", "-w", "README.md")
    world.git("update-index", "--add", "--cacheinfo", f"100644,{blob},src/read.py")
    world.git("commit", "--quiet", "-m", "two names")
    commit, opened = world.git("rev-parse", "HEAD"), user_repository.open_repository(world.root, dict(os.environ))
    tree = worktree.locate(world.home / "state", "w")
    worktree.ensure(opened, tree, ())
    tree.traits.write_text("core.ignorecase=true\n")
    told = r"^src/Read\.py and src/read\.py are one file on the file system of .*/worktrees, which does not tell upper case"
    with pytest.raises(StepError, match=told):
        worktree.place(opened, tree, commit)
    assert not any(tree.path.iterdir())


def test_a_partial_clone_fetches_what_it_lacks_by_the_user_s_own_config(world: World) -> None:
    world.write("far/big.txt", "big\n")
    world.workstream("w", base="main", steps=[world.step("s", "cp far/big.txt made.txt")])
    world.commit()
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        world.git("config", key, "true")
    world.git("config", "--global", f"url.file://{world.root.parent}/.insteadOf", "by-his-config:")
    world.git("clone", "--quiet", "--filter=blob:none", "--sparse", "by-his-config:project", "../partial")
    partial = world.root.parent / "partial"
    (partial / "dodo.py").write_text((world.root / "dodo.py").read_text())
    world.git("-C", str(partial), "sparse-checkout", "set", "workstreams")
    done = world.doit(cwd=partial)
    assert done.status == 0, done.out + done.err
    assert world.git("-C", str(partial), "show", "splinter/w:made.txt") == "big"
