"""Real microscopy: cell nuclei that glow on a dark ground (Data Science Bowl 2018, BBBC038), one class.

Two layouts are read. Both give, for each picture, grey values and a label map (0 background, else the
nucleus):

- the original folders, one per picture: ``ID/images/ID.png`` and ``ID/masks/*.png``, one file per nucleus;
- an ``.npz`` with ``images`` u8 (M, H, W), ``labels`` u16 (M, H, W) and ``split`` (M,): 0 train, 1 val, 2
  test.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.data.dataset import check_index
from minimaskrcnn.data.images import read_image
from minimaskrcnn.data.location import data_folders, find_data
from minimaskrcnn.data.preparation import check_steps, prepare
from minimaskrcnn.detection.boxes import boxes_from_masks
from minimaskrcnn.detection.checks import check_image
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.npz import Claim, open_npz

ARRAYS = ("images", "labels", "split")  # of the .npz
SPLITS = ("train", "val", "test")  # index = code in the .npz
FOLDER_SPLIT = (0.70, 0.15, 0.15)  # shares of train, val, test when the layout itself has no split
NUCLEI_STEPS = ("grey", "stretch_contrast")  # how `Nuclei` prepares its pictures, see `preparation`

_DEFAULT_NAMES = ("nuclei_fluo256.npz", "stage1_train")
_ORIGINALS = "the originals are stage1_train.zip at https://bbbc.broadinstitute.org/BBBC038 (CC0)"


def prepare_nuclei(image: np.ndarray) -> np.ndarray:
    """Treat a picture as `Nuclei` treats its own: grey, contrast stretched, copied to three channels.

    What a model trained on `Nuclei` must be given.

    Parameters
    ----------
    image : (3, H, W) float32 array in [0, 1], as `read_image` returns it
    """
    check_image(image, "prepare_nuclei: image")
    return prepare(image, NUCLEI_STEPS)


def split_of(name: str) -> str:
    """Deal a picture to a split by its name alone: a SHA-256 of it, read as a number in [0, 1).

    Below 0.70 is train, below 0.85 val, the rest test. It does not depend on which other pictures are
    present.
    """
    position = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    bounds = np.cumsum(FOLDER_SPLIT[:-1])
    return SPLITS[int(np.searchsorted(bounds, position, side="right"))]


class Nuclei:
    """Pictures of nuclei, by default contrast-stretched, grey copied to RGB.

    Parameters
    ----------
    path : str or path, optional
        The folder of pictures or the ``.npz``. Default: ``nuclei_fluo256.npz`` or ``stage1_train`` in one
        of the folders that `data_folders` returns.
    split : "train", "val", "test" or "all"
        Folders are dealt out by `split_of`; an ``.npz`` carries its own split.
    prepare : sequence of str
        What is done to each picture, see `preparation`; with () it stays as it is. Also the attribute
        `prepared`.

    Raises
    ------
    InputError
        Nothing there (the message says where the originals are), or the files are not in this layout.

    Notes
    -----
    Where masks of a folder overlap, the pixel belongs to the file that sorts last. Colour pictures (stained
    tissue) are read as grey. Decoded pictures are kept in memory, three bytes per pixel.
    """

    class_names = ["background", "nucleus"]  # noqa: RUF012 (a constant of the class)

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        split: str = "train",
        prepare: Sequence[str] = NUCLEI_STEPS,
    ):
        if split not in (*SPLITS, "all"):
            raise InputError(f"Nuclei: split is {split!r}; expected 'train', 'val', 'test' or 'all'.")
        source = _default_path() if path is None else Path(path)
        open_source = _open_folder if source.is_dir() else _open_npz
        self.names, self._readers = open_source(source, split)
        if not self.names:
            raise InputError(f"Nuclei: {source} holds no picture of the split {split!r}; try split='all'.")
        self.path, self.split, self.prepared = source, split, tuple(prepare)
        check_steps(self.prepared)

    @property
    def num_classes(self) -> int:
        """Number of classes, the background included: 2."""
        return len(self.class_names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        index = check_index(index, len(self))
        grey, labels = self._read(index)  # (H, W) each
        picture = grey[None].astype(np.float32) / np.float32(255)  # (1, H, W)
        return prepare(picture, self.prepared), _target(labels, index)

    def _read(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the grey picture u8 and its label map u16; decoded at the first call, kept afterwards."""
        pair = self._readers[index]
        if callable(pair):
            pair = self._readers[index] = pair()
        return pair


