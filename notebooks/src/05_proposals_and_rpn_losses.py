# %% [markdown]
# # Proposals, and the losses that teach them
#
# The region proposal network (RPN) looks at every cell of every level and predicts five numbers for each anchor: how
# likely it holds an object, and four deltas that move it. Then filters turn thousands of moved anchors into a few
# hundred *proposals*.
#
# We follow the forward pass first. Then we look at the two losses, and at what they should be before training.

# %% [markdown]
# Lesson 6 of 11; 45 minutes.
# Before: [04 Anchors and matching](04_anchors_and_matching.ipynb).
# Next: [07 RoIPool against RoIAlign](07_roipool_against_roialign.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [04 Anchors and matching](04_anchors_and_matching.ipynb) (anchors, deltas) and [06 Non-maximum
# suppression](06_nms.ipynb) (NMS).
#
# **You will be able to**
#
# - follow an anchor through the RPN to a proposal, and name the filter that stopped it;
# - measure what the RPN loses, by recall over many pictures;
# - write both losses of the RPN, and know their values before training.

# %%
import numpy as np

from minimaskrcnn import data, ops, viz, weights
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.io import load_model
from minimaskrcnn.models import mini
from minimaskrcnn.viz.style import headline, new_figure, panels

# %%
viz.diagram("network", "rpn", "rpn_nms", "proposals")

# %%
model, facts = load_model(weights.path("shapes"))
samples = data.Shapes("val")
image, target = samples[3]
trace = model.trace(image)

# %% [markdown]
# ## A network that slides
#
# One 3 x 3 convolution, then two of 1 x 1: one for objectness, one for deltas. The same weights serve every cell
# and every level. Objectness comes as a *logit*: any number $z$, of which the *sigmoid* $\sigma(z) = 1 / (1 + e^{-z})$ is
# the probability.

# %%
viz.diagram("rpn_head")

# %% [markdown]
# **Predict.** There are three anchors per cell. How many output channels do the last two convolutions have?

# %%
for name, parameter in model.rpn.named_parameters():
    print(f"{name:<24}{parameter.shape}")

# %% [markdown]
# **Predict.** The objects in this picture have different sizes. On which level does each one light up?

# %%
figure, axes = panels(1, 3, 2.2, 2.2, title=1.0)
for level, ax in enumerate(axes):
    viz.show_objectness(trace, level, ax)
viz.show(figure)

# %% [markdown]
# ## Deltas
#
# Four histograms, over all anchors (grey) and over those that became proposals (blue line). In the middle, at 0,
# stands an anchor that is not moved at all.
#
# **Predict.** Most anchors hold nothing, and their deltas are never trained. What does the network predict for them?

# %%
figure = new_figure(7, 6)
for component, ax in enumerate(figure.subplots(2, 2).flat):
    viz.show_delta(trace, component, ax)
viz.show(figure)

# %% [markdown] tags=["answer"]
# It predicts some deltas all the same. The loss only looks at positive anchors, so the deltas of all other anchors are
# arbitrary. They do no harm, because their objectness is low.

# %% [markdown]
# ## Moved, clipped
#
# **Predict.** Some refined boxes leave the picture. Are they dropped?

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_decoded(trace, left)
viz.show_clipped(trace, right)
viz.show(figure)

# %% [markdown] tags=["answer"]
# (The two panels show different boxes: left the most object-like, right the best of those that leave the picture.)
#
# They are clipped, not dropped: an object at the edge needs a box that ends there.

# %% [markdown]
# ## The funnel
#
# On each level, only the $k$ boxes with the highest objectness are kept (*top-k*, here 400). Slivers are dropped. NMS with
# a threshold
# of 0.7 removes near copies, level by level. The best of the remaining boxes of all levels become proposals.
#
# **Predict.** Which of these filters removes the most?

# %%
viz.show(viz.show_fates(trace, "anchor"), width=5.5)

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_rpn_nms(trace, left)
viz.show_proposals(trace, right)
viz.show(figure)

# %% [markdown]
# ## Is anything lost?
#
# What the RPN loses is lost for good, because no later stage looks anywhere else. So the measure of an RPN is *recall*:
# the share of the objects that are covered by some box, for each IoU threshold.
#
# **Predict.** Will recall be better before or after NMS? And the anchors themselves, at IoU 0.5 and at 0.9?

