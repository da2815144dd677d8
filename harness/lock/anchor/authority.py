"""Asking a time-stamping authority over HTTP (RFC 3161, 3.4): one request, one bounded answer.

A redirect is refused, not followed: a request with a body cannot follow one without guessing, and
an authority's answer must come from the place that the ledger names. Certificates of ``https`` are
checked by the system's store; that protects the way, and has no part in what the token proves.

Not covered: what the answer says (``harness.lock.anchor.token``); proxies beyond those that
urllib finds in the environment; authorities that want a password.
"""

from __future__ import annotations

import socket
import threading
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from harness.errors import ClaimsError
from harness.lock.anchor.records import LARGEST, clean

PATIENCE_S = 30.0
HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
ANOTHER = "Try again later, or name another authority"


def check_url(url: str) -> None:
    """Raise :class:`ClaimsError` for anything but an http or https URL without a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        secret = parts.username is not None or parts.password is not None
        _ = parts.port  # raises ValueError for one that is no number
    except ValueError:
        good = secret = False
    if not good or not url.isprintable() or " " in url or len(url) > 500:
        raise ClaimsError(
            "this is not an http or https URL",
            where=clean(url),
            fix="Name a time-stamping authority, such as https://freetsa.org/tsr",
        )
    if secret:
        raise ClaimsError(
            "this URL has a user name in it, and the ledger, which is public, keeps the URL",
            where=parts.hostname or "",
            fix="Name the authority without it",
        )


def ask(url: str, query: bytes, patience: float = PATIENCE_S) -> bytes:
    """The authority's answer to a request, at most 64 KiB of it, within ``patience`` seconds.

    Raises :class:`ClaimsError` for whatever keeps the answer away.
    """
    check_url(url)
    out: list[bytes | BaseException] = []
    # a server that drips one byte at a time never exceeds a socket's own timeout, so that the whole
    # exchange is waited for from outside
    worker = threading.Thread(target=_exchange, args=(url, query, patience, out), daemon=True)
    worker.start()
    worker.join(patience + 1.0)
    if not out:
        raise _silent(url, patience)
    if isinstance(out[0], bytes):
        return out[0]
    raise _in_words(url, out[0], patience)


def _exchange(url: str, query: bytes, patience: float, out: list[bytes | BaseException]) -> None:
    try:
        out.append(_post(url, query, patience))
    except (ClaimsError, OSError, HTTPException, ValueError) as error:
        out.append(error)


def _post(url: str, query: bytes, patience: float) -> bytes:
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    request = Request(url, data=query, headers=HEADERS, method="POST")
    with build_opener(Stay).open(request, timeout=patience) as response:
        data: bytes = response.read(LARGEST + 1)
    if len(data) > LARGEST:
        what = f"answered with more than {LARGEST} bytes: that is no time-stamp"
        raise ClaimsError(what, where=url, fix=ANOTHER)
    return data


def _silent(url: str, patience: float) -> ClaimsError:
    fix = f"{ANOTHER}; --timeout waits longer"
    return ClaimsError(f"gave no whole answer in {patience:.0f} s", where=url, fix=fix)


def _in_words(url: str, error: BaseException, patience: float) -> ClaimsError:
    if isinstance(error, ClaimsError):
        return error
    if isinstance(error, HTTPError):
        place = error.headers.get("Location") if 300 <= error.code < 400 else None
        if place:
            return ClaimsError(
                f"sends us elsewhere, to {clean(place)}, which is not followed",
                where=url,
                fix="If that is the authority, name it instead",
            )
        words = f"answered {error.code} {clean(str(error.reason))}"
        return ClaimsError(words, where=url, fix="Check the URL, or name another authority")
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return _silent(url, patience)
    if isinstance(cause, socket.gaierror):
        return ClaimsError("no such host is known", where=url, fix="Check the URL and the network")
    words = clean(str(cause)) or type(cause).__name__
    return ClaimsError(f"cannot be reached: {words}", where=url, fix=ANOTHER)
