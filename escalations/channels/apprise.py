"""Chat, SMS and push through apprise, over the same guarded line as our own webhooks.

These services do not know a repeat, so a message whose answer is lost is `Unanswered`. apprise
swallows what goes wrong and says only no: what was said on the line is kept beside it.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

import requests
import requests.sessions
from apprise import Apprise, AppriseAsset, NotifyFormat
from apprise.plugins import NotifyBase
from django.conf import settings

from config.lib import outward
from escalations.channels.answers import judge
from escalations.channels.letters import REPEATED, Letter, Refused, TryLater, Unanswered

# It names addresses in what it logs, and addresses hold secrets.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

_line: ContextVar[list[outward.Answer | Exception] | None] = ContextVar("line", default=None)


def send(letter: Letter) -> None:
    """Raises Refused, TryLater or Unanswered."""
    service = service_of(letter.address)
    text = f"{REPEATED}\n\n{letter.text}" if letter.is_repeat else letter.text
    said: list[outward.Answer | Exception] = []
    token = _line.set(said)
    try:
        is_taken = service.notify(body=text, title=letter.subject, body_format=NotifyFormat.TEXT)
    finally:
        _line.reset(token)
    if is_taken and not any(isinstance(each, Exception) for each in said):
        return
    _explain(said, letter.address.partition(":")[0])


def service_of(address: str) -> NotifyBase:
    """Raises Refused for an address whose scheme is not allowed, or that apprise cannot read."""
    scheme = address.partition(":")[0].lower()
    if scheme not in settings.APPRISE_SCHEMES:
        raise Refused(f"{scheme}:// is not one of the services that Belay may use.")
    asset = AppriseAsset(secure_logging=True, plugin_paths=[])
    service = Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if not isinstance(service, NotifyBase):
        raise Refused(f"This is no complete address of {scheme}.")
    return service


def _explain(said: list[outward.Answer | Exception], service: str) -> None:
    for each in said:  # an earlier part may have arrived, whatever became of the last
        if isinstance(each, outward.NoAnswer):
            raise Unanswered(str(each))
    last = said[-1] if said else None
    if isinstance(last, outward.Answer):
        judge(last, service)
        raise Refused(f"{service} took it and said no.")
    if isinstance(last, outward.Forbidden):
        raise Refused(str(last))
    raise TryLater(str(last) if last else f"{service} was not reached.")


class _Line(requests.adapters.HTTPAdapter):
    """Carries what apprise sends over the guarded line; other users of requests keep theirs."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        said = _line.get()
        if said is None:
            return super().send(request, *args, **kwargs)
        body = request.body or b""
        try:
            answer = outward.exchange(
                request.url,
                body.encode() if isinstance(body, str) else body,
                {name: str(value) for name, value in request.headers.items()}
                | {"Accept-Encoding": "identity"},
                request.method or "POST",
            )
        except (outward.Forbidden, outward.NotSent, outward.NoAnswer) as error:
            said.append(error)
            raise requests.ConnectionError("not delivered", request=request) from error
        said.append(answer)
        response = requests.Response()
        response.status_code, response._content = answer.status, answer.body
        response.headers.update(answer.headers)
        response.url, response.request = request.url, request
        if 300 <= answer.status < 400:
            response.headers.pop("location", None)  # so that it is not followed
        return response


requests.sessions.HTTPAdapter = _Line  # type: ignore[misc]  # every session mounts this one
