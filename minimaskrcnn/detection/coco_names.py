"""COCO's classes by label, as the published models number them: COCO's own category ids.

The ids run from 1 to 90 with ten gaps, kinds of objects that were planned and never annotated: "N/A" here.
Source: Lin et al. 2014, "Microsoft COCO"; the order is that of COCO's annotation files and of torchvision.
"""

import re
from collections import Counter
from collections.abc import Sequence

GROUPS = (
    "background",
    "person bicycle car motorcycle airplane bus train truck boat",
    "traffic_light fire_hydrant N/A stop_sign parking_meter bench",
    "bird cat dog horse sheep cow elephant bear zebra giraffe",
    "N/A backpack umbrella N/A N/A handbag tie suitcase",
    "frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket",
    "bottle N/A wine_glass cup fork knife spoon bowl",
    "banana apple sandwich orange broccoli carrot hot_dog pizza donut cake",
    "chair couch potted_plant bed N/A dining_table N/A N/A toilet N/A",
    "tv laptop mouse remote keyboard cell_phone",
    "microwave oven toaster sink refrigerator N/A",
    "book clock vase scissors teddy_bear hair_drier toothbrush",
)
COCO_NAMES = [name.replace("_", " ") for group in GROUPS for name in group.split()]

PASCAL_NAMES = {
    "aeroplane": "airplane",
    "motorbike": "motorcycle",
    "sofa": "couch",
    "tvmonitor": "tv",
    "pottedplant": "potted plant",
    "diningtable": "dining table",
}
"""Pascal VOC's names of classes that COCO calls otherwise; many copies of COCO's list use them."""


def spelling_key(name: str) -> str:
    """Return what the spellings of a class name share: capitals, underscores and hyphens do not count.

    Examples
    --------
    >>> spelling_key("Traffic_Light"), spelling_key("aeroplane")
    ('traffic light', 'airplane')

    A sign at the end of a name tells classes apart:

    >>> spelling_key("CD4+") == spelling_key("CD4-")
    False
    """
    key = re.sub(r"[\s_]+|(?<=\w)-(?=\w)", " ", name.casefold()).strip()
    return PASCAL_NAMES.get(key, key)


def other_spellings(theirs: Sequence[str], ours: Sequence[str]) -> dict[str, str]:
    """Return our spelling of each of their class names that we spell otherwise, if only one name fits.

    Examples
    --------
    >>> other_spellings(["Cat", "dog", "aeroplane"], ["airplane", "cat", "dog"])
    {'Cat': 'cat', 'aeroplane': 'airplane'}
    >>> other_spellings(["Car", "CAR"], ["car"])
    {}
    """
    theirs, ours = list(dict.fromkeys(theirs)), list(dict.fromkeys(ours))
    uses = [Counter(map(spelling_key, names)) for names in (theirs, ours)]
    by_key = {spelling_key(name): name for name in ours}
    return {
        name: by_key[key]
        for name, key in zip(theirs, map(spelling_key, theirs), strict=True)
        if name not in ours and all(count[key] == 1 for count in uses)
    }
