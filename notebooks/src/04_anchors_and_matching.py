# %% [markdown]
# # Anchors and matching
#
# How can a network that maps a grid to a grid predict boxes? It does not invent them. Every cell has a few boxes of
# fixed shape, the *anchors*. For each anchor the network predicts whether it holds an object, and how to move it.
#
# So training must first decide what the right answer is, for thousands of anchors that were laid out before
# anyone saw the picture. That decision is the subject of this notebook.

# %% [markdown]
# Lesson 5 of 11; 45 minutes.
# Before: [03 Backbone and pyramid](03_backbone_and_pyramid.ipynb).
# Next: [05 Proposals and the RPN's losses](05_proposals_and_rpn_losses.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [01 Boxes, masks and IoU](01_boxes_masks_iou.ipynb) (IoU) and [03 Backbone and
# pyramid](03_backbone_and_pyramid.ipynb) (levels and strides).
#
# **You will be able to**
#
# - lay out the anchors of a map, and check whether they fit the objects of a data set;
# - match anchors to objects by the two thresholds and the low-quality rule;
# - encode an object as deltas of its anchor, and decode it again.

# %%
import inspect

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.detection.anchors import AnchorGenerator, cell_anchors
from minimaskrcnn.detection.boxes import box_area, box_iou
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.io import load_model

# %%
viz.diagram("network", "anchors", "rpn")

# %% [markdown]
# ## One cell
#
# An anchor of size $s$ and aspect ratio $r = h / w$ has the area $s^2$. So
#
# $$w = s / \sqrt{r}, \qquad h = s \sqrt{r}.$$
#
# **Predict.** What are the sides of the anchor of size 32 and ratio 2?

# %%
anchors = cell_anchors([32], [0.5, 1.0, 2.0])
for anchor, area in zip(anchors, box_area(anchors)):
    width, height = anchor[2:] - anchor[:2]
    print(f"{anchor}  {width:.0f} x {height:.0f}, area {area:.0f} (32 * 32 = 1024)")

# %% [markdown] tags=["answer"]
# The anchors are centred on the origin and rounded to whole pixels, as in torchvision, so the areas are only nearly
# equal. A trained model depends on such details: different rounding gives different anchors and different results.

# %% [markdown]
# ## All cells
#
# The small model has three levels, P2, P3 and P4, with strides of 4, 8 and 16 pixels, and one size of anchor on each. The
# anchors of cell $(i, j)$ are those of the origin, moved by $(j \cdot \text{stride},\ i \cdot \text{stride})$.
#
# **Predict.** A picture of 128 x 128 pixels, three levels, three anchors per cell. How many anchors is that?

# %%
generator = AnchorGenerator(sizes=((20,), (32,), (48,)))
levels = generator((128, 128), [(32, 32), (16, 16), (8, 8)])
for stride, level in zip((4, 8, 16), levels):
    print(f"stride {stride:2}: {len(level):5,} anchors, the first is {level[0]}")
print(f"together:  {sum(map(len, levels)):5,}")

# %% [markdown] tags=["answer"]
# The anchors of cell (0, 0) are centred on the *corner* of the picture, not on the middle of the cell, and many
# reach beyond the picture. Nothing is clipped at this point.

# %%
model, facts = load_model(weights.path("shapes"))
image, target = data.Shapes("val")[3]
trace = model.trace(image)
viz.show(viz.show_cell_anchors(trace), width=5)

# %% [markdown]
# ## Are the sizes right?
#
# An object that no anchor fits is hard to learn. So before any training, measure: for each object of a data set,
# the IoU with its *best* anchor.
#
# **Predict.** The shapes are about 20 to 55 pixels wide. Compare three choices of sizes. Which one covers them best?

# %%
samples = data.Shapes("val")
truth = np.concatenate([samples[i][1].boxes for i in range(len(samples))])
for sizes in ((8, 16, 32), (20, 32, 48), (64, 128, 256)):
    layout = AnchorGenerator(sizes=tuple((size,) for size in sizes))
    every = np.concatenate(layout((128, 128), [(32, 32), (16, 16), (8, 8)]))
    best = box_iou(truth, every).max(axis=1)
    short = np.mean(best < 0.5)
    print(f"sizes {sizes}: mean best IoU {best.mean():.2f}, below 0.5 for {short:.0%}")

# %% [markdown] tags=["answer"]
# Wrong sizes do not make training fail with an error. They make it quietly bad. When a model finds nothing, this
# is the first number to look at.

