"""Recognise the files of tools that are not read here, and name the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COCO = "export it as COCO"
# What a JSON object, or the first object of a list, has in these tools; the first that fits is named.
OBJECTS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"data", "annotations"}), f"Label Studio; {COCO} (Export, COCO)"),
    (frozenset({"data", "completions"}), f"Label Studio; {COCO} (Export, COCO)"),
    (
        frozenset({"data_row", "projects"}),
        f"Labelbox; {COCO} with its own converter (labelbox, coco_converter)",
    ),
    (
        frozenset({"Labeled Data", "Label"}),
        f"Labelbox; {COCO} with its own converter (labelbox, coco_converter)",
    ),
    (frozenset({"size", "objects", "tags"}), f"Supervisely; {COCO} (its app Export to COCO)"),
    (
        frozenset({"imgHeight", "imgWidth", "objects"}),
        "Cityscapes' polygons; pass the folder of *_instanceIds.png",
    ),
    (frozenset({"item", "annotations"}), f"V7 Darwin; {COCO}"),
    (frozenset({"instances", "metadata"}), f"SuperAnnotate; {COCO}"),
    (frozenset({"items", "categories"}), f"Datumaro; {COCO} (datum convert -f coco_instances)"),
    (
        frozenset({"type", "features"}),
        "GeoJSON (QuPath); export a label image from QuPath and pass its folder",
    ),
    (frozenset({"name", "labels"}), f"BDD100K; {COCO} (bdd100k.label.to_coco)"),
    (frozenset({"image", "annotations"}), f"Create ML; {COCO}"),
    (frozenset({"file_name", "annotations"}), f"Detectron2; {COCO} (convert_to_coco_json)"),
    (
        frozenset({"project", "metadata", "view"}),
        "VIA 3, the video annotator; draw in VIA 2, or convert to COCO",
    ),
    (frozenset({"segments_info", "file_name"}), "COCO panoptic; pass the file of instances"),
)


def other_tool(content: Any) -> str | None:
    """Name the tool whose JSON has these fields, and what to do; None for an unknown one."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return None
    return next((words for fields, words in OBJECTS if fields <= first.keys()), None)


def other_markup(text: str) -> str:
    """Name the tool that wrote an XML file, and what to do."""
    if "<annotations" in text[:2000]:
        return f"CVAT for images (XML); {COCO} (Export task dataset, COCO 1.0)"
    if "<annotation" in text[:2000]:
        return (
            "Pascal VOC or LabelImg (XML: boxes alone); convert it to COCO, or pass the folder that holds "
            "SegmentationObject and SegmentationClass"
        )
    return f"an XML tool; {COCO}"
