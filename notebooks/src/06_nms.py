# %% [markdown]
# # Non-maximum suppression
#
# A detector finds every object many times: several neighbouring anchors find it, and each makes its own box. We want one
# box per object. The rule that thins the boxes out is four lines long, has no weights and is never trained. It still
# decides what the user gets to see.
#
# > Take the box with the best score. Drop all boxes that overlap it by more than a threshold. Repeat with the rest.

# %%
import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.fates import suppressors
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.io import load_model
from minimaskrcnn.viz.style import panels

# %% [markdown]
# ## Five boxes
#
# Small enough to do by hand. The boxes are `(x1, y1, x2, y2)` in pixels.

# %%
boxes = np.array(
    [
        [10, 10, 50, 50],
        [14, 10, 54, 50],
        [30, 10, 70, 50],
        [80, 20, 110, 50],
        [82, 22, 112, 52],
    ],
    np.float32,
)
scores = np.array([0.80, 0.95, 0.70, 0.60, 0.65], np.float32)
print(box_iou(boxes, boxes).round(2))

# %% [markdown]
# **Predict.** The threshold is 0.5. Start with box 1, the best. Which boxes does it drop? Which box is next? Write down
# which boxes survive, in order.

# %%
keep = nms(boxes, scores, iou_threshold=0.5)
print("kept, best first:", keep)

# %% [markdown]
# Box 1 (0.95) drops box 0, which overlaps it by 0.82, but not box 2, which overlaps it by 0.43. Then box 2 is the best of
# the rest, and then box 4 drops box 3.
#
# When a detection is missing, it helps to know which box was dropped by which. `suppressors` returns that.

# %%
by, overlap = suppressors(boxes, scores, keep, iou_threshold=0.5)
for box in range(len(boxes)):
    print(
        f"box {box}: "
        + (
            f"dropped by box {by[box]} at IoU {overlap[box]:.2f}"
            if by[box] >= 0
            else "kept"
        )
    )

# %% [markdown]
# ## It is greedy
#
# **Predict.** Boxes a, b and c stand in a row. b overlaps both others by more than the threshold; a and c do not overlap
# much. How many survive if b has the best score? How many if b has the worst?

# %%
row = np.array([[0, 0, 30, 30], [8, 0, 38, 30], [16, 0, 46, 30]], np.float32)
print(box_iou(row, row).round(2))
for label, row_scores in {
    "b is best ": [0.8, 0.9, 0.7],
    "b is worst": [0.8, 0.6, 0.7],
}.items():
    print(label, "-> keep", nms(row, np.array(row_scores, np.float32), 0.5))

# %% [markdown]
# The result depends on the order, not only on the overlaps. If a and c are two objects side by side and b is a sloppy box
# over both, a high score of b loses one of them. No threshold can fix that: it is what greedy means.

# %% [markdown]
# ## Classes are kept apart
#
# A person on a horse: two boxes that overlap strongly, and both are right. So NMS runs within each class. `batched_nms`
# takes the class of each box.
#
# **Predict.** The five boxes again, but box 0 is a circle and all others are squares. What changes?

# %%
labels = np.array([1, 2, 2, 2, 2])
print("classes apart:", batched_nms(boxes, scores, labels, 0.5))
print("all together: ", nms(boxes, scores, 0.5))

# %% [markdown]
# Box 0 survives: the box that dropped it is now of another class. The same trick serves the region proposal network, where
# the groups are the pyramid levels.

# %% [markdown]
# ## In a real forward pass
#
# NMS works twice in Mask R-CNN: on the RPN's boxes (threshold 0.7, level by level) and on the refined boxes (threshold 0.5,
# class by class).

# %%
image, target = data.Shapes("val")[22]
model, _ = load_model(weights.path("shapes"))
trace = model.trace(image)

# %% [markdown]
# **Predict.** Why can the first threshold be higher than the second? What would go wrong if the RPN already kept only
# boxes that overlap by less than 0.5?

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_rpn_nms(trace, left)
viz.show_before_nms(trace, right)
viz.show(figure)

# %% [markdown]
# The boxes of the RPN are not refined yet, and its score does not depend on the class. If a box is dropped early because
# of a rough overlap, an object can be lost for good. So the first NMS only removes near copies, and leaves the choice to
# the second.
#
# Now look at the second NMS, class by class. Each survivor has a number, and the boxes that it suppressed are dashed in
# its colour. On the right you see the overlap for which each of them was dropped.

# %%
viz.show(viz.suppression_figure(trace, limit=2))

# %% [markdown]
# All dots lie to the right of 0.5: that is the threshold. Dots near 1 are harmless, copies of one box. Dots near 0.5 are the
# ones to worry about: were those really the same object?

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_after_nms(trace, left)
viz.show_detections(trace, right)
viz.show(figure)

# %% [markdown]
# ## The threshold
#
# We can run the second NMS again with other thresholds, on the same candidates.
#
# **Predict.** Does the number of boxes grow or shrink as the threshold rises? Where is it the number of objects?

# %%
sure = trace["candidate_score"] > 0.5
candidates = (
    trace["candidate_box"][sure],
    trace["candidate_score"][sure],
    trace["candidate_label"][sure],
)
for threshold in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
    left_over = len(batched_nms(*candidates, threshold))
    print(
        f"threshold {threshold:4}: {left_over:3} of {sure.sum()} boxes, {len(target)} objects"
    )

# %% [markdown]
# A low threshold loses neighbours, and a high one shows objects twice. In this picture the objects are far apart, so any
# low threshold will do. In a crowded picture there is no right answer, only a choice.

# %% [markdown]
# ## What it costs
#
# **Predict.** NMS compares pairs. With ten times as many boxes, how much longer may it take?
#
# For `n` boxes there are `n * (n - 1) / 2` pairs, so it may take a hundred times as long in the worst case. In practice
# the first few winners drop most boxes, and a dropped box is never compared again.

# %%
rng = np.random.default_rng(0)
for count in (100, 1000, 10_000):
    corner = rng.uniform(0, 200, (count, 2)).astype(np.float32)
    many = np.concatenate([corner, corner + 40], axis=1)  # (count, 4)
    kept = len(nms(many, rng.random(count, np.float32), 0.5))
    print(
        f"{count:6,} boxes, {count * (count - 1) // 2:11,} pairs: {kept:3} kept, {100 * kept / count:5.1f} %"
    )

# %% [markdown]
# The picture has room for a limited number of boxes of that size that do not overlap much, and NMS fills that room. More
# boxes in does not mean more boxes out.

# %% [markdown]
# ## What to remember
#
# - NMS is greedy, by falling score, within one class. That is all.
# - It works on boxes. It treats two objects of one class with nearly the same box as one, whatever their masks are.
# - The threshold trades double detections for lost neighbours.
# - No gradient flows through it; training never sees it.
#
# **Try it.** With `trace.why_missed(target.boxes[0], int(target.labels[0]))` ask whether NMS has cost an object its
# detection. Then look for a validation picture in which it has.