# %% [markdown]
# ## Which anchor represents what: the matcher
#
# For each anchor, take the object that it overlaps most. Then two thresholds decide:
#
# - IoU of 0.7 or more: the anchor represents that object (*positive*).
# - IoU below 0.3: the anchor represents background (*negative*).
# - in between: neither. The loss ignores the anchor.
#
# **Predict.** There are two objects (rows) and four anchors (columns). What does the matcher return, and which object
# gets no anchor?

# %%
iou = np.array([[0.80, 0.50, 0.10, 0.00], [0.20, 0.40, 0.60, 0.25]])
print("matched:", Matcher(0.7, 0.3)(iou), " (-1 background, -2 neither)")

# %% [markdown] tags=["answer"]
# Object 1 gets no anchor: its best one has only 0.6. An object that no anchor represents is never learnt. Hence
# one more rule, *low-quality matches*: the best anchor of each object is positive, whatever its IoU.

# %%
print("matched:", Matcher(0.7, 0.3, allow_low_quality_matches=True)(iou))

# %% [markdown]
# The whole rule is short. Read it with the table of IoUs beside you: rows are objects, columns are anchors.

# %%
print(inspect.getsource(Matcher.__call__).split('"""')[-1])

# %% [markdown]
# ## On a picture
#
# **Predict.** Of the 4,032 anchors, how many will be positive for these objects? Ten? A hundred? A thousand?

# %%
with_low = Matcher(0.7, 0.3, allow_low_quality_matches=True)
strict = Matcher(0.7, 0.3)
overlaps = box_iou(target.boxes, trace["anchors"])  # (objects, anchors)
print("                          positive neither negative objects with an anchor")
for name, matcher in {"strict": strict, "with low-quality matches": with_low}.items():
    matched = matcher(overlaps)
    counts = [np.sum(matched >= 0), np.sum(matched == -2), np.sum(matched == -1)]
    served = len(np.unique(matched[matched >= 0]))
    print(
        f"{name:<26}{counts[0]:8}{counts[1]:8}{counts[2]:9}  {served} of {len(target)}"
    )

# %%
viz.show(viz.show_anchor_matches(trace, target), width=6)

# %% [markdown]
# The objects are green, the positive anchors dotted red, and the anchors in between dashed blue. The solid red boxes
# show where the trained network moves its positive anchors: onto the objects.

# %% [markdown]
# ## A handful against thousands: the sampler
#
# If the loss were taken over all anchors, the background would drown the objects: a network that always answers
# *nothing here* would be right in almost every case. So a fixed number is drawn at random, at most half of them
# positive.
#
# **Predict.** 128 anchors are sampled, at most half of them positive. How many positives will be among them?

# %%
labels = np.where(matched >= 0, 1, np.where(matched == Matcher.BELOW, 0, -1))
positive, negative = BalancedSampler(128, 0.5)(labels, np.random.default_rng(0))
print(f"{len(positive)} positive, {len(negative)} negative")
share = len(positive) / (len(positive) + len(negative))
print(
    f"positive: {np.mean(labels[labels >= 0]):.1%} of all labels, {share:.0%} of the sample"
)

# %% [markdown] tags=["answer"]
# There were fewer positives than allowed, so all were taken and the sample was filled with negatives.

# %% [markdown]
# ## The target of a positive anchor: deltas
#
# The network does not predict a box but a correction of its anchor:
#
# $$d_x = \frac{g_x - a_x}{a_w}, \quad d_y = \frac{g_y - a_y}{a_h}, \quad d_w = \ln \frac{g_w}{a_w}, \quad
# d_h = \ln \frac{g_h}{a_h}$$
#
# with the centres $(x, y)$ and the sides $(w, h)$ of the object $g$ and the anchor $a$. That is `encode`, and `decode` is its
# inverse:
#
# $$g_x = a_x + a_w d_x, \quad g_y = a_y + a_h d_y, \quad g_w = a_w e^{d_w}, \quad g_h = a_h e^{d_h}.$$
#
# **Predict.** The object has the shape of the anchor, but lies a quarter of its width further to the right. What are
# the deltas?

# %%
coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
anchor = np.array([[0.0, 0.0, 40.0, 40.0]])
shifted, doubled = anchor + [10, 0, 10, 0], anchor + [-20, -20, 20, 20]
print("shifted:             ", coder.encode(shifted, anchor)[0])
print("twice as big:        ", coder.encode(doubled, anchor)[0].round(3))
print("all ten times larger:", coder.encode(10 * shifted, 10 * anchor)[0])

# %% [markdown] tags=["answer"]
# A large and a small object have the same deltas. The correction is relative to the anchor, so one convolution can
# serve all positions, and one level can serve all objects of its size.

