# %% [markdown]
# # Anchors and matching
#
# How can a network that maps a grid to a grid predict boxes? It does not invent them. Every cell has a few boxes of
# fixed shape, the *anchors*. For each anchor the network predicts whether it holds an object, and how to move it.
#
# So training must first decide what the right answer is, for thousands of anchors that were laid out before
# anyone saw the picture. That decision is the subject of this notebook.

# %%
import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.detection.anchors import AnchorGenerator, cell_anchors
from minimaskrcnn.detection.boxes import box_area, box_iou
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.io import load_model

# %% [markdown]
# ## One cell
#
# An anchor of size `s` and aspect ratio `r = h / w` has the area `s * s`. So `w = s / sqrt(r)` and
# `h = s * sqrt(r)`.
#
# **Predict.** What are the sides of the anchor of size 32 and ratio 2?

# %%
anchors = cell_anchors([32], [0.5, 1.0, 2.0])
for anchor, area in zip(anchors, box_area(anchors)):
    width, height = anchor[2:] - anchor[:2]
    print(
        f"{anchor}  {width:.0f} x {height:.0f}, area {area:.0f} (32 * 32 = {32 * 32})"
    )

# %% [markdown]
# The anchors are centred on the origin and rounded to whole pixels, as in torchvision, so the areas are only nearly
# equal. A trained model depends on such details: different rounding gives different anchors and different results.

# %% [markdown]
# ## All cells
#
# The small model has three levels, with strides of 4, 8 and 16 pixels, and one size of anchor on each.
#
# **Predict.** A picture of 128 x 128 pixels, three levels, three anchors per cell. How many anchors is that?

# %%
generator = AnchorGenerator(sizes=((20,), (32,), (48,)))
levels = generator((128, 128), [(32, 32), (16, 16), (8, 8)])
for stride, level in zip((4, 8, 16), levels):
    print(f"stride {stride:2}: {len(level):5,} anchors, the first is {level[0]}")
print(f"together:  {sum(map(len, levels)):5,}")

# %% [markdown]
# The anchors of cell (0, 0) are centred on the *corner* of the picture, not on the middle of the cell, and many
# reach beyond the picture. Nothing is clipped at this point.

# %%
model, facts = load_model(weights.path("shapes"))
image, target = data.Shapes("val")[18]
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
    print(
        f"sizes {sizes}: best IoU {best.mean():.2f} on average, below 0.5 for {np.mean(best < 0.5):.0%}"
    )

# %% [markdown]
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

# %% [markdown]
# Object 1 gets no anchor: its best one has only 0.6. An object that no anchor represents is never learnt. Hence
# one more rule, *low-quality matches*: the best anchor of each object is positive, whatever its IoU.

# %%
print("matched:", Matcher(0.7, 0.3, allow_low_quality_matches=True)(iou))

# %% [markdown]
# ## On a picture
#
# **Predict.** Of the 4,032 anchors, how many will be positive for these objects? Ten? A hundred? A thousand?

# %%
with_low = Matcher(0.7, 0.3, allow_low_quality_matches=True)
strict = Matcher(0.7, 0.3)
overlaps = box_iou(target.boxes, trace["anchors"])  # (objects, anchors)
for name, matcher in {"strict": strict, "with low-quality matches": with_low}.items():
    matched = matcher(overlaps)
    counts = [np.sum(matched >= 0), np.sum(matched == -2), np.sum(matched == -1)]
    stood_for = len(np.unique(matched[matched >= 0]))
    print(
        f"{name}: {counts[0]} positive, {counts[1]} neither, {counts[2]} negative;",
        end=" ",
    )
    print(f"{stood_for} of {len(target)} objects have an anchor")

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
share_all = np.mean(labels[labels >= 0])
share = len(positive) / (len(positive) + len(negative))
print(
    f"positive share: {share_all:.1%} of all anchors with a label, {share:.0%} of the sample"
)

# %% [markdown]
# There were fewer positives than allowed, so all were taken and the sample was filled with negatives.

# %% [markdown]
# ## The target of a positive anchor: deltas
#
# The network does not predict a box but a correction of its anchor:
#
# > `dx = (gx - ax) / aw`, `dw = log(gw / aw)`, and the same for y and h,
#
# with the centres and sides of the object `g` and the anchor `a`.
#
# **Predict.** The object has the shape of the anchor, but lies a quarter of its width further to the right. What are
# the deltas?

# %%
coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
anchor = np.array([[0.0, 0.0, 40.0, 40.0]])
print("shifted:     ", coder.encode(anchor + [10, 0, 10, 0], anchor))
print(
    "twice as big:",
    coder.encode(np.array([[-20.0, -20.0, 60.0, 60.0]]), anchor).round(3),
)
print(
    "all ten times larger:", coder.encode(10 * (anchor + [10, 0, 10, 0]), 10 * anchor)
)

# %% [markdown]
# A large and a small object have the same deltas. The correction is relative to the anchor, so one convolution can
# serve all positions, and one level can serve all objects of its size.
#
# `decode` is the inverse. Here are the targets of the positive anchors of this picture, encoded and decoded again:

# %%
chosen = np.flatnonzero(matched >= 0)
goal = target.boxes[matched[chosen]]
deltas = coder.encode(goal, trace["anchors"][chosen])
back = coder.decode(deltas, trace["anchors"][chosen])[:, 0]
print("mean size of the targets:", np.abs(deltas).mean(axis=0).round(2))
print(
    "largest error of the way back: below",
    1e-3,
    "px:",
    bool(np.abs(back - goal).max() < 1e-3),
)

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