# %%
best = {"anchors": [], "clipped": [], "proposals": []}  # IoU of each object's best box
for index in range(25):
    picture, truth = samples[index]
    stages = model.trace(picture)
    for name, found in best.items():
        found += np.nan_to_num(box_iou(truth.boxes, stages[name])).max(axis=1).tolist()
thresholds = np.linspace(0.5, 1, 51)
ax = new_figure(6, 3.4).add_subplot()
for (name, found), dash in zip(best.items(), (":", "--", "-")):
    recall = (np.array(found)[:, None] >= thresholds).mean(axis=0)
    ax.plot(thresholds, recall, dash, label=name)
    print(
        f"{name:<10}", [f"{t:.1f}: {r:.2f}" for t, r in zip(thresholds, recall)][::10]
    )
ax.set_xlabel("IoU threshold")
ax.set_ylabel("recall")
ax.legend()
see = f"{len(found)} objects of 25 pictures; anchors, moved and clipped, after NMS"
viz.show(headline(ax, "Recall of the RPN", see))

# %% [markdown] tags=["answer"]
# Moving the anchors makes a high IoU possible; filters can only lose objects. Some 200 proposals have nearly the recall of
# 4,032 boxes. What is lost is mostly the last bit of precision, which the box head adds again.

# %% [markdown]
# ## Loss 1: objectness
#
# Each sampled anchor is one yes-or-no question. With the logit $z$, the probability $p = \sigma(z)$ and the target
# $t \in \{0, 1\}$ the loss is the binary cross-entropy
#
# $$L(z, t) = -t \ln p - (1 - t) \ln (1 - p), \qquad \frac{\partial L}{\partial z} = p - t,$$
#
# averaged over the sample.
#
# **Predict.** An untrained network returns the logit 0 for every question: `s = 0.5`. What is its loss?

# %%
logits, wanted = Tensor(np.zeros(4)), np.array([1.0, 0.0, 0.0, 0.0])
loss = ops.binary_cross_entropy_with_logits(logits, wanted)
print(f"{loss.item():.4f}, ln 2 = {np.log(2):.4f}")

# %% [markdown] tags=["answer"]
# `ln 2`, whatever the targets. A first loss far from it is the earliest sign that something is wrong.
#
# ## Loss 2: boxes
#
# This is the smooth L1 loss of the error $d$ of each delta: a parabola near zero, and straight lines beyond $\beta$.
#
# $$\mathrm{smooth}_{L_1}(d) = \begin{cases} d^2 / (2 \beta) & |d| < \beta \\ |d| - \beta / 2 & \text{otherwise}
# \end{cases}, \qquad \text{slope } \max(-1, \min(1, d / \beta))$$
#
# Because of the straight lines, an anchor that is far off does not dominate the loss.

# %%
d = np.linspace(-0.6, 0.6, 121)
ax = new_figure(6, 3.2).add_subplot()
for beta, dash in ((1 / 9, "-"), (1.0, "--")):
    loss = ops.smooth_l1_loss(Tensor(d), np.zeros_like(d), beta=beta, reduction="none")
    ax.plot(d, loss.data, dash, label=f"beta = {beta:.2f}")
ax.legend()
ax.set_xlabel("error of a delta")
see = "small beta: nearly the absolute error; beta 1: flat around zero"
viz.show(headline(ax, "Smooth L1", see))

# %% [markdown] tags=["answer"]
# With a beta of 1, a delta that is off by 0.1 hardly costs anything: 0.005, compared with 0.045 at 1/9. Deltas are
# small numbers, so beta must be small too.

# %% [markdown]
# ## At the start and at the end
#
# Training minimises the sum of five losses with equal weights,
#
# $$L = L_{\text{objectness}} + L_{\text{RPN box}} + L_{\text{cls}} + L_{\text{box}} + L_{\text{mask}}.$$
#
# **Predict.** Five losses of an untrained model: two of the RPN, and three of the heads. Which ones do you know
# before you run the cell? (There are 4 classes, the background included.)

# %%
untrained = mini(4, anchor_sizes=(20, 32, 48), rng=np.random.default_rng(0))
for name, network in {"untrained": untrained, "trained": model}.items():
    terms = network.losses([image], [target], np.random.default_rng(0)).items()
    print(f"{name:<10}", {key[5:]: round(term.item(), 2) for key, term in terms})
print(f"ln 2 = {np.log(2):.2f}, ln 4 = {np.log(4):.2f}")

