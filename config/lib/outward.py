"""HTTP to addresses that people typed in: never into our own network.

A name is resolved once, every address it has is judged, and the connection goes to an address that
was judged, so that a name which changes its mind in between gains nothing. No redirect is followed,
no proxy is asked, the answer is bounded and so is the time. `settings.OUTWARD_HOSTS` names hosts
("name" or "name:port") that may be inside, and may be plain http.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

CONNECT_S = 5.0
TOTAL_S = 12.0  # from the connection to the last byte of the answer
MOST_BYTES = 64 * 2**10
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """This address is not called, now or later. The sentence says why, without its secrets."""


class NotSent(Exception):
    """Nothing got there: trying again doubles nothing."""


class NoAnswer(Exception):
    """It went out, and nobody said what became of it."""


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str  # without brackets
    port: int
    path: str
    is_named: bool  # by the operator: may be inside


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by lower-case name; `body` at most `MOST_BYTES`."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> int | None:
        text = self.headers.get("retry-after", "").strip()
        return int(text) if text.isdecimal() and len(text) < 8 else None


def look_at(url: str) -> Target:
    """What can be judged without asking anybody. Raises Forbidden."""
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise Forbidden("An address has no spaces in it.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise Forbidden("This is no address.") from None
    scheme = parts.scheme.lower()
    if scheme not in ("https", "http") or not host:
        raise Forbidden("Use an address that begins with https://.")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("Leave user names and passwords out of the address.")
    port = port if port is not None else 443 if scheme == "https" else 80
    named = {name.lower() for name in settings.OUTWARD_HOSTS}
    is_named = host in named or f"{host}:{port}" in named
    if scheme == "http" and not is_named:
        raise Forbidden("Only https:// is called.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not is_named and _is_inside(host):
        raise Forbidden("This address is inside our own network.")
    return Target(scheme, host, port, path, is_named)


def _is_inside(host: str) -> bool:
    """Of an address in numbers; a name is judged by what it leads to. Odd ways to write one, such
    as 2130706433 or 0x7f.1, are taken for what they hide."""
    try:
        return not is_public(host)
    except ValueError:
        pass
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def is_public(text: str) -> bool:
    """Is this IP address one of the open internet, also where it hides another in it?"""
    ip = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in NAT64:
            hidden.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        found = [inner for inner in hidden if inner is not None]
        if found:
            return all(is_public(str(inner)) for inner in found)
        if ip.is_site_local:
            return False
    is_odd = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_link_local
    return ip.is_global and not is_odd


def addresses_of(target: Target) -> list[str]:
    """The IP addresses to try, in order. Raises Forbidden where one of them is inside, NotSent
    where the name is not known."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise Forbidden("This is no name of a host.") from None
    except OSError:
        raise NotSent(f"{target.host} is not known.") from None
    ips = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not target.is_named and not all(is_public(ip) for ip in ips):
        raise Forbidden("This address leads into our own network.")
    return ips


def exchange(
    url: str, body: bytes = b"", headers: dict[str, str] | None = None, method: str = "POST"
) -> Answer:
    """One request and its answer, whatever its status; a redirect is an answer too.

    Raises Forbidden, NotSent or NoAnswer.
    """
    target = look_at(url)
    connection = _Pinned(target, addresses_of(target))
    try:
        with _deadline(connection):
            return _exchange(connection, target, body, headers or {}, method)
    finally:
        connection.close()


def _exchange(
    connection: _Pinned, target: Target, body: bytes, headers: dict[str, str], method: str
) -> Answer:
    try:
        connection.request(method, target.path, body=body or None, headers=headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotSent(f"{target.host} was not reached: {_said(error)}") from error
    try:
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{target.host} did not answer: {_said(error)}") from error
    try:
        content = answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException):
        content = b""  # its status is said already
    named = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, named, content)


class _Pinned(http.client.HTTPConnection):
    """Connects to addresses that were judged; the name is only for TLS and the Host header."""

    def __init__(self, target: Target, ips: list[str]) -> None:
        super().__init__(target.host, target.port, timeout=TOTAL_S)
        self.default_port = 443 if target.scheme == "https" else 80
        self._target, self._ips = target, ips

    def connect(self) -> None:
        failure: OSError = OSError("no address")
        for ip in self._ips:
            try:
                plain = socket.create_connection((ip, self._target.port), timeout=CONNECT_S)
            except OSError as error:
                failure = error
                continue
            self.sock = plain
            plain.settimeout(CONNECT_S)
            if self._target.scheme == "https":
                context = ssl.create_default_context()
                self.sock = context.wrap_socket(plain, server_hostname=self._target.host)
            self.sock.settimeout(TOTAL_S)
            return
        raise failure


class _deadline:
    """Cuts the line when the time is over: a time-out of each read alone lets a server that drips
    hold us for ever."""

    def __init__(self, connection: _Pinned) -> None:
        self._connection = connection
        self._timer = threading.Timer(TOTAL_S, self._cut)
        self._timer.daemon = True

    def _cut(self) -> None:
        sock: Any = self._connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *args: object) -> None:
        self._timer.cancel()


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"its certificate or TLS is wrong ({error.reason or 'unknown'})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
