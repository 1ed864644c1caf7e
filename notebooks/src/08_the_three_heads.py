# %% [markdown]
# # The three heads: class, box, mask
#
# Each proposal has become a small block of numbers of fixed size. Three heads answer three questions about it: *What is
# it?* *How should the box move?* *Which pixels belong to it?* Each head has a loss. Together with the two losses of the
# RPN that makes five, and training minimises their sum.

# %%
import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.io import load_model
from minimaskrcnn.models import mini
from minimaskrcnn.models.mask_head import mask_loss
from minimaskrcnn.viz.features import tiles
from minimaskrcnn.viz.style import headline, panels

# %%
model, facts = load_model(weights.path("shapes"))
names = facts["class_names"]
image, target = data.Shapes("val")[18]
trace = model.trace(image)
heads = model.roi_heads

# %% [markdown]
# ## What goes in and what comes out
#
# **Predict.** There are 4 classes, including background. How many numbers does the box head return for each proposal?
# And the mask head for each detection?

# %%
for name in (
    "box_features",
    "class_logits",
    "box_deltas",
    "mask_features",
    "mask_logits",
):
    shape = ", ".join(
        f"{axis}={n}" for axis, n in zip(trace.axes(name), trace[name].shape)
    )
    print(f"{name:<14}{shape}")

# %% [markdown]
# The box head returns 4 + 4 * 4 numbers: a score and a box *for each class*. The mask head returns 4 * 28 * 28: a mask
# for each class. The class decides which box and which mask are used.
#
# Note the order of prediction. Masks are predicted last, in the refined boxes of the detections, not in the proposals.

# %% [markdown]
# ## Head 1: the class
#
# Softmax turns the logits into probabilities that sum to one, so the classes compete, including background.

# %%
best = int(trace["class_scores"][:, 1:].max(axis=1).argmax())
for label, (logit, score) in enumerate(
    zip(trace["class_logits"][best], trace["class_scores"][best])
):
    print(f"{names[label]:<11} logit {logit:6.1f}   score {score:.2f}")

# %%
viz.show(viz.show_class_counts(trace), width=5.5)

# %% [markdown]
# ## Which RoIs to learn from
#
# For training, each proposal is matched to the object that it overlaps most. With an IoU of 0.5 or more it has the class
# of that object, otherwise it is background. At most a quarter of the sample represents objects.
#
# **Predict.** The true boxes themselves are added to the proposals before sampling. Why?

# %%
samples = heads.select_training_samples(
    trace["proposals"], target, np.random.default_rng(0)
)
found = np.bincount(samples.labels, minlength=4)
print({name: int(count) for name, count in zip(names, found)})
nearest = box_iou(target.boxes, samples.boxes).max(axis=0)
print(f"lowest IoU of an object: {nearest[samples.labels > 0].min():.2f}")
print(f"highest IoU of background: {nearest[samples.labels == 0].max():.2f}")

# %% [markdown]
# Because at the beginning no proposal is any good. Without the true boxes, the box and mask heads would have nothing
# to learn from until the RPN has been trained.

# %% [markdown]
# ## Head 2: the box
#
# Deltas again, as in the RPN, relative to the proposal. They are multiplied by weights, 10 for the centre and 5 for
# the size, to bring targets of about 0.1 to about 1.
#
# **Predict.** A proposal of 40 x 40 pixels lies 4 pixels too far to the left. What is the target, with and without the
# weights?

# %%
proposal, truth = np.array([[0.0, 0.0, 40.0, 40.0]]), np.array([[4.0, 0.0, 44.0, 40.0]])
for weighting in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)):
    print(weighting, "->", BoxCoder(weighting).encode(truth, proposal)[0])

# %% [markdown]
# How much does refinement help? The figure shows the IoU of each proposal with its object, before and after.

# %%
scores = trace["class_scores"]
sure = np.flatnonzero((scores[:, 1:] > 0.5).any(axis=1))
label = scores[sure].argmax(axis=1)
before = box_iou(target.boxes, trace["proposals"][sure]).max(axis=0)
after = box_iou(target.boxes, trace["refined"][sure, label]).max(axis=0)
print(f"{len(sure)} RoIs: IoU {before.mean():.2f} before, {after.mean():.2f} after")

# %%
viz.show(viz.show_refinement(trace), width=5.5)

