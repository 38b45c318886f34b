"""Addresses that people typed in lead nowhere inside, however they are written."""

from __future__ import annotations

import socket

import pytest

from config.lib import outward
from tests.factories.servers import receiver

INSIDE = """
https://127.0.0.1/ https://127.1.2.3/ https://2130706433/ https://0x7f000001/ https://0177.0.0.1/
https://127.1/ https://localhost/ https://localhost./ https://[::1]/ https://[::]/ https://0.0.0.0/
https://10.0.0.1/ https://172.16.0.1/ https://192.168.1.1/ https://100.64.0.1/ https://169.254.169.254/
https://[fe80::1]/ https://[fc00::1]/ https://[fd00:ec2::254]/ https://[::ffff:127.0.0.1]/
https://[::ffff:10.0.0.1]/ https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ https://224.0.0.1/
https://255.255.255.255/ https://[ff02::1]/ https://192.0.2.1/ https://198.18.0.1/ https://[fec0::1]/
""".split()
NEVER = [
    "http://example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "https://user:word@example.com/",
    "https://example.com@127.0.0.1/",
    "https:///path",
    "//example.com/",
    "https://exa mple.com/",
    "https://example.com/\r\nHost: other",
    "https://example.com:99999/",
    "https://[::1/",
    "gopher://127.0.0.1/",
    "",
]


@pytest.fixture
def names(monkeypatch):
    """A resolver of our own: name -> addresses; anything else is asked of the system."""
    known: dict[str, list[str]] = {}
    system = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        if host not in known:
            return system(host, port, *args, **kwargs)
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, port),
            )
            for ip in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def hook(settings):
    with receiver() as found:
        settings.OUTWARD_HOSTS = [found.host]
        yield found


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_inside_is_not_called(url, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("it was called"))
    with pytest.raises(outward.Forbidden):
        outward.exchange(url)


@pytest.mark.parametrize("url", NEVER)
def test_what_is_no_plain_https_address_is_refused_unasked(url, names):
    with pytest.raises(outward.Forbidden):
        outward.look_at(url)


@pytest.mark.parametrize(
    "ips", [["10.1.2.3"], ["8.8.8.8", "127.0.0.1"], ["::ffff:192.168.0.1"], ["fd12::1"]]
)
def test_a_name_that_leads_inside_is_refused_even_if_only_one_of_its_addresses_does(names, ips):
    names["rebind.example"] = ips
    with pytest.raises(outward.Forbidden, match="into our own network"):
        outward.exchange("https://rebind.example/")


def test_the_connection_goes_to_the_address_that_was_judged(names, monkeypatch):
    names["moves.example"] = ["8.8.8.8"]
    called = []

    def connect(address, timeout):
        called.append(address)
        names["moves.example"] = ["127.0.0.1"]  # it changed its mind meanwhile
        raise OSError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(outward.NotSent):
        outward.exchange("https://moves.example/")
    assert called == [("8.8.8.8", 443)]


def test_an_unknown_name_is_not_sent(names, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(outward.NotSent, match="not known"):
        outward.exchange("https://nowhere.example/")


def test_a_host_that_the_operator_names_may_be_inside_and_plain(hook):
    answer = outward.exchange(hook.url, b"hello", {"X-One": "1"})
    assert (answer.status, answer.body) == (200, b"ok")
    assert hook.heard[0].body == b"hello" and hook.heard[0].headers["host"] == hook.host


def test_another_port_of_a_named_host_is_not_named(hook, settings):
    settings.OUTWARD_HOSTS = ["127.0.0.1:1"]
    with pytest.raises(outward.Forbidden):
        outward.exchange(hook.url)
    assert hook.heard == []


def test_a_redirect_is_an_answer_and_is_not_followed(hook):
    hook.answers = [(302, {"Location": f"http://{hook.host}/other"})]
    assert outward.exchange(hook.url).status == 302
    assert len(hook.heard) == 1


@pytest.mark.parametrize("answer", ["swallow", "drip"])
def test_a_server_that_says_nothing_in_time_is_no_answer(hook, monkeypatch, answer):
    monkeypatch.setattr(outward, "TOTAL_S", 0.3)
    hook.answers = [answer]
    with pytest.raises(outward.NoAnswer):
        outward.exchange(hook.url, b"hello")
    assert len(hook.heard) == 1


def test_nobody_listening_is_not_sent(settings):
    with receiver() as found:
        pass
    settings.OUTWARD_HOSTS = [found.host]
    with pytest.raises(outward.NotSent):
        outward.exchange(found.url)


def test_a_huge_answer_is_cut(hook, monkeypatch):
    monkeypatch.setattr(outward, "MOST_BYTES", 1)
    assert outward.exchange(hook.url).body == b"o"
