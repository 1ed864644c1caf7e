# %% [markdown]
# # Non-maximum suppression
#
# A detector finds every object many times: several neighbouring anchors find it, and each makes its own box. We want one
# box per object. The rule that thins the boxes out (NMS) is a loop of four lines, has no weights and is never trained. It
# still decides what the user gets to see.
#
# > Take the box $i$ with the best score. Drop every box $j$ with $\mathrm{IoU}(b_i, b_j) > t$. Repeat with the rest.

# %% [markdown]
# Lesson 3 of 11; 45 minutes.
# Before: [01 Boxes, masks and IoU](01_boxes_masks_iou.ipynb).
# Next: [03 Backbone and pyramid](03_backbone_and_pyramid.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [01 Boxes, masks and IoU](01_boxes_masks_iou.ipynb) (IoU).
#
# **You will be able to**
#
# - run NMS by hand, and name the box that dropped a given box;
# - say what a lower and a higher threshold cost, and where each of the two NMS of the detector stands;
# - tell an object that NMS lost from one that was scored too low.

# %%
import inspect

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.fates import suppressors
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.io import load_model
from minimaskrcnn.kernels import reference
from minimaskrcnn.viz.style import panels

# %%
viz.diagram("network", "rpn_nms", "class_nms")

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

# %% [markdown] tags=["answer"]
# Box 1 (0.95) drops box 0, which overlaps it by 0.82, but not box 2, which overlaps it by 0.43. Then box 2 is the best of
# the rest, and then box 4 drops box 3.

# %% [markdown]
# Here is the code, in its version for readers. The four lines are those of the `while` loop.

# %%
print(inspect.getsource(reference.nms))

# %% [markdown]
# When a detection is missing, it helps to know which box was dropped by which. `suppressors` returns that, with -1 for a box
# that was kept.

# %%
by, overlap = suppressors(boxes, scores, keep, iou_threshold=0.5)
for box in range(len(boxes)):
    print(f"box {box}: dropped by {by[box]:2} at IoU {overlap[box]:.2f}")

# %% [markdown]
# ## It is greedy
#
# **Predict.** Boxes a, b and c stand in a row. b overlaps both others by more than the threshold; a and c do not overlap
# much. How many survive if b has the best score? How many if b has the worst?

# %%
row = np.array([[0, 0, 30, 30], [8, 0, 38, 30], [16, 0, 46, 30]], np.float32)
print(box_iou(row, row).round(2))
print("b is best:  keep", nms(row, np.array([0.8, 0.9, 0.7], np.float32), 0.5))
print("b is worst: keep", nms(row, np.array([0.8, 0.6, 0.7], np.float32), 0.5))

# %% [markdown] tags=["answer"]
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

# %% [markdown] tags=["answer"]
# Box 0 survives: the box that dropped it is now of another class. The same trick serves the region proposal network, where
# the groups are the pyramid levels.

# %% [markdown]
# ## In a real forward pass
#
# NMS works twice in Mask R-CNN: on the RPN's boxes (threshold 0.7, level by level) and on the refined boxes (threshold 0.5,
# class by class). This picture is crowded: four triangles, which touch and hide one another.

# %%
samples = data.Shapes("val")
image, target = samples[83]
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

# %% [markdown] tags=["answer"]
# The boxes of the RPN are not refined yet, and its score does not depend on the class. If a box is dropped early because
# of a rough overlap, an object can be lost for good. So the first NMS only removes near copies, and leaves the choice to
# the second.

# %% [markdown]
# Now look at the second NMS, class by class. Each survivor has a number, and the boxes that it suppressed are dashed in
# its colour. On the right you see the overlap for which each of them was dropped.

# %%
viz.show(viz.suppression_figure(trace, limit=1))

# %% [markdown]
# All dots lie to the right of 0.5: that is the threshold. Dots near 1 are harmless, copies of one box. Dots near 0.5 are the
# ones to worry about: were those really the same triangle?
#
# **Predict.** There are four objects. Will NMS leave four boxes?

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_after_nms(trace, left)
viz.show_detections(trace, right)
viz.show(figure)

# %%
print(f"{len(trace['boxes'])} boxes left, {(trace['scores'] >= 0.5).sum()} from 0.5 on")

# %% [markdown] tags=["answer"]
# More, with low scores: NMS only asks whether boxes overlap, not whether they are right. It is the score threshold of the user
# that hides the rest.

# %% [markdown]
# ## The threshold
#
# We can run the second NMS again with other thresholds, on the sure candidates (score above 0.5).
#
# **Predict.** Does the number of boxes grow or shrink as the threshold rises? Where is it the number of objects?

# %%
sure = trace["candidate_score"] > 0.5
names = ("candidate_box", "candidate_score", "candidate_label")
candidates = [trace[name][sure] for name in names]
print(f"{sure.sum()} candidates, {len(target)} objects")
for threshold in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
    print(
        f"threshold {threshold:4}: {len(batched_nms(*candidates, threshold)):3} boxes"
    )

# %% [markdown] tags=["answer"]
# It grows. At 0.1 one triangle is lost, because its box overlaps that of its neighbour a little. From 0.7 on an object is shown
# twice and more. Between them lies the number of objects, here. Where neighbours overlap by as much as two boxes of one object
# do, there is no right threshold, only a choice.

# %% [markdown]
# ## Why was it missed?
#
# The opposite case is validation picture 18. A circle hides most of a triangle.

