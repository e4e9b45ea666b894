"""A message to any other messenger, through the library apprise, which is an extra. It never shows an address."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

from splinter.errors import PublishError, UnansweredError
from splinter.model import finding
from splinter.model.finding import Finding
from splinter.model.ports import Message, Sender
from splinter.model.settings import Environment
from splinter.text.markdown import one_line

_INSTALL = "APPRISE_URLS is set, and apprise is not installed; `pip install 'doit-splinter[apprise]'`"


@dataclass(frozen=True, slots=True)
class Messengers:
    """The services behind some addresses of apprise's, such as `discord://…` or `tgram://…`."""

    goes_out: ClassVar[bool] = True
    urls: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_env(cls, environment: Environment, sender: Sender) -> Messengers:
        """By the addresses of APPRISE_URLS, with blanks or line ends between them."""
        if find_spec("apprise") is None:
            raise PublishError(_INSTALL)
        return cls(tuple((environment.variable("APPRISE_URLS") or "").split()))

    def finding(self) -> Finding:
        """To which kinds of services it goes; the addresses are secrets."""
        return finding.ok("apprise", "apprise", f"goes to {self._shown(self.urls)}; `doit apprise --test` proves it")

    def send(self, message: Message) -> str:
        """Send it to each; apprise does not say whether what failed arrived all the same, so it is not sent again."""
        library = import_module("apprise")
        asset = library.AppriseAsset(async_mode=False, storage_mode=library.PersistentStoreMode.MEMORY)
        kind = library.NotifyType.FAILURE if message.is_failure else library.NotifyType.INFO
        what = {"title": message.subject, "body": message.for_messengers, "notify_type": kind}
        with library.LogCapture(fmt="%(message)s") as log:
            targets = {url: self._target(library, url, asset) for url in self.urls}
            form = library.NotifyFormat.MARKDOWN
            failed = [url for url, target in targets.items() if not target.notify(**what, body_format=form)]
            said = one_line(log.getvalue())
        if failed:
            raise UnansweredError(f"{self._shown(failed)} did not confirm the message ({said}); it is not sent again")
        return f"message to {self._shown(self.urls)}"

    def _target(self, library: Any, url: str, asset: Any) -> Any:
        service = library.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise PublishError(f"APPRISE_URLS: apprise does not understand an address of {self._shown([url])}")
        if "overflow=" not in url:  # many services refuse what is too long for them
            service.overflow_mode = library.OverflowMode.TRUNCATE
        target = library.Apprise(asset=asset)
        target.add(service)
        return target

    def _shown(self, urls: tuple[str, ...] | list[str]) -> str:
        return ", ".join(url.partition("://")[0] if "://" in url else "no service" for url in urls)
