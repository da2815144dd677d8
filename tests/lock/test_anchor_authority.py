"""Whatever a server does, one sentence comes back in bounded time, and nothing is written."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock.anchor.authority import ask, check_url
from harness.lock.anchor.make import stamp
from harness.lock.ledger import read
from tests.witnesses import Answer, Authority, granting, ledger, serving


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a.example/", "authority.example", "http://", "http://a b/", "",
     "http://a.example:port/", "http://a.example/\n", "javascript:x", "http://" + "a" * 600],
)  # fmt: skip
def test_only_http_urls_are_asked(url: str) -> None:
    """Anything else is refused before anything is opened."""
    with pytest.raises(ClaimsError, match="not an http or https URL"):
        ask(url, b"q")


def test_a_password_does_not_get_into_the_ledger() -> None:
    """The URL is kept as typed, so that it must not hold a secret; nor does the error show it."""
    with pytest.raises(ClaimsError) as caught:
        check_url("https://me:secret@authority.example/tsr")
    assert "secret" not in caught.value.sentence


def test_a_good_answer_comes_back_as_it_is() -> None:
    """The request's bytes reach the server, with the type that the RFC names."""
    with serving(lambda asked: (200, {}, b"answer to " + asked)) as url:
        assert ask(url, b"query") == b"answer to query"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, {}, b""), "answered 500"),
        ((404, {}, b""), "answered 404"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "sends us elsewhere, to file:///etc/pass"),
        ((307, {"Location": "http://other.example/"}, b""), "sends us elsewhere"),
        ((200, {"Content-Length": "100"}, b"short"), "cannot be reached|cannot be read"),
        ((200, {}, b"0" * 65_537), "more than 65536 bytes"),
        ((200, {"X" * 70_000: "y"}, b""), "cannot be reached"),
    ],
)
def test_a_bad_answer_is_a_sentence(answer: Answer, words: str, tmp_path: Path) -> None:
    """Errors, redirects, half answers and floods."""
    root = ledger(tmp_path)
    with serving(lambda _: answer) as url, pytest.raises(ClaimsError, match=words) as caught:
        stamp(root, url, patience=20)
    assert caught.value.fix
    assert len(read(root)) == 3
    assert not (root / "claims" / "anchors").exists()


def test_a_redirect_is_not_followed_even_to_a_server_that_would_answer(
    authority: Authority, tmp_path: Path
) -> None:
    """The ledger would name an authority that did not answer."""
    root = ledger(tmp_path)
    asked = []

    def answer(query: bytes) -> bytes:
        asked.append(query)
        return authority.reply(query)

    with serving(granting(answer)) as there:
        for status in (301, 302, 303, 307, 308):
            moved: Answer = (status, {"Location": there}, b"")
            with (
                serving(lambda _, moved=moved: moved) as url,
                pytest.raises(ClaimsError, match="which is not followed"),
            ):
                stamp(root, url)
        assert asked == []
        assert stamp(root, there).row.seq == 4


def test_nobody_there_is_a_sentence() -> None:
    """A closed port, and a host that does not exist."""
    with pytest.raises(ClaimsError, match=r"cannot be reached: .*refused"):
        ask("http://127.0.0.1:1/", b"q")
    with pytest.raises(ClaimsError, match=r"no such host|cannot be reached"):
        ask("http://nowhere.invalid/", b"q", 20)


def test_a_server_that_does_not_answer_is_given_up() -> None:
    """After as many seconds as were asked for."""
    with talking(lambda _: time.sleep(20)) as url:
        gives_up(url)


def test_a_server_that_drips_is_given_up() -> None:
    """A byte now and then keeps a socket's own timeout from ever ending: head and body."""

    def head(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\nX: ")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.2)

    def body(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.2)

    for act in (head, body):
        with talking(act) as url:
            gives_up(url)


def gives_up(url: str) -> None:
    """Asking ends soon, with a sentence."""
    start = time.monotonic()
    with pytest.raises(ClaimsError, match="gave no whole answer in 1 s"):
        ask(url, b"q", 1.0)
    assert time.monotonic() - start < 10


@contextmanager
def talking(act) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """A server that reads a request and then does something with the connection."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                act(connection)
        except OSError:  # the client has had enough, or the test has
            return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        server.close()


def test_a_proxy_of_the_environment_does_not_catch_what_stays_here(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``no_proxy`` holds as it does for every other program."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    root = ledger(tmp_path)
    with serving(granting(authority.reply)) as url:
        with pytest.raises(ClaimsError, match="cannot be reached"):
            stamp(root, url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert stamp(root, url).row.seq == 4
