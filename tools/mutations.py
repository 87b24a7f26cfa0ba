"""Ways to damage a Python source, from a flipped byte to another file's lines in its midst."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TypeAlias

__all__ = ["MUTATIONS", "mutated", "with_probe"]

Mutation: TypeAlias = Callable[[Random, bytes, bytes], bytes]

_TOKEN = re.compile(rb"\w+|[^\w\s]")
_NAME = re.compile(rb"[A-Za-z_]\w*")
_CLASS = re.compile(rb"^class (\w+)", re.MULTILINE)
# Longer than what any file of the field needs, short enough for a thousand runs a minute.
MOST_BYTES = 60_000

_STRANGE = (
    "é\u0301".encode(),
    "ﬁ½".encode(),
    "\u2028".encode(),
    "\u202e".encode(),
    "\U0001d54f".encode(),
    "名".encode(),
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"\f",
    b"\r",
    b"\x1b[31m",
    b"# -*- coding: latin-1 -*-\n",
    b"# coding: utf-7\n",
)
_PIECES = (
    *(b"1e999", b"-0.0", b"1j", b"0x" + b"f" * 300, b"b'x'", b"...", b"None", b"True", b"f'{x!r:>{y}}'"),
    *(b"lambda x: x", b"(yield)", b"await x", b"*x", b"**x", b"x := 1", b"not x", b"[*x, *y]", b"{**x}"),
    *(b"[a for a in x if a]", b"{a: b for a, b in x}", b"'{0.__class__}'.format(x)", b"'%(a)s' % x"),
    *(b"x[::0]", b"x[-1:]", b"str(x)", b"int('9' * 9999)", b"sorted({x, 1})", b"dict(x, y=1)", b"len(5)"),
    *(b"'a' * 99999999", b"9 ** 9 ** 9", b"[[]] * 9999", b"sum(x, [])", b"type('C', (x,), {})"),
    *(b"from . import *", b"from .fuzzed import *", b"import fuzzed.fuzzed", b"from .... import x"),
    *(b"del x", b"x += x", b"x.update(x)", b"x.append(x)", b"x[x] = x", b"x.x = x", b"global x", b"try: x"),
    *(
        b"class x(x): x = x",
        b"match x:",
        b"type X = int",
        b"with x as y:",
        b"except* E:",
        b"@x",
        b"async def f():",
    ),
)


def _flip(rng: Random, text: bytes, _other: bytes) -> bytes:
    damaged = bytearray(text)
    for _ in range(rng.choice((1, 1, 2, 8))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _swap_tokens(rng: Random, text: bytes, _other: bytes) -> bytes:
    first, second = sorted((_token(rng, text), _token(rng, text)))
    if first[1] > second[0]:
        return text
    pieces = (text[: first[0]], text[slice(*second)], text[first[1] : second[0]])
    return b"".join((*pieces, text[slice(*first)], text[second[1] :]))


def _replace_token(rng: Random, text: bytes, other: bytes) -> bytes:
    start, end = _token(rng, text)
    return text[:start] + other[slice(*_token(rng, other))] + text[end:]


def _insert_piece(rng: Random, text: bytes, _other: bytes) -> bytes:
    """Put an expression in a token's place, its names taken from the text."""
    piece = _named(rng, rng.choice(_PIECES), text)
    start, end = _token(rng, text)
    return text[:start] + piece + text[end:]


def _insert_statement(rng: Random, text: bytes, _other: bytes) -> bytes:
    lines = text.split(b"\n")
    at = rng.randrange(len(lines))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    name = rng.choice((b"x = ", b"")) if rng.random() < 0.8 else b"NAME = "  # noqa: PLR2004 - a share
    lines.insert(at, indent + _named(rng, name + rng.choice(_PIECES), text))
    return b"\n".join(lines)


def _delete(rng: Random, text: bytes, _other: bytes) -> bytes:
    start = rng.randrange(len(text))
    return text[:start] + text[start + rng.choice((1, 1, 5, 40, 400)) :]


def _delete_line(rng: Random, text: bytes, _other: bytes) -> bytes:
    lines = text.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def _duplicate(rng: Random, text: bytes, _other: bytes) -> bytes:
    start = rng.randrange(len(text))
    piece = text[start : start + rng.choice((1, 10, 100, 1000))]
    return text[:start] + piece * rng.choice((2, 2, 3, 50)) + text[start:]


