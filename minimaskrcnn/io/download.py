"""Download a published file: go on after an interruption, and let nothing but the right file be used.

What has arrived is kept under another name (`FILE.part`) until its size and the first digits of its SHA-256
are those of the published file. pooch, an optional package, does the rest: folders and temporary names.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minimaskrcnn.errors import InputError, printable
from minimaskrcnn.files import locked, naming_the_file
from minimaskrcnn.io.published import Remote

Progress = Callable[[int, int], object]
"""Called with the bytes that are there and the bytes of the whole file."""

MEGABYTE = 2**20
TRIES, SECONDS = 4, 20.0
CHUNK = 2**14  # bytes; less than this is lost when a connection ends
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


def fetch(entry: Remote, progress: Progress | None = None) -> Path:
    """Download `entry` into its folder, unless it is there, and return its path.

    Raises
    ------
    InputError
        If pooch is missing, if the server cannot be reached, or if it sends another file.
    """
    folder = entry.folder
    target = folder / entry.file
    if target.is_file():
        return target
    try:
        pooch = importlib.import_module("pooch")
    except ImportError as error:
        raise InputError(
            "downloads need pooch: pip install 'minimaskrcnn[download]', or put "
            f"{entry.url} into {folder} yourself."
        ) from error
    pooch.utils.get_logger().setLevel("WARNING")
    part = target.with_name(f"{entry.file}.part")
    folder.mkdir(parents=True, exist_ok=True)
    part.touch()
    try:
        with locked(part, f"{entry.name}: another process is downloading {entry.file}; wait for it."):
            downloader = _Downloader(entry, part, progress)
            return Path(pooch.retrieve(entry.url, None, fname=entry.file, path=folder, downloader=downloader))
    finally:
        if part.is_file() and not part.stat().st_size:
            part.unlink()


class _Downloader:
    """What pooch calls to fill a file; it goes on with `part`, of an earlier try or an earlier day."""

    def __init__(self, entry: Remote, part: Path, progress: Progress | None):
        self.entry, self.part, self.progress = entry, part, progress
        self.total: int | None = None  # bytes, once the server has said it

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        requests = importlib.import_module("requests")  # which comes with pooch
        broken = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
        problem = "the connection ended early"
        for _ in range(TRIES):
            try:
                self._go_on(url)
            except broken as error:
                problem = _reason(error)
            if self._arrived() == self.total or (self.total is None and self._is_whole(self._arrived())):
                self._check()
                self.part.replace(output_file)
                return
        kept = f"; the {self._arrived():,} bytes that have arrived are kept" if self._arrived() else ""
        raise InputError(
            f"{self.entry.name}: {url} cannot be read ({problem}){kept}. Try again, or put the file into "
            f"{self.part.parent} yourself."
        )

    def _go_on(self, url: str) -> None:
        """Append to the part what the server sends from there on."""
        requests = importlib.import_module("requests")
        have = self._arrived()
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=SECONDS) as answer:
            if answer.status_code == 416:  # nothing from there on: the part is no beginning of this file
                self.part.unlink()
                return
            if answer.status_code not in (200, 206):
                words = f"{answer.status_code} {printable(answer.reason or '')}"
                raise InputError(
                    f"{self.entry.name}: {url} answers {words}; look for {self.entry.file} on "
                    f"{self.entry.publisher} and put it into {self.part.parent}."
                )
            start, total = _place(answer, have)
            if total is not None and not self._is_whole(total):
                raise InputError(self._other(f"{total:,} bytes"))
            self.total = total
            self._append(answer, start)

    def _append(self, answer: Any, start: int) -> None:
        most = round(self.entry.megabytes * MEGABYTE)
        with naming_the_file(self.part), open(self.part, "r+b" if start else "wb") as part:
            part.seek(start)
            part.truncate()
            for chunk in answer.iter_content(CHUNK):
                part.write(chunk)
                if part.tell() > most + self.entry.slack:
                    break
                if self.progress is not None:
                    self.progress(part.tell(), most)
        if self._arrived() > most + self.entry.slack:
            self.part.unlink()
            raise InputError(self._other("more bytes"))

    def _check(self) -> None:
        """Delete a part that has the right length but another content."""
        with open(self.part, "rb") as part:
            found = hashlib.file_digest(part, "sha256").hexdigest()
        if not found.startswith(self.entry.digits):
            self.part.unlink()
            raise InputError(self._other(f"a file whose SHA-256 begins with {found[:8]}"))

    def _other(self, what: str) -> str:
        entry = self.entry
        return (
            f"{entry.name}: {entry.url} sends {what}, but {entry.file} has {entry.megabytes:.3f} MB and a "
            f"SHA-256 that begins with {entry.digits}. It was not kept; try another network, or put the file "
            f"into {self.part.parent} yourself."
        )

    def _arrived(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _is_whole(self, size: int) -> bool:
        return abs(size - self.entry.megabytes * MEGABYTE) <= self.entry.slack


def _place(answer: Any, have: int) -> tuple[int, int | None]:
    """Where in the file an answer begins, and the length of the whole file if the server says it."""
    found = RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if answer.status_code == 206 and found and int(found[1]) == have:
        return have, int(found[2])
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() and answer.status_code == 200 else None


def _reason(error: Exception) -> str:
    """The innermost cause in a few words."""
    words = str(error)
    return printable(words.rpartition(": ")[2].strip("()'\" ")[:80] or type(error).__name__)
