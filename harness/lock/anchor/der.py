"""Just enough DER to put a time-stamp's certificates in order and to reach what its signer signed.

A CMS signature does not cover the set of certificates beside it, and DER wants a set sorted. Many
authorities (``openssl ts -reply -chain`` too) send theirs unsorted, which a strict reader refuses
as a whole (``InvalidSetOrdering``). Sorting changes neither a length nor anything that is signed.

Not covered: indefinite lengths and tags above 30, which DER or this format has no use for; what
the elements mean.
"""

from __future__ import annotations

from typing import NamedTuple

SEQUENCE, SET, OCTETS, CONTEXT_0 = 0x30, 0x31, 0x04, 0xA0
GRANTED = bytes.fromhex("3003020100")
"""A PKIStatusInfo that says: granted."""


class Element(NamedTuple):
    """One element: its tag, what is in it, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes


def elements(data: bytes) -> list[Element]:
    """The elements that follow each other in ``data``. Raises ``ValueError``."""
    found = []
    at = 0
    while at < len(data):
        tag, length, start = _header(data, at)
        if start + length > len(data):
            raise ValueError("an element is longer than what holds it")
        end = start + length
        found.append(Element(tag, data[start:end], data[at:end]))
        at = end
    return found


def parts(element: Element, tag: int, at_least: int) -> list[Element]:
    """What is inside an element that must have this tag and so many parts."""
    inner = elements(element.content) if element.tag == tag else []
    if len(inner) < at_least:
        raise ValueError(f"no element 0x{tag:02x} with {at_least} parts where one must be")
    return inner


def one(data: bytes) -> Element:
    """The single element that ``data`` is."""
    found = elements(data)
    if len(found) != 1:
        raise ValueError("not one element")
    return found[0]


def wrap(tag: int, content: bytes) -> bytes:
    """An element's bytes."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def response_of(data: bytes) -> bytes:
    """A response as it is; a token without its response as a response that grants it."""
    inner = parts(one(data), SEQUENCE, 1)
    return data if inner[0].tag == SEQUENCE else wrap(SEQUENCE, GRANTED + data)


def signed_fields(response: bytes) -> tuple[Element, ...]:
    """The fields of a response's SignedData; none where it holds no token.

    Raises ``ValueError``.
    """
    inner = parts(one(response), SEQUENCE, 1)
    if len(inner) < 2:
        return ()
    _, content = parts(inner[1], SEQUENCE, 2)
    return tuple(parts(parts(content, CONTEXT_0, 1)[0], SEQUENCE, 4))


def in_order(response: bytes) -> bytes:
    """The same response with its certificates sorted as DER wants them. Raises ``ValueError``."""
    fields = signed_fields(response)
    if not fields:
        return response
    certificates = [f for f in fields if f.tag == CONTEXT_0]
    if len(certificates) != 1:
        return response
    signed = b"".join(
        wrap(CONTEXT_0, b"".join(sorted(e.whole for e in elements(f.content))))
        if f.tag == CONTEXT_0
        else f.whole
        for f in fields
    )
    status, token = parts(one(response), SEQUENCE, 2)
    kind = parts(token, SEQUENCE, 2)[0]
    token_bytes = wrap(SEQUENCE, kind.whole + wrap(CONTEXT_0, wrap(SEQUENCE, signed)))
    return wrap(SEQUENCE, status.whole + token_bytes)


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, length and place of the content of the element at ``at``."""
    head = data[at : at + 6]
    if len(head) < 2 or head[0] & 0x1F == 0x1F:
        raise ValueError("an element without length, or with a long tag")
    if head[1] < 0x80:
        return head[0], head[1], at + 2
    size = head[1] & 0x7F
    if not 1 <= size <= 4 or len(head) < 2 + size:
        raise ValueError("a length that DER does not have")
    return head[0], int.from_bytes(head[2 : 2 + size], "big"), at + 2 + size