# %%
crowded, truth = samples[18]
other = model.trace(crowded)
missed = other.why_missed(truth.boxes[0], int(truth.labels[0]))
figure, (left, right) = panels(1, 2, 3.1, 3.1, title=1.4)
viz.show_detections(other, left)
viz.show_story(other, missed, right)
viz.show(figure)

# %%
print(missed)

# %% [markdown]
# **Predict.** The box that won covers the triangle too, with a score of 0.64. Would a threshold of 0.55 have saved the better
# one? And would a user have seen it?

# %%
whole = [other[name] for name in names]
for threshold in (0.5, 0.55):
    kept = batched_nms(*whole, threshold)
    over = box_iou(truth.boxes[:1], whole[0][kept])[0]
    near = kept[(over > 0.5) & (whole[2][kept] == truth.labels[0])]
    print(f"threshold {threshold}: scores of boxes on it", whole[1][near].round(2))

# %% [markdown] tags=["answer"]
# It would have survived, with a score of 0.09, which nobody shows. NMS took the decision, but the cause lies earlier: the
# box head saw a half-hidden triangle and scored the worse box higher. *Ask for the fate first, then for its reason.*

# %% [markdown]
# ## What it costs
#
# **Predict.** NMS compares pairs. With ten times as many boxes, how much longer may it take?
#
# And how many boxes will be left? Here are boxes of 40 x 40 pixels, thrown at random on a picture of 240 x 240.

# %%
rng = np.random.default_rng(0)
for count in (100, 1000, 10_000):
    corner = rng.uniform(0, 200, (count, 2)).astype(np.float32)
    many = np.concatenate([corner, corner + 40], axis=1)  # (count, 4)
    kept = len(nms(many, rng.random(count, np.float32), 0.5))
    pairs = count * (count - 1) // 2
    print(f"{count:6,} boxes, {pairs:10,} pairs: {kept:3} kept, {kept / count:5.1%}")

# %% [markdown] tags=["answer"]
# For $n$ boxes there are $n (n - 1) / 2$ pairs, so it may take a hundred times as long in the worst case. In practice the
# first few winners drop most boxes, and a dropped box is never compared again.
#
# The picture has room for a limited number of boxes of that size that do not overlap much, and NMS fills that room. More
# boxes in does not mean more boxes out.

# %% [markdown]
# ## What to remember
#
# - NMS is greedy, by falling score, within one class. That is all.
# - It works on boxes. It treats two objects of one class with nearly the same box as one, whatever their masks are.
# - The threshold trades double detections for lost neighbours.
# - No gradient flows through it. Yet training depends on it: the RPN's NMS runs in training too, and decides which boxes the
#   heads learn from. Only the NMS per class waits for prediction.
#
# **Try it.** Pictures 11 and 43 of the validation set each have a circle that no figure shows. Ask `why_missed` about the
# objects of both (`target.boxes[k]`, `int(target.labels[k])`). What do the two circles have in common, and was it NMS?
#
# `viz.explore_world("nms")` lets you drag boxes and suppress them step by step.

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** In both, one circle is covered by a detection of its class, but with a score (0.39 and 0.46)
# that is too low to be shown. Both are half hidden by a neighbour. NMS is innocent here; the box head was unsure.

# %% [markdown]
# ## Exercises
#
# Write the four lines. The check tries every order of up to three boxes in a row, and draws the smallest case that is
# wrong. `exercises.hint.nms()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **nms.** `boxes` (N, 4) and `scores` (N,). Return the indices of the boxes that are kept, best first. A box is dropped if
# its IoU with a kept one is greater than the threshold. Use `box_iou(boxes, boxes)`, an array (N, N).


# %% tags=["exercise"]
def my_nms(boxes, scores, iou_threshold):
    # solution
    overlap = box_iou(boxes, boxes)
    left, kept = np.argsort(-scores, kind="stable"), []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[overlap[best, left] <= iou_threshold]
    return np.array(kept, int)
    # end of solution


# %%
exercises.check.nms(my_nms)

# %% [markdown]
# One line puts your function into the detector. (While it is blank, the detector keeps its own.) Left: yours. Right: a
# function that drops nothing.


# %%
def keep_everything(boxes, scores, iou_threshold):
    return np.argsort(-scores)


figure, axes = panels(1, 2, 3.1, 3.1)
for ax, answer in zip(axes, (my_nms, keep_everything)):
    with exercises.plugged_in(nms=answer):
        viz.show_detections(model.trace(image), ax)
viz.show(figure)

# %% [markdown]
# **batched_nms.** The same within each class: `labels` (N,) are ints. Return all indices that are kept, best score
# first. You may call `nms`.


# %% tags=["exercise"]
def my_batched_nms(boxes, scores, labels, iou_threshold):
    # solution
    kept = []
    for label in np.unique(labels):
        member = np.flatnonzero(labels == label)
        kept += list(member[nms(boxes[member], scores[member], iou_threshold)])
    return np.array(sorted(kept, key=lambda index: -scores[index]), int)
    # end of solution


# %%
exercises.check.batched_nms(my_batched_nms)

# %% [markdown]
# ## What you can now do
#
# - Write `nms` and `batched_nms`.
# - Predict what a change of the threshold does to a crowded picture, and check it.
# - Ask why an object is missing before you change anything.
#
# Next: [03 Backbone and pyramid](03_backbone_and_pyramid.ipynb), the beginning of the network.