# %% [markdown]
# Here are the targets of the positive anchors of this picture, encoded and decoded again:

# %%
chosen = np.flatnonzero(matched >= 0)
goal = target.boxes[matched[chosen]]
deltas = coder.encode(goal, trace["anchors"][chosen])
back = coder.decode(deltas, trace["anchors"][chosen])[:, 0]
print("mean size of the targets:", np.abs(deltas).mean(axis=0).round(2))
print(f"largest error of the way back: {np.abs(back - goal).max():.3f} px")

# %% [markdown]
# ## What to remember
#
# - Anchors are fixed. They are a question put at every cell, not an answer.
# - The matcher turns objects into labels of anchors. Anchors between the thresholds are ignored on purpose.
# - Low-quality matches make sure that every object has an anchor. The sampler keeps the background from dominating.
# - Measure coverage before you train.
#
# **Try it.** Raise the lower threshold to 0.5 in `Matcher(0.7, 0.5, True)`. Which counts change, and what would
# the network now be taught about anchors that cover nearly half of an object?
#
# `viz.explore_world("anchors")` lays anchors over a scatter of object sizes, and counts how many are covered.

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** The number of positives stays, because the upper threshold and the low-quality rule are
# unchanged. All anchors with an IoU between 0.3 and 0.5 that were ignored become negative: the network is now taught
# to answer "nothing here" for boxes that cover nearly half of an object.

# %% [markdown]
# ## Exercises
#
# Write the four functions that this lesson is about. The check tries small cases, smallest first, and draws the first one
# that is wrong. `exercises.hint.cell_anchors()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **cell_anchors.** `sizes` (S,) in pixels, `ratios` (R,), each height / width. Return the boxes (R * S, 4) around the origin,
# all sizes of the first ratio first, with `np.round` of the corners.


# %% tags=["exercise"]
def my_cell_anchors(sizes, ratios):
    # solution
    root = np.sqrt(ratios)[:, None]  # (R, 1)
    w, h = (sizes / root).ravel(), (sizes * root).ravel()  # (R * S,)
    return np.round(np.stack([-w, -h, w, h], axis=1) / 2)
    # end of solution


# %%
exercises.check.cell_anchors(my_cell_anchors)

# %% [markdown]
# **match_anchors.** `iou` (M, N) of M objects and N anchors. Return (N,): the index of the object that an anchor overlaps most
# if that IoU is at least `high`, -1 if it is below `low`, else -2. Then the low-quality rule: for each object with any IoU
# above 0, all anchors that reach its best IoU are matched too, each with the object that it overlaps most itself.


# %% tags=["exercise"]
def my_match_anchors(iou, high, low):
    # solution
    best, nearest = iou.max(axis=0), iou.argmax(axis=0)  # (N,)
    matched = np.where(best >= high, nearest, np.where(best >= low, -2, -1))
    best_of_object = iou.max(axis=1, keepdims=True)  # (M, 1)
    tied = ((iou == best_of_object) & (iou > 0)).any(axis=0)
    return np.where(tied, nearest, matched)
    # end of solution


# %%
exercises.check.match_anchors(my_match_anchors)

# %% [markdown]
# **encode.** `box` and `anchor` (4,). Return dx, dy, dw, dh.


# %% tags=["exercise"]
def my_encode(box, anchor):
    # solution
    sides, anchor_sides = box[2:] - box[:2], anchor[2:] - anchor[:2]
    shift = (box[:2] + box[2:] - anchor[:2] - anchor[2:]) / 2
    return np.concatenate([shift / anchor_sides, np.log(sides / anchor_sides)])
    # end of solution


# %%
exercises.check.encode(my_encode)

# %% [markdown]
# **decode.** The way back. No dw or dh counts for more than `limit`, so that one wild number does not become infinite.


# %% tags=["exercise"]
def my_decode(deltas, anchor, limit):
    # solution
    sides = anchor[2:] - anchor[:2]
    centre = (anchor[:2] + anchor[2:]) / 2 + deltas[:2] * sides
    half = np.exp(np.minimum(deltas[2:], limit)) * sides / 2
    return np.concatenate([centre - half, centre + half])
    # end of solution


# %%
exercises.check.decode(my_decode)

# %% [markdown]
# ## What you can now do
#
# - Write `cell_anchors`, `match`, `encode` and `decode`.
# - Choose anchor sizes for a data set of your own, from a histogram, before any training.
# - Explain what an ignored anchor is for.
#
# Next: [05 Proposals and the RPN's losses](05_proposals_and_rpn_losses.ipynb): what the network makes of the anchors.
