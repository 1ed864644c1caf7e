"""Downloads from a server on this machine that cuts, lies, redirects: only the right file stays."""

import hashlib
import http.server
import json
import re
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from minimaskrcnn.cli import main
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import locked
from minimaskrcnn.io import download, published
from minimaskrcnn.io.published import PUBLISHED, Published, find, require

CONTENT = np.random.default_rng(0).bytes(300_000)
CUT = 6 * download.CHUNK
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the server's `manner` says; `asked` holds the Range of each request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        getattr(self, server.manner)()

    def send(self, content, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def start(self):
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(asked[1]) if asked else 0

    def whole(self):
        start = self.start()
        if start:
            place = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
            return self.send(CONTENT[start:], 206, Content_Range=place)
        return self.send(CONTENT)

    def knows_no_range(self):
        self.send(CONTENT)

    def cuts(self):
        """Send the first chunks of what is asked for, and hang up."""
        start = self.start()
        rest = CONTENT[start:]
        place = {"Content_Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        self.send(rest[:CUT], 206 if start else 200, len(rest), **place)
        self.close_connection = True

    def hangs_up(self):
        self.close_connection = True

    def lies_about_its_length(self):
        self.send(CONTENT[:1000], length=10**12)
        self.close_connection = True

    def sends_another_file(self):
        self.send(bytes(len(CONTENT)))

    def sends_a_page(self):
        self.send(b"<html>please log in</html>")

    def never_ends(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            self.close_connection = True

    def redirects(self):
        if self.path.startswith("/elsewhere/"):
            return self.whole()
        return self.send(b"", 302, Location=f"/elsewhere{self.path}")

    def is_gone(self):
        self.send(b"", 404)

    def refuses_the_rest(self):
        if self.start():
            return self.send(b"", 416)
        return self.whole()


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server, and a cache in which nothing is yet; its one file is published as `small`."""
    monkeypatch.setenv("MINIMASKRCNN_DATA", str(tmp_path / "cache"))
    entry = Published("small", f"small-{DIGITS}.pth", len(CONTENT) / 2**20, "noise")
    monkeypatch.setitem(PUBLISHED, "small", entry)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked, running.manner = [], "whole"
        running.handle_error = lambda *args: None  # a client that hangs up is no event
        monkeypatch.setattr(published, "BASE", f"http://127.0.0.1:{running.server_port}/")
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(**others):
    return download.fetch(PUBLISHED["small"], **others)


def files():
    folder = published.folder()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@contextmanager
def nothing_is_kept():
    yield
    assert files() == []


def test_a_file_arrives_once_with_progress(server):
    seen = []
    path = fetch(progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert files() == [f"small-{DIGITS}.pth"]
    assert seen[-1] == (300_000, 300_000)
    assert fetch() == path == find("small") == require("small")
    assert server.asked == [None]


@pytest.mark.parametrize("manner", ["redirects", "knows_no_range"])
def test_servers_that_answer_otherwise(server, manner):
    server.manner = manner
    assert fetch().read_bytes() == CONTENT


def test_a_connection_that_is_cut_goes_on_where_it_stopped(server):
    server.manner = "cuts"
    assert fetch().read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={CUT}-", f"bytes={2 * CUT}-", f"bytes={3 * CUT}-"]


def test_a_connection_that_is_cut_just_before_the_end_goes_on(server, monkeypatch):
    monkeypatch.setattr(download, "CHUNK", 100)
    monkeypatch.setattr(sys.modules[__name__], "CUT", len(CONTENT) - 500)
    server.manner = "cuts"
    assert fetch().read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={len(CONTENT) - 500}-"]


@pytest.mark.parametrize("manner", ["whole", "knows_no_range", "refuses_the_rest"])
def test_an_interrupted_download_goes_on_another_day(server, monkeypatch, manner):
    server.manner = "cuts"
    monkeypatch.setattr(download, "TRIES", 1)
    with pytest.raises(InputError, match=rf"{CUT:,} bytes that have arrived are kept\. Try again"):
        fetch()
    assert files() == [f"small-{DIGITS}.pth.part"]
    assert find("small") is None
    monkeypatch.setattr(download, "TRIES", 2)
    server.manner = manner
    assert fetch().read_bytes() == CONTENT
    assert server.asked[1] == f"bytes={CUT}-"
    assert files() == [f"small-{DIGITS}.pth"]


def test_a_part_of_another_file_is_noticed_and_replaced(server):
    published.folder().mkdir(parents=True)
    part = published.folder() / f"small-{DIGITS}.pth.part"
    part.write_bytes(bytes(1000))
    with pytest.raises(InputError, match="a file whose SHA-256 begins with"):
        fetch()
    assert files() == []
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        ("sends_another_file", f"SHA-256 begins with .*begins with {DIGITS}"),
        ("sends_a_page", "sends 26 bytes, but small"),
        ("lies_about_its_length", "sends 1,000,000,000,000 bytes"),
        ("never_ends", "sends more bytes"),
        ("is_gone", r"answers 404 Not Found; look for small"),
        ("hangs_up", r"cannot be read .*Try again, or put the file into"),
    ],
)
def test_nothing_wrong_is_kept(server, manner, said):
    server.manner = manner
    with nothing_is_kept(), pytest.raises(InputError, match=said):
        fetch()


def test_without_a_network_one_sentence_says_where_to_put_the_file(server, monkeypatch):
    monkeypatch.setattr(published, "BASE", "http://127.0.0.1:9/")
    with nothing_is_kept(), pytest.raises(InputError, match=r"cannot be read \(.*refused.*put the file into"):
        fetch()


def test_without_pooch_one_sentence_says_how_to_get_it(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(InputError, match=r"pip install 'minimaskrcnn\[download\]', or put http"):
        fetch()


# ---- the command ---------------------------------------------------------------------------------------


def test_the_list_says_what_is_here(server, capsys):
    assert main(["weights", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in PUBLISHED)
    assert "yes" not in out
    assert main(["weights", "get", "small", "-q"]) == 0
    path = capsys.readouterr().out.strip()
    assert path == str(find("small"))
    assert main(["weights", "list", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["path"] == path


@pytest.mark.parametrize("words", [["get", "another"], ["get"]])
def test_names_that_are_unknown_or_missing(server, capsys, words):
    assert main(["weights", *words]) == 2
    assert "choose from maskrcnn_resnet50_fpn, " in capsys.readouterr().err


@pytest.mark.parametrize("yes", [True, False])
def test_a_published_name_is_downloaded_only_if_asked_for(server, capsys, tmp_path, yes):
    words = ["convert", "small", str(tmp_path / "a.npz"), *(["--yes"] if yes else [])]
    assert main(words) == 2
    err = capsys.readouterr().err
    if yes:
        assert f"small-{DIGITS}.pth" in err.splitlines()[-1]  # it has arrived, and is noise
    else:
        assert "the weights small are not here; `minimaskrcnn weights get small` downloads them" in err
    assert (find("small") is not None) == yes


@pytest.mark.parametrize(("answer", "asked_again"), [("y\n", False), ("\n", True)])
def test_on_a_terminal_one_question_is_asked(server, capsys, monkeypatch, tmp_path, answer, asked_again):
    class Terminal:
        isatty = staticmethod(lambda: True)
        readline = staticmethod(lambda: answer)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["convert", "small", str(tmp_path / "a.npz"), "-q"]) == 2
    assert capsys.readouterr().err.count("[y/N]") == 1
    assert (find("small") is None) == asked_again


def test_every_entry_has_a_name_of_torchvision_and_eight_digits():
    for entry in PUBLISHED.values():
        assert re.fullmatch(r"[0-9a-f]{8}", entry.digits)
        assert entry.file.startswith(entry.name)


def test_two_processes_do_not_fill_one_file(server):
    part = published.folder() / f"{PUBLISHED['small'].file}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:1000])
    with locked(part, "busy"), pytest.raises(InputError, match="another process is downloading small"):
        fetch()
    assert part.read_bytes() == CONTENT[:1000]
    assert fetch().read_bytes() == CONTENT
