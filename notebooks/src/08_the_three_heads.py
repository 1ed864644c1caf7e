# %% [markdown]
# # The three heads: class, box, mask
#
# Each proposal has become a small block of numbers of fixed size. Three heads answer three questions about it: *What is
# it?* *How should the box move?* *Which pixels belong to it?* Each head has a loss. Together with the two losses of the
# RPN that makes five, and training minimises their sum
#
# $$L = L_{\text{objectness}} + L_{\text{RPN box}} + L_{\text{cls}} + L_{\text{box}} + L_{\text{mask}}.$$

# %% [markdown]
# Lesson 8 of 11; 45 minutes.
# Before: [07 RoIPool against RoIAlign](07_roipool_against_roialign.ipynb).
# Next: [11 Average precision](11_average_precision.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [07 RoIPool against RoIAlign](07_roipool_against_roialign.ipynb) (RoIAlign), [05 Proposals and the
# RPN's losses](05_proposals_and_rpn_losses.ipynb) (losses of the RPN).
#
# **You will be able to**
#
# - give the shapes that enter and leave each head, in both variants of the paper;
# - make the target of a mask, and compute its loss by hand;
# - say whether a bad mask is due to its cells, its box or its object.

# %%
import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.boxes import box_area, box_iou
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.io import load_model
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.mask_head import mask_loss
from minimaskrcnn.viz.style import headline, panels

# %%
viz.diagram("network", "roi", "box_head", "mask_roi", "mask_head")

# %%
model, facts = load_model(weights.path("shapes"))
names = facts["class_names"]
shapes = data.Shapes("val")
image, target = shapes[3]
trace = model.trace(image)
heads = model.roi_heads

# %% [markdown]
# ## What goes in and what comes out
#
# **Predict.** There are 4 classes, including background. How many numbers does the box head return for each proposal?
# And the mask head for each detection?

# %%
stages = ["box_features", "class_logits", "box_deltas", "mask_features", "mask_logits"]
for name in stages:
    print(f"{name:<14}{dict(zip(trace.axes(name), trace[name].shape))}")

# %% [markdown] tags=["answer"]
# The box head returns 4 + 4 * 4 numbers: a score and a box *for each class*. The mask head returns 4 * 28 * 28: a mask
# for each class. The class decides which box and which mask are used.
#
# Note the order of prediction. Masks are predicted last, in the refined boxes of the detections, not in the proposals.
#
# ## Two ways to build them
#
# The paper (figure 4) draws two variants, and the package has both.

# %%
viz.diagram("mask_heads")

# %% [markdown]
# This notebook uses the right one, `mini`. In the left one, `mini_c4`, both heads share the last residual stage, *res5*.
#
# **Predict.** The left one reads 7 x 7 cells and doubles them once. How many cells have its masks?

# %%
flat = mini_c4(4, rng=np.random.default_rng(0))
for name, heads_of in {"mini_c4": flat.roi_heads, "mini": heads}.items():
    cells, width = (
        heads_of.mask_extractor.output_size,
        128 if heads_of is not heads else 64,
    )
    roi = Tensor(np.zeros((1, width, cells, cells), np.float32))
    masks = heads_of.mask_predictor(heads_of.mask_head(roi))
    print(f"{name:<8} RoI {roi.shape} -> masks {masks.shape}")

# %% [markdown]
# ## Head 1: the class
#
# Softmax turns the logits $z_k$ into probabilities $p_k$ that sum to one, so the classes compete, including background. The
# loss of an RoI whose true class is $c$ is the cross-entropy.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad L_{\text{cls}} = -\ln p_c$$

# %%
best = int(trace["class_scores"][:, 1:].max(axis=1).argmax())
numbers = zip(names, trace["class_logits"][best], trace["class_scores"][best])
for name, logit, score in numbers:
    print(f"{name:<11} logit {logit:6.1f}   score {score:.2f}")

# %%
viz.show(viz.show_class_counts(trace), width=5.5)

# %% [markdown]
# ## Which RoIs to learn from
#
# For training, each proposal is matched to the object that it overlaps most. With an IoU of 0.5 or more it has the class
# of that object, otherwise it is background. At most a quarter of the sample represents objects. (A *crowd*, a region of many
# objects that nobody outlined one by one, is left out of training.)
#
# **Predict.** The true boxes themselves are added to the proposals before sampling. Why?

