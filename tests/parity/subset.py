"""Make the committed set out of a full one: ``python tests/parity/subset.py FULL_FOLDER NEW_FOLDER``.

Every op stays: its smallest cases, up to a budget of bytes, and at least one. Of whole models every case
stays, but a large output keeps only its first rows (under the name OUTPUT_firstK), and what is large in one
row goes.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

OP_BUDGET = 70_000  # compressed bytes of an op's cases in one file
ARRAY_LIMIT = 24_000  # compressed bytes of a whole model's output


def compressed(**arrays: np.ndarray) -> bytes:
    """The bytes of an .npz of these arrays; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def smallest_first(cases: list[dict], arrays: dict[str, dict]) -> list[dict]:
    """Of each op the smallest cases that fit the budget together, in the manifest's order."""
    by_op = defaultdict(list)
    for case in cases:
        by_op[case["op"]].append((len(compressed(**arrays[case["case"]])), case["case"]))
    kept = set()
    for sizes in by_op.values():
        total = 0
        for size, name in sorted(sizes):
            total += size
            if total <= OP_BUDGET or not kept.intersection(n for _, n in sizes):
                kept.add(name)
    return [case for case in cases if case["case"] in kept]


def trimmed(case: dict, arrays: dict[str, np.ndarray]) -> tuple[dict, dict[str, np.ndarray]]:
    """A whole model's case with its large outputs and gradients cut to their first rows, or left out."""
    small = {}
    for key, array in arrays.items():
        size = len(compressed(a=array))
        tag, name = key.split(".", 1)
        if tag not in ("o", "g") or size <= ARRAY_LIMIT:
            small[key] = array
        elif tag == "o" and (rows := len(array) * ARRAY_LIMIT // size):
            small[f"o.{re.sub(r'_first[0-9]+$', '', name)}_first{rows}"] = array[:rows]
    described = {name: describe(small, tag) for name, tag in (("outputs", "o"), ("grads", "g"))}
    return {**case, **{name: entry for name, entry in described.items() if name in case}}, small


def describe(arrays: dict[str, np.ndarray], tag: str) -> dict[str, list]:
    """Shape and dtype by name, as a manifest has them."""
    prefix = f"{tag}."
    return {
        key.removeprefix(prefix): [list(array.shape), str(array.dtype)]
        for key, array in arrays.items()
        if key.startswith(prefix)
    }


def by_case(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of one file: {case: {"o.y": array}}."""
    arrays: dict[str, dict] = defaultdict(dict)
    with np.load(path, allow_pickle=False) as stored:
        for key in stored.files:
            case, name = key.split("/", 1)
            arrays[case][name] = stored[key]
    return arrays


def select(full: Path, new: Path) -> None:
    """Write the smaller set."""
    manifest = json.loads((full / "manifest.json").read_text())
    chosen = {**manifest, "set": f"part of {manifest['set']}", "files": {}, "cases": []}
    new.mkdir(parents=True, exist_ok=True)
    for file, entry in manifest["files"].items():
        arrays = by_case(full / file)
        cases = [case for case in manifest["cases"] if case["file"] == file]
        if "seed" in entry.get("meta", {}):
            pairs = [trimmed(case, arrays[case["case"]]) for case in cases]
        else:
            pairs = [(case, arrays[case["case"]]) for case in smallest_first(cases, arrays)]
        content = compressed(**{f"{case['case']}/{k}": a for case, own in pairs for k, a in own.items()})
        (new / file).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        chosen["files"][file] = {**entry, "bytes": len(content), "cases": len(pairs), "sha256": digest}
        chosen["cases"] += [case for case, _ in pairs]
    (new / "manifest.json").write_text(json.dumps(chosen) + "\n")


if __name__ == "__main__":
    select(*map(Path, sys.argv[1:]))