def _shuffle_lines(rng: Random, text: bytes, _other: bytes) -> bytes:
    lines = text.split(b"\n")
    start = rng.randrange(len(lines))
    part = lines[start : start + rng.choice((2, 5, 50))]
    rng.shuffle(part)
    lines[start : start + len(part)] = part
    return b"\n".join(lines)


def _indent(rng: Random, text: bytes, _other: bytes) -> bytes:
    lines = text.split(b"\n")
    start = rng.randrange(len(lines))
    for at in range(start, min(len(lines), start + rng.choice((1, 3, 30)))):
        lines[at] = rng.choice((b" ", b"    ", b"\t", b"")) + lines[at].removeprefix(
            rng.choice((b"", b"    "))
        )
    return b"\n".join(lines)


def _strange(rng: Random, text: bytes, _other: bytes) -> bytes:
    at = 0 if rng.random() < 0.2 else rng.randrange(len(text))  # noqa: PLR2004 - a share
    return text[:at] + rng.choice(_STRANGE) + text[at:]


def _nest(rng: Random, text: bytes, _other: bytes) -> bytes:
    start, end = _token(rng, text)
    depth = rng.choice((3, 30, 60, 150, 2000))
    opening, closing = rng.choice(
        (
            *((b"(", b")"), (b"[", b"]"), (b"{'k': ", b"}"), (b"not ", b""), (b"-", b""), (b"str(", b")")),
            (b"x + ", b""),
            (b"", b".a"),
            (b"", b".a()"),
            (b"", b".format(x)"),
            (b"", b"[0]"),
            (b"f(", b")"),
            (b"1 if x else ", b""),
            (b"lambda: ", b""),
        )
    )
    return text[:start] + opening * depth + text[start:end] + closing * depth + text[end:]


def _splice(rng: Random, text: bytes, other: bytes) -> bytes:
    lines, others = text.split(b"\n"), other.split(b"\n")
    at, start = rng.randrange(len(lines)), rng.randrange(len(others))
    return b"\n".join((*lines[:at], *others[start : start + rng.choice((1, 5, 50))], *lines[at:]))


def _cut(rng: Random, text: bytes, other: bytes) -> bytes:
    return text[: rng.randrange(len(text))] + other[rng.randrange(len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _swap_tokens, _replace_token, _replace_token, _insert_piece, _insert_piece, _insert_statement),
    *(_insert_statement, _delete, _delete_line, _delete_line, _duplicate, _shuffle_lines, _indent, _strange),
    *(_nest, _splice, _cut),
)


def mutated(rng: Random, text: bytes, other: bytes) -> bytes:
    """Return the text after one to four mutations."""
    text, other = text[:MOST_BYTES], other[:MOST_BYTES]
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = rng.choice(MUTATIONS)(rng, text, other)[: 2 * MOST_BYTES] or b"x"
    return text


def with_probe(rng: Random, text: bytes) -> bytes:
    """Append a plugin class that asks for names of the text, so that these are worked out."""
    base, *values = (_name(rng, text).decode() for _ in range(6))
    classes = _CLASS.findall(text)
    if classes:
        base = rng.choice((base, rng.choice(classes).decode()))
    fields = zip(("VERSION", "SETTINGS", "AUTHOR", "DESCRIPTION", "PUBLISH_DATE"), values, strict=True)
    body = "".join(f"    {field} = {value}\n" for field, value in fields)
    head = (
        f"from plugin import InvenTreePlugin as Probed\n\nclass Probe({base}, Probed):\n    NAME = 'Probe'\n"
    )
    return text + f"\n{head}{body}".encode()


def _token(rng: Random, text: bytes) -> tuple[int, int]:
    match = _TOKEN.search(text, rng.randrange(len(text))) or _TOKEN.search(text)
    return match.span() if match else (0, 0)


def _name(rng: Random, text: bytes) -> bytes:
    match = _NAME.search(text, rng.randrange(len(text)))
    return match[0] if match else b"x"


def _named(rng: Random, piece: bytes, text: bytes) -> bytes:
    return re.sub(rb"\b[xy]\b", lambda _: _name(rng, text), piece)