# %%
rng = np.random.default_rng(0)
samples = heads.select_training_samples(trace["proposals"], target, rng)
print({name: int((samples.labels == k).sum()) for k, name in enumerate(names)})
nearest = box_iou(target.boxes, samples.boxes).max(axis=0)
print(f"lowest IoU of an object: {nearest[samples.labels > 0].min():.2f}")
print(f"highest IoU of background: {nearest[samples.labels == 0].max():.2f}")

# %% [markdown] tags=["answer"]
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
# Convolutions on 14 x 14 cells, a transposed convolution (*deconvolution*) to 28 x 28, and one map for each class. Sigmoid,
# not softmax: each pixel of each class is a yes-or-no question of its own.
#
# **Predict.** These are the masks of *all* classes for one detection. Only one of them was trained on objects of this
# class. What do the other masks look like?

# %%
first = 1
detected = names[trace["labels"][first]]
probabilities = 1 / (1 + np.exp(-trace["mask_logits"][first].astype(np.float64)))
figure, axes = panels(1, 4, 1.6, 1.6)
for ax, name, values in zip(axes, names, probabilities):
    ax.imshow(values, cmap="cividis", vmin=0, vmax=1)
    ax.set_axis_off()
    headline(ax, name, f"for one {detected}; dark 0, bright 1")
viz.show(figure)

# %% [markdown] tags=["answer"]
# Whatever they like; that of the background was never taught anything. The loss only looks at the channel of the true class,
# so classes do not compete for pixels. The paper calls that decoupling, and measures 5.5 points of mask AP for it (table
# 2b: softmax 24.8, sigmoid 30.3).

# %% [markdown]
# ## The target of a mask
#
# The target is the true mask inside the RoI, resampled to 28 x 28 by RoIAlign.
#
# **Predict.** Here are the two smallest and the two largest RoIs, compared with their objects. What do the targets of the small
# ones show at their edges, and what do those of the large ones?

# %%
positive = np.flatnonzero(samples.labels > 0)
matched = samples.matched[positive]
relative = box_area(samples.boxes[positive]) / box_area(target.boxes[matched])
chosen = positive[np.argsort(relative)[[0, 1, -2, -1]]]
goals = mask_targets(target.masks, samples.boxes[chosen], samples.matched[chosen], 28)
figure, axes = panels(1, 4, 1.6, 1.6)
for ax, goal, roi, part in zip(axes, goals, chosen, np.sort(relative)[[0, 1, -2, -1]]):
    ax.imshow(goal, cmap="cividis", vmin=0, vmax=1)
    ax.set_axis_off()
    headline(ax, names[samples.labels[roi]], f"the RoI has {part:.1f} x the box's area")
viz.show(figure)

# %% [markdown] tags=["answer"]
# The object is cut off where a small RoI ends, and a large one leaves a margin of zeros. What lies outside the RoI can neither
# be learnt nor predicted. So a mask ends with its box, give or take a pixel: the pasted mask fades out over half a cell.

# %% [markdown]
# ## The mask loss, by hand
#
# The loss is the mean binary cross-entropy over the cells $i$ of the true class's channel $c$, with the probability $p$ and the
# target $t$:
#
# $$L_{\text{mask}} = \frac{1}{28^2} \sum_i -t_i \ln p_{c,i} - (1 - t_i) \ln (1 - p_{c,i})$$
#
# An untrained head returns the logit 0 everywhere.

# %%
logits = Tensor(np.zeros((4, 4, 28, 28)), requires_grad=True)
boxes, labels = samples.boxes[chosen].astype(np.float64), samples.labels[chosen]
loss = mask_loss(logits, [boxes], [labels], [samples.matched[chosen]], [target])
loss.backward()
taught = np.argwhere(logits.grad.any(axis=(2, 3)))
print(f"loss {loss.item():.4f}, ln 2 = {np.log(2):.4f}")
print("with a gradient:", [f"RoI {roi}, {names[k]}" for roi, k in taught])

# %% [markdown] tags=["answer"]
# Only one channel of each RoI counts, that of its class.

# %% [markdown]
# ## From 28 x 28 to the picture
#
# The mask is resized to its box, then thresholded at one half.
#
# **Predict.** Does the size of the outline's steps depend on the size of the object?

# %%
viz.show(viz.mask_figure(trace, first))

# %% [markdown] tags=["answer"]
# It does: a cell is a 28th of the box, so on a large object the steps are larger than a pixel.
#
# **Predict.** Picture 18 has a triangle that is half hidden by a circle. Which of its four masks will be the worst, and why?

