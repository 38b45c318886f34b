"""Which files are kept, what they are served as, and which addresses may be linked."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

PDF = "application/pdf"
TEXT = "text/plain; charset=utf-8"
# Ending -> what it is served as and how its bytes begin; () for text. Nothing here runs in a
# browser: no HTML, no SVG, no office macros, no archives.
KINDS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "gif": ("image/gif", (b"GIF87a", b"GIF89a")),
    "webp": ("image/webp", (b"RIFF",)),
    "pdf": (PDF, (b"%PDF-",)),
    "txt": (TEXT, ()),
    "log": (TEXT, ()),
    "csv": (TEXT, ()),
    "json": (TEXT, ()),
}
MOST_FILES = 50  # of one incident
MOST_BYTES = 50 * 2**20  # of one incident
LONGEST_NAME = 120


def safe_name(name: str) -> str:
    """The last part of the name, of plain letters, so that no system reads a path in it."""
    last = re.split(r"[\\/]", name)[-1]
    plain = re.sub(r"[^\w.\- ]+", "_", last, flags=re.ASCII).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        return plain[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"


def file_kind(name: str, content: bytes) -> str | None:
    """What it is served as; None for a kind that is not kept, or bytes that are not what the name
    says."""
    known = KINDS.get(name.rpartition(".")[2].lower())
    if known is None:
        return None
    content_type, beginnings = known
    if not beginnings:
        return content_type if _is_text(content) else None
    if not content.startswith(beginnings):
        return None
    if content_type == "image/webp" and content[8:12] != b"WEBP":
        return None
    return content_type


def _is_text(content: bytes) -> bool:
    if b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def web_link(text: str) -> str | None:
    """The address with its scheme in small letters, or None for what is not http or https."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\x7f<>\"]", text):
        return None
    if "@" in parts.netloc:
        return None  # a name before the host hides where it leads
    return scheme + text[len(scheme) :]


def call_link(text: str) -> str | None:
    """A web address, or a telephone number as `tel:`."""
    text = text.strip()
    number = re.sub(r"[\s().-]", "", text[4:] if text.lower().startswith("tel:") else text)
    if re.fullmatch(r"\+?[0-9]{3,20}([,;]+[0-9#*]{1,20})*", number):
        return f"tel:{number}"
    return web_link(text)
