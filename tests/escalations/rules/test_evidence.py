"""Which files are kept, and which addresses may be linked."""

from __future__ import annotations

import pytest

from escalations.rules.evidence import call_link, file_kind, safe_name, web_link

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("a.PNG", PNG, "image/png"),
        ("a.png", b"<html>", None),
        ("a.html", b"<html>", None),
        ("a.svg", b"<svg/>", None),
        ("a.txt", b"plain \xc3\xa9", "text/plain; charset=utf-8"),
        ("a.txt", b"nul\0", None),
        ("a.txt", b"\xff\xfe", None),
        ("a.json", b"{}", "text/plain; charset=utf-8"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.webp", b"RIFF0000WEBP", "image/webp"),
        ("a.webp", b"RIFF0000WAVE", None),
        ("a.exe", b"MZ", None),
        ("png", PNG, "image/png"),
        ("a.zip", b"PK", None),
        ("", b"x", None),
    ],
)
def test_which_files_are_kept(name, content, kind):
    assert file_kind(name, content) == kind


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\logs\\a.log", "a.log"),
        ('a"; filename="b.html.txt', "a_ filename_b.html.txt"),
        ("a\r\nX: y.txt", "a_X_ y.txt"),
        ("x" * 300 + ".txt", "x" * 116 + ".txt"),
    ],
)
def test_a_file_name_holds_no_path_and_no_header(name, safe):
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        (" HTTP://a.example ", "http://a.example"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//a.example", None),
        ("https://", None),
        ("https://good.example@bad.example/", None),
        ('https://a.example/"><script>', None),
        ("https://[bad", None),
        ("file:///etc/passwd", None),
    ],
)
def test_which_addresses_may_be_linked(text, link):
    assert web_link(text) == link


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("+49 30 123-456", "tel:+4930123456"),
        ("tel:+4930123456,,987#", "tel:+4930123456,,987#"),
        ("https://meet.example/1", "https://meet.example/1"),
        ("sip:a@b", None),
        ("call me", None),
    ],
)
def test_which_bridges_may_be_called(text, link):
    assert call_link(text) == link