# %%
hidden, truth = shapes[18]
other = model.trace(hidden)
overlap = box_iou(truth.boxes, other["boxes"])
for k in np.flatnonzero(other["scores"] > 0.5):
    true, found = truth.masks[overlap[:, k].argmax()], other["masks"][k]
    iou = (found & true).sum() / (found | true).sum()
    name, cell = (
        names[other["labels"][k]],
        (other["boxes"][k, 2] - other["boxes"][k, 0]) / 28,
    )
    print(
        f"{name:<9} box IoU {overlap[:, k].max():.2f}, mask IoU {iou:.2f}, cell {cell:.1f} px"
    )

# %%
viz.show(viz.show_detections(other), width=4)

# %% [markdown] tags=["answer"]
# The hidden triangle. Its box leaves out most of the object (notebook 06 tells why it won), and a mask ends with its box. The
# 28 cells are not to blame.

# %% [markdown]
# ## Five losses
#
# **Predict.** For an untrained model you know three of the five in advance. Which, and what are they?

# %%
untrained = mini(4, anchor_sizes=(20, 32, 48), rng=np.random.default_rng(0))
for name, value in untrained.losses([image], [target], rng).items():
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

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** At 0.3 every mask grows by about a pixel along its outline, at 0.7 it shrinks; thin and
# half-hidden parts change most. One half is natural because the loss is smallest when $p$ is the probability that a
# pixel belongs to the object, so $p > 1/2$ is the better guess, pixel by pixel.

# %% [markdown]
# ## Exercises
#
# Write what the mask head is trained with. The check draws the smallest case that is wrong, and
# `exercises.hint.mask_loss()` gives a hint, one more each time.

# %%
from minimaskrcnn import exercises, ops

# %% [markdown]
# **mask_target.** `masks` (G, H, W) are the true objects, `box` (4,) is an RoI in pixels, `matched` the index of its object.
# Return the target (size, size): `ops.roi_align` of that mask, with `sampling_ratio=-1` and `aligned=False`.


# %% tags=["exercise"]
def my_mask_target(masks, box, matched, size):
    # solution
    mask = Tensor(masks[matched].astype(box.dtype)[None, None])  # (1, 1, H, W)
    return ops.roi_align(mask, [box[None]], (size, size), 1.0, -1, False).data[0, 0]
    # end of solution


# %%
exercises.check.mask_target(my_mask_target)

# %% [markdown]
# **mask_loss.** `logits` (R, K, M, M) for R RoIs and K classes, `labels` (R,) that index K, `targets` (R, M, M) in [0, 1].
# Return the mean binary cross-entropy of the channel of each RoI's label. It must not overflow for logits of 1000.


# %% tags=["exercise"]
def my_mask_loss(logits, labels, targets):
    # solution
    x = logits[np.arange(len(logits)), labels]  # (R, M, M)
    return np.mean(np.maximum(x, 0) - x * targets + np.log1p(np.exp(-np.abs(x))))
    # end of solution


# %%
exercises.check.mask_loss(my_mask_loss)

# %% [markdown]
# **paste.** `mask` (M, M) holds probabilities, `box` (4,) is in pixels, `size` is the (h, w) of the picture. Return (h, w). The
# centre of pixel x, at x + 1/2, lies at cell $(x + 1/2 - x_1) / (x_2 - x_1) \cdot M - 1/2$ of the mask. Between the cells the
# value is bilinear, and it fades to 0 within one cell of the outermost.


# %% tags=["exercise"]
def my_paste(mask, box, size):
    # solution
    def weights(low, high, side):  # (side, M)
        cell = (np.arange(side) + 0.5 - low) / (high - low) * len(mask) - 0.5
        return np.maximum(1 - np.abs(cell[:, None] - np.arange(len(mask))), 0)

    x1, y1, x2, y2 = box
    pasted = weights(y1, y2, size[0]) @ mask @ weights(x1, x2, size[1]).T
    return pasted.astype(mask.dtype)
    # end of solution


# %%
exercises.check.paste(my_paste)

# %% [markdown]
# ## What you can now do
#
# - Write `mask_target`, `mask_loss` and `paste` for one mask.
# - Explain why classes compete for an RoI, and why they do not compete for pixels.
# - Name all five losses, and their values at the start.
#
# Next: [11 Average precision](11_average_precision.ipynb): how good is a list of detections?
