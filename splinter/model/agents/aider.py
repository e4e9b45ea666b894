"""aider: sentences, and always the exit status 0."""

from __future__ import annotations

import re
from dataclasses import replace

from splinter.model.agents import reports
from splinter.model.agents.agent import MODEL, Agent
from splinter.model.agents.reports import UNREAD, Reading
from splinter.model.tool import Tool

# aider breaks its lines at 80 columns, wherever that is

_NUMBER = r"(\d+(?:\.\d+)?)([kM]?)"
_USAGE = re.compile(
    rf"^Tokens:\s+{_NUMBER}\s+sent,(?:\s+\S+\s+cache\s+(?:write|hit),)*\s+{_NUMBER}\s+received\.",
    re.MULTILINE | re.ASCII,
)
_COST = re.compile(r"Cost:\s+\$\d+\.\d+\s+message,\s+\$(\d+\.\d+)\s+session\.", re.ASCII)
_MODEL = re.compile(r"^(?:Main model|Model): (\S{1,200})", re.MULTILINE)
_ERROR = re.compile(
    # looked at ahead, so that a long word is read once, and not from each place where one of these could end
    r"^litellm\.(?=\w*(?:Error|Timeout|Exception))\w+:.*(?:\n(?!The API provider|Retrying in).+)*"
    r"|^Only \d+ reflections allowed, stopping\.",
    re.MULTILINE,
)


def read(output: str) -> Reading:
    """For aider, which prints sentences and always exits 0; an error counts where no answer came after it."""
    usages = list(_USAGE.finditer(output))
    model = _MODEL.search(output)
    reading = replace(UNREAD, model=model[1] if model else None)
    if usages:
        costs = _COST.findall(output)
        reading = replace(
            reading,
            is_understood=True,
            usage=reports.usage(
                usd=float(costs[-1]) if len(costs) == len(usages) else None,
                read=sum(_count(*one.group(1, 2)) for one in usages),
                written=sum(_count(*one.group(3, 4)) for one in usages),
            ),
        )
    errors = [one for one in _ERROR.finditer(output) if not usages or one.start() > usages[-1].end()]
    return reports.blamed(reading, " ".join(errors[-1][0].split())) if errors else reading


def _count(number: str, unit: str) -> int:
    """`1.2k` as aider rounds it."""
    return round(min(float(number), reports.MOST) * {"k": 1_000, "M": 1_000_000}.get(unit, 1))


AGENT = Agent(
    profile=Tool(
        name="aider",
        command="aider",
        args=(
            "--yes-always", "--no-check-update", "--no-analytics", "--no-show-release-notes",
            "--no-show-model-warnings", "--no-gitignore", "--no-pretty", "--no-fancy-input", "--no-detect-urls",
            "--no-suggest-shell-commands", "--no-auto-commits", "--no-stream", "--chat-history-file=/dev/null",
            "--input-history-file=/dev/null", "--model={model}",
        ),
        prompt_args=("--message-file={prompt_file}", "{files}"),
        env=(
            "OPENAI_API_KEY", "OPENAI_API_BASE", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "DEEPSEEK_API_KEY",
            "OPENROUTER_API_KEY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
        ),
        leaves=(".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache.v*/"),
        reader="aider",
        options={"model": ("--model={value}",), "effort": ("--reasoning-effort={value}",)},
    ),
    read=read,
    is_summed=True,
    install="pipx install aider-chat",
    values={"model": MODEL, "effort": r"[a-z]+|[0-9]+"},
    orders=(".aider.conf.yml", ".env"),
    settings=(".aider.conf.yml", ".aider.model.settings.yml", ".aider.model.metadata.json"),
    keys=("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "DEEPSEEK_API_KEY", "OPENROUTER_API_KEY"),
)  # fmt: skip
