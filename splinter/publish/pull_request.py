"""The story of one pull request, one report, one mail: from what is recorded to people.

It starts no workstream and never reports anything that is not in a record.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from splinter.engine.session import PINGED, Session
from splinter.errors import PublishError
from splinter.model import layout, records
from splinter.model.fingerprints import Values, definition, fingerprint
from splinter.model.plan import Plan, choose_remote
from splinter.model.ports import Forge, Message, Notifier, Proposal
from splinter.model.records import ErrorRecord, PullRequestRecord, RunRecord, WorkstreamRecord
from splinter.publish import pull_request_body, push, report
from splinter.system.history import exclude_from_git, make_ignored_folder, write_whole
from splinter.text import redact

SENDGRID = ("smtp.sendgrid.net", "apikey")
NOTHING_LEFT = "Nothing is left to propose: the base already holds this change, or the workstream no longer makes one."


def github_repository(session: Session) -> str | None:
    """`owner/name` of the repository on GitHub that pull requests go to, None where they become files."""
    remote = choose_remote(session.settings, session.snapshot)
    if not remote or not session.environment.github_token:
        return None
    from splinter.publish.forges.github import repository_of

    return session.environment.github_repository or repository_of(
        session.snapshot.remotes[remote], session.environment.github_api_url
    )


def target(session: Session) -> str:
    """Where pull requests go, in a word."""
    repository = github_repository(session)
    return f"github:{repository}" if repository else "local"


def forge(session: Session) -> Forge:
    """Where pull requests go."""
    repository = github_repository(session)
    if repository:
        from splinter.publish.forges.github import GitHub

        assert session.environment.github_token
        return GitHub(session.environment.github_token, repository, session.environment.github_api_url)
    from splinter.publish.forges.local import Local

    return Local(session.repository.root)


def pull_request(session: Session, plan: Plan, accepted: Values) -> PullRequestRecord:
    """Push the branch and open or update its pull request, or close it where nothing is left; raises PublishError."""
    wanted = proposal(session, plan, accepted) if accepted["outcome"] == "changed" else None
    return propose(session, plan, accepted["tip"], wanted)


def propose(session: Session, plan: Plan, tip: str, wanted: Proposal | None) -> PullRequestRecord:
    """Push the branch and bring its pull request to what is wanted; None closes it. Raises PublishError."""
    run = session.published_run()
    if wanted:
        send = partial(push.push, session, plan, tip)
        done = forge(session).publish(wanted, send)
        if done.action == "none" and _is_aimed_at(session, plan):
            send()
        done = replace(done, notes=tuple(session.redactor.text(note) for note in done.notes))
        session.store.set_fact(f"pull_request/{plan.id}", done.where)
    else:
        done = _withdraw(session, plan)
    session.store.put_pull_request(run, done)
    return done


def proposal(session: Session, plan: Plan, accepted: Values) -> Proposal:
    """The pull request as it should be."""
    known = session.store.last_result(plan.id, accepted["tip"])
    run, record = known or ("", describe_lost(plan))
    wanted = plan.workstream.pull_request
    assert wanted
    masked = session_redacted(session, replace(record, title=plan.workstream.title))
    body = pull_request_body.body(masked, run=run, reproduce=f"doit {plan.id}", definition=definition(plan))
    return Proposal(
        workstream=plan.id,
        head=plan.branch,
        base=wanted.base or _aim(session, plan, accepted),
        title=pull_request_body.title(masked),
        own_body=body,
        draft=wanted.draft,
        labels=wanted.labels,
        reviewers=wanted.reviewers,
        assignees=wanted.assignees,
        is_lost=known is None,
    )


def describe_lost(plan: Plan) -> WorkstreamRecord:
    """What can still be said of a result whose history was deleted."""
    workstream = plan.workstream
    return WorkstreamRecord(
        workstream=plan.id,
        title=workstream.title,
        outcome="changed",
        objective=workstream.objective,
        base=plan.base.name,
        branch=plan.branch,
        metadata=workstream.metadata,
    )


def session_redacted(session: Session, record: WorkstreamRecord) -> WorkstreamRecord:
    """A record with every secret masked."""
    return records.workstream_from_json(redact.masked(records.to_json(record), session.redactor))


def run_record(session: Session, run: str) -> RunRecord:
    """What is recorded of a run, secrets masked, with the workstreams that were not due shown as skipped."""
    root = session.repository.root
    kept = records.with_files(session.store.run(run), lambda path: (root / path).exists())
    record = records.run_from_json(redact.masked(records.to_json(kept), session.redactor))
    return _whole(session, replace(record, errors=_with_own_errors(session, record)))


def _with_own_errors(session: Session, record: RunRecord) -> tuple[ErrorRecord, ...]:
    """The errors of a run, those too that could not be written down."""
    own = session.errors if record.run == session.own_run() else ()
    return tuple({error.task: error for error in (*own, *record.errors)}.values())


def _whole(session: Session, record: RunRecord) -> RunRecord:
    recorded = {done.workstream for done in record.workstreams}
    skipped = tuple(
        session_redacted(session, _skipped(session, plan)) for plan in session.plans.values() if plan.id not in recorded
    )
    order = {id: number for number, id in enumerate(session.plans)}
    workstreams = sorted((*record.workstreams, *skipped), key=lambda one: order.get(one.workstream, len(order)))
    return replace(record, workstreams=tuple(workstreams))


def digest(session: Session, run: str | None) -> str:
    """The hash of what is recorded of a run, the time it was finished at aside; workstreams not in it do not count.

    Nor do errors in reporting it: one mail that was refused is no reason to send the same message to Slack again.
    """
    if run is None:
        return ""
    record = records.to_json(replace(session.store.run(run), finished=None))
    errors = [error for error in record.pop("errors") if error["task"] not in records.TELLING]
    return fingerprint({"record": record | ({"errors": errors} if errors else {})})


def write_report(session: Session, record: RunRecord) -> Path:
    """Write report.md, report.json and index.html of a run, and let `reports/latest` name them."""
    folder = session.repository.root / layout.REPORTS / record.run
    if folder.parent.is_dir() and not (folder.parent / ".gitignore").exists():
        for name in (layout.LATEST, "[0-9]*-[0-9]*-*/"):  # a folder that the user has his own files in
            exclude_from_git(session.repository.common, f"/{layout.REPORTS}/{name}")
    else:
        make_ignored_folder(folder.parent)
    write_whole(folder / "report.md", report.report_markdown(record))
    write_whole(folder / "report.json", report.report_json(record))
    write_whole(folder / "index.html", report.index_html(record))
    _point(folder.parent / layout.LATEST, folder)
    return folder


def mailer(session: Session) -> Notifier:
    """How mail leaves; raises PublishError where a setting is missing."""
    from splinter.publish.notifiers.mail import Mail, Outbox

    env = session.environment
    host, user, password = env.smtp_host, env.smtp_user, env.smtp_password
    if not host and env.sendgrid_api_key:
        (host, user), password = SENDGRID, env.sendgrid_api_key
    if not host:
        return Outbox(session.store.folder / layout.OUTBOX, session.repository.identity.email, env.report_recipients)
    if not env.report_recipients:
        raise PublishError(
            "REPORT_RECIPIENTS is not set, so the mail has nobody to go to; set it, with commas between addresses"
        )
    return Mail(
        host=host,
        port=env.smtp_port,
        user=user,
        password=password,
        security=env.smtp_security,
        sender=session.repository.identity.email,
        recipients=env.report_recipients,
    )


def messenger(session: Session, task: str) -> Notifier:
    """Slack or the healthcheck; raises PublishError where it is not configured."""
    from splinter.publish.notifiers.healthcheck import Healthcheck
    from splinter.publish.notifiers.slack import Slack

    env = session.environment
    if task == "slack":
        if not env.slack_webhook_url:
            raise PublishError("SLACK_WEBHOOK_URL is not set, so nothing is sent to Slack")
        return Slack(env.slack_webhook_url)
    if not env.healthcheck_url:
        raise PublishError("HEALTHCHECK_URL is not set, so nothing is pinged")
    return Healthcheck(env.healthcheck_url)


def message(session: Session, run: str | None) -> Message:
    """What mail and messengers say of a run; with none, that nothing was due."""
    if run is None:
        text = "Nothing was due."
        return Message(run="", subject="[splinter] nothing was due", text=text, html=f"<p>{text}</p>", is_failure=False)
    return report.mail(run_record(session, run), is_earlier=run not in (session.taken_up, session.run))


def ping(session: Session) -> tuple[str | None, Message]:
    """What the healthcheck hears: of the run of this call, never of an earlier one that it has heard of."""
    run = session.own_run()
    if run is None and session.only_publishes:
        last = session.store.latest_run()
        run = last if last != session.store.fact(PINGED) else None
    if run or not session.errors:
        return run, message(session, run)
    now = session.clock.now().isoformat(timespec="seconds")
    night = RunRecord(run="", started=now, finished=now, errors=tuple(session.errors))
    return None, report.mail(_whole(session, night))


def sample() -> Message:
    """What `--test` sends: it says that it is a test."""
    text = "This is a test of splinter's own making. No run is reported by it.\n"
    return Message(run="test", subject="[splinter] test", text=text, html=f"<p>{text}</p>", is_failure=False)


def _withdraw(session: Session, plan: Plan) -> PullRequestRecord:
    nothing = PullRequestRecord(workstream=plan.id, action="none", where="")
    if not session.store.fact(f"pull_request/{plan.id}"):
        return nothing
    closed = forge(session).close(workstream=plan.id, head=plan.branch, comment=NOTHING_LEFT)
    session.store.set_fact(f"pull_request/{plan.id}", "")
    return closed or nothing


def _is_aimed_at(session: Session, plan: Plan) -> bool:
    """Whether another pull request may aim at this branch, so that it must be there whatever became of its own."""
    others = (other.workstream for other in session.plans.values())
    return any(other.pull_request and other.depends_on == (plan.id,) for other in others)


def _aim(session: Session, plan: Plan, accepted: Values) -> str:
    """The base branch of the pull request: the one branch that it starts from, as long as that is ahead of the base."""
    depends_on = plan.workstream.depends_on
    if len(depends_on) == 1 and accepted["start"] != accepted["base"]:
        other = session.plans[depends_on[0]]
        if other.workstream.pull_request:
            return other.branch
    return plan.base.name


def _skipped(session: Session, plan: Plan) -> WorkstreamRecord:
    last = session.store.last_workstream(plan.id)
    message = f"not due; it ended as {last[1].outcome} in run {last[0]}" if last else "not due, and never run"
    return WorkstreamRecord(workstream=plan.id, title=plan.workstream.title, outcome="skipped", message=message)


def _point(latest: Path, folder: Path) -> None:
    """Let `latest` name a folder: a symlink, or a copy where the system makes none."""
    temporary = latest.with_name(".latest")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(folder.name, target_is_directory=True)
    except OSError:
        shutil.copytree(folder, temporary)
    if latest.is_dir() and not latest.is_symlink():
        if not (latest / "report.json").is_file():
            raise PublishError(f"{layout.REPORTS}/{latest.name} is a folder that is not ours; move it away")
        shutil.rmtree(latest)
    temporary.replace(latest)