# %% [markdown]
# ## Head 3: the mask
#
# Convolutions on 14 x 14 cells, a transposed convolution to 28 x 28, and one map for each class. Sigmoid, not
# softmax: each pixel of each class is a yes-or-no question of its own.
#
# **Predict.** These are the masks of *all* classes for one detection. Only one of them was trained on objects of this
# class. What do the other masks look like?

# %%
first = 0
probabilities = 1 / (1 + np.exp(-trace["mask_logits"][first].astype(np.float64)))
ax = panels(1, 1, 6.6, 2.2)[1][0]
tiles(ax, list(probabilities), names)
detected = names[trace["labels"][first]]
viz.show(
    headline(
        ax,
        f"Four masks for one {detected}",
        f"the one of {detected} is used, the others are ignored",
    )
)

# %% [markdown]
# Whatever they like; that of the background was never taught anything. The loss only looks at the channel of the true class, so classes do not compete for pixels.
# The paper calls that decoupling, and measures 5.5 points of mask AP for it (table 2b: softmax 24.8, sigmoid 30.3).

# %% [markdown]
# ## The target of a mask
#
# The target is the true mask inside the RoI, resampled to 28 x 28 by RoIAlign.
#
# **Predict.** The proposal is smaller than its object. What will the target show at its edges?

# %%
chosen = np.flatnonzero(samples.labels > 0)[:4]
goals = mask_targets(target.masks, samples.boxes[chosen], samples.matched[chosen], 28)
ax = panels(1, 1, 6.6, 2.2)[1][0]
tiles(ax, list(goals), [names[samples.labels[roi]] for roi in chosen])
viz.show(
    headline(
        ax,
        "Mask targets",
        "the true mask as the RoI sees it: cut off where the RoI ends",
    )
)

# %% [markdown]
# What lies outside the RoI can neither be learnt nor predicted: a mask never leaves its box.
#
# ## The mask loss, by hand
#
# The loss is the mean binary cross-entropy over the pixels of the true class's channel. An untrained head returns 0
# everywhere.

# %%
logits = Tensor(np.zeros((4, 4, 28, 28)), requires_grad=True)
boxes, labels = samples.boxes[chosen].astype(np.float64), samples.labels[chosen]
loss = mask_loss(logits, [boxes], [labels], [samples.matched[chosen]], [target])
loss.backward()
taught = np.argwhere(logits.grad.any(axis=(2, 3)))
print(f"loss {loss.item():.4f}, ln 2 = {np.log(2):.4f}")
print(
    "(RoI, class) pairs with a gradient:", [(int(roi), names[k]) for roi, k in taught]
)

# %% [markdown]
# Only one channel of each RoI counts, that of its class.

# %% [markdown]
# ## From 28 x 28 to the picture
#
# The mask is resized to its box, then thresholded at one half.
#
# **Predict.** Does the size of the outline's steps depend on the size of the object?

# %%
viz.show(viz.mask_figure(trace, first))

# %%
overlap = box_iou(target.boxes, trace["boxes"]).argmax(axis=0)
for detection in np.flatnonzero(trace["scores"] > 0.5):
    pasted = trace["masks"][detection]
    true = target.masks[overlap[detection]]
    iou = (pasted & true).sum() / (pasted | true).sum()
    cell = (trace["boxes"][detection, 2] - trace["boxes"][detection, 0]) / 28
    print(
        f"{names[trace['labels'][detection]]:<9} a cell is {cell:.1f} px wide, mask IoU {iou:.2f}"
    )

# %% [markdown]
# If an IoU is low, look at the picture. Are 28 cells too few, is the box wrong, or is the object hidden?
#
# ## Five losses
#
# **Predict.** For an untrained model you know three of the five in advance. Which, and what are they?

# %%
untrained = mini(4, anchor_sizes=(20, 32, 48), rng=np.random.default_rng(0))
losses = untrained.losses([image], [target], np.random.default_rng(0))
for name, value in losses.items():
    print(f"{name:<18}{value.item():.2f}")
print(f"ln 2 = {np.log(2):.2f} (objectness, mask), ln 4 = {np.log(4):.2f} (classes)")

# %% [markdown]
# ## What to remember
#
# - Classes compete (softmax); masks do not (sigmoid, one channel per class).
# - Boxes and masks are predicted for every class, and only one of them is used.
# - RoIs are sampled; at most a quarter of them represent objects, and true boxes are candidates too.
# - A mask has 28 x 28 cells whatever the object's size.
#
# **Try it.** Threshold the masks at 0.3 and at 0.7 instead of one half. Which objects gain, which lose, and why is one
# half a natural choice for a cross-entropy loss?
