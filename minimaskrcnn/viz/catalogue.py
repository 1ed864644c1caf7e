"""What the tour shows and in which order: the chapters, and for each figure its name, heading and a note.

Words only; `tour` knows how each is drawn. The first 24 figures are the steps that learners of Mask R-CNN
know from the classic inspection notebooks; a figure's place in this list is its number.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """One figure: its name, a heading, what a reader should understand from it, the call that draws it."""

    name: str
    heading: str
    note: str
    call: str


class Chapter(NamedTuple):
    """Figures that belong together."""

    heading: str
    entries: tuple[Entry, ...]


CATALOGUE: tuple[Chapter, ...] = (
    Chapter(
        "The answer",
        (
            Entry(
                "detections",
                "Predictions",
                "What the network answers: masks, boxes, classes and scores.",
                "show_detections(trace)",
            ),
            Entry(
                "precision-recall",
                "Precision against recall",
                "Over a whole data set, best score first: how many answers are right, and how much is found.",
                "show_precision_recall(evaluator.curves())",
            ),
            Entry(
                "truth",
                "True objects x predictions",
                "The overlap of every true object with every prediction. A row without a frame is an "
                "object that was missed; a column without one is a false alarm.",
                "show_overlaps(trace, target)",
            ),
            Entry(
                "average-precision",
                "Dataset AP",
                "The number that papers report: detections of all pictures are pooled before they are "
                "ranked. The mean of each picture's own AP would be another number.",
                'show_average_precision({"box": evaluator.curves()})',
            ),
        ),
    ),
    Chapter(
        "Stage 1: the region proposal network",
        (
            Entry(
                "anchor-matches",
                "Anchors and their matches",
                "In training an anchor stands for an object (dotted, with the refined box solid), for "
                "background, or, between the two thresholds, for nothing at all.",
                "show_anchor_matches(trace, target.boxes)",
            ),
            Entry(
                "top-anchors",
                "Top anchors by objectness",
                "Where the RPN believes most; not yet moved.",
                "show_top_anchors(trace)",
            ),
            Entry(
                "refined",
                "Refined | clipped",
                "Each anchor is moved and stretched by its four deltas, then cut at the edge of the picture.",
                "refined_figure(trace)",
            ),
            Entry(
                "rpn-nms",
                "After the RPN's NMS",
                "On each level, a box that overlaps a better one by more than 0.7 goes.",
                "show_rpn_nms(trace)",
            ),
            Entry(
                "proposals",
                "Final proposals",
                "What the second stage receives: boxes without a class.",
                "show_proposals(trace)",
            ),
            Entry(
                "recall",
                "Recall of anchors, refined boxes and proposals",
                "An object that no box of a step covers is lost for all steps after it. Refinement gains "
                "recall, and NMS gives some of it back. All boxes are compared in the same pixels.",
                "show_recall(trace, target.boxes)",
            ),
        ),
    ),
    Chapter(
        "Stage 2: the box head",
        (
            Entry(
                "detection-boxes",
                "Detections",
                "The answer of the Faster R-CNN part alone, before any mask.",
                "show_detection_boxes(trace)",
            ),
            Entry(
                "roi-classes",
                "Classes of the RoIs",
                "Most RoIs are background, and that is normal.",
                "show_class_counts(trace)",
            ),
            Entry(
                "rois-before-refinement",
                "RoIs before refinement",
                "Dotted: proposals as they come from the RPN, those that end with a high score.",
                "show_rois(trace)",
            ),
            Entry(
                "rois-after-refinement",
                "RoIs after refinement",
                "The box head moves each RoI (dotted) onto its object (solid); a line links the two corners.",
                "show_refinement(trace)",
            ),
            Entry(
                "filters",
                "Background and confidence filters",
                "RoIs that are background go, and so do classes with too low a score.",
                "show_filters(trace)",
            ),
            Entry(
                "nms-by-class",
                "Per-class NMS as it happens",
                "Who pushes out whom, at which overlap, class by class. Boxes of two classes never meet.",
                "suppression_figure(trace)",
            ),
            Entry(
                "after-nms",
                "Detections after NMS",
                "One box an object remains, with class and score.",
                "show_after_nms(trace)",
            ),
        ),
    ),
    Chapter(
        "Stage 3: masks",
        (
            Entry(
                "mask-targets",
                "Mask targets",
                "What training asks of each box: the true mask, RoIAligned to the box; beside it the answer.",
                "show_mask_targets(trace, target)",
            ),
            Entry(
                "mask-probabilities",
                "Raw masks",
                "The mask head answers with a small grid of probabilities over each box, one grid a class.",
                "show_mask_probabilities(trace)",
            ),
            Entry(
                "pasted-masks",
                "Pasted masks",
                "Resized into its box and cut at one half.",
                "show_pasted_masks(trace)",
            ),
        ),
    ),
    Chapter(
        "Looking inside",
        (
            Entry(
                "input",
                "The input picture",
                "What goes in, and at which size the network sees it.",
                "show_input(trace)",
            ),
            Entry(
                "features",
                "Feature maps of the RPN",
                "Some channels light up where the objects are.",
                'features_figure(trace, trace.names("pyramid."))',
            ),
            Entry(
                "rpn-deltas",
                "Deltas of the RPN",
                "How far anchors are moved: dx and dy in units of the anchor's sides, dw and dh as "
                "logarithms.",
                "delta_figure(trace)",
            ),
            Entry(
                "proposal-corners",
                "Corners of the proposals",
                "Where boxes begin and where they end.",
                "show_corners(trace)",
            ),
        ),
    ),
    Chapter(
        "The data",
        (
            Entry(
                "samples",
                "Samples with masks",
                "Pictures and true objects, as the loader gives them.",
                "samples_figure([dataset[0], dataset[1]])",
            ),
            Entry(
                "mini-masks",
                "Mini-masks",
                "How much of a mask survives the small grid of the mask head.",
                "show_mini_masks(image, target)",
            ),
            Entry(
                "anchors-of-one-cell",
                "Anchors of one cell on each level",
                "A few shapes, one size a level.",
                "show_cell_anchors(trace)",
            ),
            Entry(
                "roi-targets",
                "RoIs beside their targets",
                "The same object seen through several RoIs.",
                "roi_targets_figure(trace, target)",
            ),
            Entry(
                "anchor-coverage",
                "Do the anchors fit the objects?",
                "The best IoU any anchor reaches with each object. Objects that none covers are hard to "
                "learn.",
                "coverage_figure(anchor_coverage(model, dataset))",
            ),
        ),
    ),
    Chapter(
        "The weights",
        (
            Entry(
                "weight-table",
                "Weights in numbers",
                "Range and spread of every layer, dead ones flagged.",
                "show_weight_table(model)",
            ),
            Entry(
                "weight-histograms",
                "Weight histograms",
                "Trained weights look like bells, dead ones do not.",
                "weight_histograms(model)",
            ),
        ),
    ),
    Chapter(
        "Close-ups",
        (
            Entry(
                "objectness",
                "Objectness on each level",
                "Fine levels see small objects, coarse ones large.",
                "objectness_figure(trace)",
            ),
            Entry(
                "backbone-maps",
                "Feature maps of the backbone",
                "From edges and colours to parts of objects.",
                'features_figure(trace, trace.names("backbone."))',
            ),
            Entry(
                "anchor-fates",
                "What became of the anchors",
                "How many left at which filter, and why.",
                'show_fates(trace, "anchor")',
            ),
            Entry(
                "roi-levels",
                "The level of each RoI",
                "A box twice as large reads a map half as fine.",
                "show_roi_levels(trace)",
            ),
            Entry(
                "roi-microscope",
                "The RoI microscope",
                "The best RoI on its feature map, through four operators: the box as given, the bins each "
                "makes of it, where it reads the map, and what it answers.",
                "proposal_microscope(trace, 0)",
            ),
            Entry(
                "four-operators",
                "Four operators on one box",
                "The same box on a map small enough to follow: which cells the red bin listens to, how "
                "much, and what each operator answers.",
                "microscope_figure(ARTICLE_FEATURES, ARTICLE_BOX)",
            ),
            Entry(
                "article-example",
                "From 0.8 to 0.88",
                "Snapped to cells, the largest value of the top left bin is 0.8; read between the cells it "
                "is 0.88.",
                "article_figure()",
            ),
            Entry(
                "sub-pixel-shift",
                "Sub-pixel shifts",
                "A box slides over a ramp: operators that round climb stairs, RoIAlign draws a line.",
                "show_shift()",
            ),
            Entry(
                "gradients",
                "The gradient that flows back",
                "Which cells of the map learn from this box, beside the same gradient by finite differences.",
                "gradient_figure(ARTICLE_FEATURES, ARTICLE_BOX)",
            ),
            Entry(
                "roi-features",
                "Features of one RoI",
                "All that the box head is told of the RoI.",
                "show_box_features(trace, 0)",
            ),
            Entry(
                "before-nms",
                "Before per-class NMS",
                "Several boxes an object, each sure of itself.",
                "show_before_nms(trace)",
            ),
            Entry(
                "candidate-fates",
                "What became of the candidates",
                "Every pair of RoI and class, by its end.",
                'show_fates(trace, "candidate")',
            ),
            Entry(
                "mask-steps",
                "One mask, step by step",
                "From probabilities to an outline; then its target, and where outline and truth differ.",
                "mask_figure(trace, 0, target)",
            ),
            Entry(
                "story",
                "The story of one detection",
                "From its anchor to its mask, with the numbers.",
                "show_story(trace, trace.story(0))",
            ),
            Entry(
                "why-missed",
                "The object that fared worst",
                "Where it was lost, or how well it was found.",
                "show_story(trace, trace.why_missed(target.boxes[0]))",
            ),
        ),
    ),
    Chapter(
        "Training",
        (
            Entry(
                "training-curves",
                "Training curves",
                "The losses from the marks of pure guessing, AP over time, how many samples are objects, "
                "and the learning rate.",
                'training_curves(read_log("log.jsonl"))',
            ),
        ),
    ),
)

NUMBERS = {
    entry.name: number
    for number, entry in enumerate((entry for chapter in CATALOGUE for entry in chapter.entries), start=1)
}
NEED_TRUTH = ("truth", "anchor-matches", "recall", "mask-targets", "roi-targets", "mask-steps", "why-missed")
