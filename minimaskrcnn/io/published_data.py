"""Public data sets by name: the archive, what of it is unpacked, and where that is on this machine.

    find_data_set("bbbc038")          the folder of its pictures, if it is here
    require_data_set("coco_val2017")  the annotation file; otherwise `published.obtained_by` says how

The archives go into the last folder that is searched for data, and only their contents stay.
"""

from __future__ import annotations

import secrets
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from minimaskrcnn.archives import one_sentence
from minimaskrcnn.data.location import data_folders, find_data
from minimaskrcnn.errors import InputError
from minimaskrcnn.io.published import obtained


@dataclass(frozen=True)
class DataSet:
    """An archive of which a part is used.

    Attributes
    ----------
    name : str, what users call it
    url, file : str, where the archive is published, and its name
    digits : str, the first digits of its SHA-256
    megabytes : float, its size in units of 2^20 bytes
    member : str
        The file or folder of the archive that is unpacked; "" for all.
    place : str
        Where that goes, from the folder for data.
    publisher : str, where to look for it if the address has changed
    holds : str, what it is
    slack : int, bytes by which the size may be wrong
    """

    name: str
    url: str
    digits: str
    megabytes: float
    member: str
    place: str
    publisher: str
    holds: str
    slack: int = 0

    @property
    def file(self) -> str:
        """The archive's name."""
        return self.url.rpartition("/")[2]

    @property
    def folder(self) -> Path:
        """Where it is downloaded to."""
        return data_folders()[-1]


def _annotations(name: str, file: str, holds: str) -> DataSet:
    """A file of COCO's archive of annotations."""
    return DataSet(
        name=name,
        url="http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
        digits="113a836d90195ee1f884e704da6304df",
        megabytes=252_907_541 / 2**20,
        member=f"annotations/{file}",
        place=f"coco/annotations/{file}",
        publisher="cocodataset.org",
        holds=holds,
    )


# The digits are those that users of the archives have published (one of the first archive, many of COCO's);
# the publishers state none. The size of the first is known to two digits.
DATA_SETS = {
    entry.name: entry
    for entry in (
        DataSet(
            name="bbbc038",
            url="https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",
            digits="dcb6edc2690f137406638b2309581a71",
            megabytes=79,
            member="",
            place="stage1_train",
            publisher="bbbc.broadinstitute.org/BBBC038",
            holds="670 pictures of nuclei and their masks (Data Science Bowl 2018, CC0)",
            slack=8 * 2**20,
        ),
        _annotations("coco_val2017", "instances_val2017.json", "boxes and outlines of COCO's objects"),
        _annotations("coco_val2017_keypoints", "person_keypoints_val2017.json", "COCO's keypoints"),
        DataSet(
            name="coco_val2017_images",
            url="http://images.cocodataset.org/zips/val2017.zip",
            digits="4f7e2ccb2866ec5041993c9cf2a952bb",
            megabytes=815_585_330 / 2**20,
            member="val2017",
            place="coco/val2017",
            publisher="cocodataset.org",
            holds="the 5,000 pictures of COCO val2017",
        ),
    )
}


def find_data_set(name: str) -> Path | None:
    """Return where the data set `name` is, if it is in a folder for data."""
    return find_data(DATA_SETS[name].place)


def require_data_set(name: str) -> Path:
    """Return where the data set `name` is; it is downloaded and unpacked if `published.obtained_by` says so.

    Raises
    ------
    InputError
        If it is not here and is not downloaded.
    """
    entry = DATA_SETS[name]
    found = find_data_set(name)
    if found is not None:
        return found
    archive = obtained(entry)
    if archive is not None:
        return unpack(entry, archive)
    raise InputError(
        f"the data set {name} is not here; the same command with --yes downloads it ({entry.megabytes:.0f} "
        f"MB), or unpack {entry.url} so that {data_folders()[-1] / entry.place} exists."
    )


def unpack(entry: DataSet, archive: Path) -> Path:
    """Unpack a data set and the others of its archive, delete the archive, and return where the first is.

    Raises
    ------
    InputError
        If the archive is damaged, or lacks a part.
    """
    others = [other for other in DATA_SETS.values() if other.url == entry.url and other.name != entry.name]
    for part in (entry, *others):
        if find_data_set(part.name) is None:
            _extract(part, archive)
    archive.unlink()
    return data_folders()[-1] / entry.place


def _extract(entry: DataSet, archive: Path) -> None:
    """Unpack under a temporary name, so that an interruption leaves nothing that looks complete."""
    target = data_folders()[-1] / entry.place
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with one_sentence(f"{archive}"), zipfile.ZipFile(archive) as content:
            names = [name for name in content.namelist() if is_part(name, entry.member)]
            if not names:
                raise InputError(f"{archive} has no {entry.member} inside; delete it and try again.")
            content.extractall(temporary, names)
        inside = temporary / entry.member
        if (inside / target.name).is_dir():  # an archive may have a folder of its own name around all
            inside /= target.name
        inside.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_part(name: str, member: str) -> bool:
    """Whether a name in an archive is the member, or in it.

    Examples
    --------
    >>> is_part("val2017/1.jpg", "val2017"), is_part("val2017.txt", "val2017"), is_part("a/b.png", "")
    (True, False, True)
    """
    return not member or name == member or name.startswith(f"{member}/")