def nuclei_sample(steps: Sequence[str] = NUCLEI_STEPS) -> tuple[np.ndarray, Target]:
    """Return the micrograph that comes with the package, prepared by `steps`, and its 30 nuclei."""
    folder = files("minimaskrcnn.data") / "samples"
    with as_file(folder / "nuclei.png") as picture, as_file(folder / "nuclei-labels.png") as labels:
        numbers = np.rint(255 * read_image(labels)[0]).astype(np.uint8)
        return prepare(read_image(picture), steps), _target(numbers, 0)


def _target(labels: np.ndarray, image_id: int) -> Target:
    """Return the nuclei of a label map (H, W): 0 background, else the number of the nucleus."""
    masks = labels == np.unique(labels[labels > 0])[:, None, None]  # (N, H, W)
    return Target(
        boxes=boxes_from_masks(masks),
        labels=np.ones(len(masks), np.int64),
        masks=masks,
        iscrowd=np.zeros(len(masks), bool),
        image_id=image_id,
    )


def _default_path() -> Path:
    found = find_data(*_DEFAULT_NAMES)
    if found is None:
        places = " or ".join(str(folder) for folder in data_folders())
        raise InputError(
            f"Nuclei: neither {_DEFAULT_NAMES[0]} nor {_DEFAULT_NAMES[1]}/ is in {places}; put it "
            f"there, pass path=FOLDER, or set MINIMASKRCNN_DATA to the folder that holds it ({_ORIGINALS})."
        )
    return found


def _open_npz(path: Path, split: str) -> tuple[list[str], list[Any]]:
    """Return names and (image, labels) pairs of one split of an ``.npz``."""
    if not path.is_file():
        raise InputError(f"Nuclei: {path} does not exist; {_ORIGINALS}.")
    with open_npz(path, "Nuclei:") as file:
        _check_claims(path, file.claims)
        images, labels, codes = map(file.read, ARRAYS)
        names = file.read("kaggle_id") if "kaggle_id" in file.claims else np.arange(len(images))
    if labels.size and labels.min() < 0:
        raise InputError(
            f"Nuclei: {path} has negative labels; expected 0 for the background, else the number "
            "of the nucleus."
        )
    chosen = np.arange(len(images)) if split == "all" else np.flatnonzero(codes == SPLITS.index(split))
    return [str(names[i]) for i in chosen], [(images[i], labels[i]) for i in chosen]


def _check_claims(path: Path, claims: Mapping[str, Claim]) -> None:
    """Hold types and shapes against each other before any array is read."""
    missing = [name for name in ARRAYS if name not in claims]
    if missing:
        raise InputError(
            f"Nuclei: {path} is not an .npz with the arrays {', '.join(ARRAYS)} (no {missing[0]})."
        )
    images, labels, codes = (claims[name] for name in ARRAYS)
    same_pictures = images.shape == labels.shape and images.shape[:1] == codes.shape
    if not (
        same_pictures and len(images.shape) == 3 and images.dtype == np.uint8 and 0 not in images.shape[1:]
    ):
        raise InputError(
            f"Nuclei: {path} has images {images.dtype} {images.shape}, labels {labels.shape}, "
            f"split {codes.shape}; expected uint8 (M, H, W), (M, H, W) and (M,)."
        )
    if labels.dtype.kind not in "bui" or codes.dtype.kind not in "buif":
        raise InputError(
            f"Nuclei: {path} has labels of {labels.dtype} and split of {codes.dtype}; expected whole "
            "numbers, 0 for the background, else the number of the nucleus."
        )
    names = claims.get("kaggle_id", codes)
    if names.shape != codes.shape:
        raise InputError(f"Nuclei: {path} has {names.shape} names in kaggle_id; expected {codes.shape}.")


def _open_folder(folder: Path, split: str) -> tuple[list[str], list[Any]]:
    """Return names and not yet called readers of one split of a folder of pictures."""
    names = sorted(entry.name for entry in folder.iterdir() if (entry / "images").is_dir())
    if not names:
        raise InputError(f"Nuclei: {folder} has no ID/images/ID.png inside; {_ORIGINALS}.")
    names = [name for name in names if split in ("all", split_of(name))]
    return names, [partial(_read_folder, folder / name) for name in names]


def _read_folder(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read ``images/ID.png`` as grey u8 and join ``masks/*.png`` into one label map."""
    grey = (255 * read_image(folder / "images" / f"{folder.name}.png").mean(0)).round().astype(np.uint8)
    paths = sorted((folder / "masks").glob("*.png"))
    labels = np.zeros(grey.shape, np.min_scalar_type(len(paths)))
    for number, path in enumerate(paths, start=1):
        mask = read_image(path)[0] > 0
        if mask.shape != grey.shape:
            raise InputError(
                f"Nuclei: {path} is {mask.shape} (height, width) but its picture is {grey.shape}; "
                "a mask must have the size of its picture."
            )
        labels[mask] = number
    return grey, labels