# %% [markdown] tags=["answer"]
# Objectness and mask start at `ln 2`, and the classifier at `ln 4`: a guess among four. The box losses start at the
# error of the raw anchors.
#
# Do not be surprised if the loss of the box head (`box_reg`) is larger after training. It is a sum over the positive
# RoIs, divided by the number of all sampled RoIs. An untrained RPN proposes hardly any positive RoIs, a trained one
# proposes many, and each of them adds to the sum.

# %% [markdown]
# ## Which anchors does the gradient reach?
#
# **Predict.** 128 anchors are sampled from 4,032. How many objectness logits will have a gradient? And how many
# rows of deltas?

# %%
anchors = trace["anchors"]
objectness, deltas = (  # (1, anchors) and (1, anchors, 4)
    Tensor(trace[name][None].copy(), requires_grad=True)
    for name in ("objectness", "rpn_deltas")
)
rng = np.random.default_rng(0)
losses = model.rpn.losses(anchors, objectness, deltas, [target], rng)
(losses["loss_objectness"] + losses["loss_rpn_box_reg"]).backward()
label, _ = model.rpn.assign_targets_to_anchors(anchors, target.boxes)
print("anchors whose objectness has a gradient:", np.count_nonzero(objectness.grad))
moved = deltas.grad.any(axis=-1)
print("anchors whose deltas have a gradient:   ", np.count_nonzero(moved))
print("positive anchors:                       ", np.count_nonzero(label == 1))

# %% [markdown] tags=["answer"]
# Exactly the sampled anchors have a gradient, and for the deltas exactly the positive ones. All other anchors learn
# nothing in this step.
#
# And the proposals themselves? They are passed to the box head as plain arrays. No gradient flows from the box head
# back into the boxes that it was given. That is a decision (approximate joint training), and here you can see it in
# the type: a proposal has no `.grad`.

# %%
print(type(trace["proposals"]).__name__, hasattr(trace["proposals"], "grad"))

# %% [markdown]
# ## What to remember
#
# - The RPN predicts five numbers per anchor, with the same weights everywhere.
# - Filters can only lose objects. Watch recall.
# - Known at the start: ln 2 for objectness and masks, ln K for classes.
# - Only sampled anchors get a gradient, only positive ones learn to move.
#
# **Try it.** Set `model.rpn.post_nms_top_n = (300, 10)`, trace again and look at the recall curve. How few proposals
# would be enough for this picture?

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** On this picture six proposals cover every object with an IoU above 0.8, and with four
# one object is lost already. On a crowded picture the same limit loses objects:
# measure recall over many pictures before you lower it.

# %% [markdown]
# ## Exercises
#
# Write the funnel, and the second loss. The check tries small cases, smallest first, and draws the first one that is wrong.
# `exercises.hint.proposals()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises
from minimaskrcnn.detection.nms import nms

# %% [markdown]
# **proposals.** `boxes` (N, 4) are moved anchors of one level in a picture of 4 x 4 pixels; `scores` (N,). Keep the `top_k`
# best, clip them to the picture, drop those with a side of less than 1 pixel, apply `nms(boxes, scores, iou)`, and return the
# first `limit` boxes, best first. (NMS returns indices.)


# %% tags=["exercise"]
def my_proposals(boxes, scores, top_k, iou, limit):
    # solution
    best = np.argsort(-scores, kind="stable")[:top_k]
    boxes, scores = boxes[best].clip(0, 4), scores[best]
    large = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(axis=1)
    boxes, scores = boxes[large], scores[large]
    return boxes[nms(boxes, scores, iou)[:limit]]
    # end of solution


# %%
exercises.check.proposals(my_proposals)

# %% [markdown]
# **smooth_l1.** `d` (N,) are errors. Return two arrays: the loss of each, and its slope.


# %% tags=["exercise"]
def my_smooth_l1(d, beta):
    # solution
    size = np.abs(d)
    loss = np.where(size < beta, d**2 / (2 * beta), size - beta / 2)
    return loss, np.clip(d / beta, -1, 1)
    # end of solution


# %%
exercises.check.smooth_l1(my_smooth_l1)

# %% [markdown]
# ## What you can now do
#
# - Select proposals from scores and boxes: top-k, clip, NMS, limit.
# - Write `smooth_l1` and its derivative.
# - Recognise a faulty start from the first five losses.
#
# Next: [07 RoIPool against RoIAlign](07_roipool_against_roialign.ipynb): how a proposal of any size becomes a grid of
# one size.
