"""COCO's classes by label, as the published models number them: COCO's own category ids.

The ids run from 1 to 90 with ten gaps, kinds of objects that were planned and never annotated: "N/A" here.
Source: Lin et al. 2014, "Microsoft COCO"; the order is that of COCO's annotation files and of torchvision.
"""

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
