# %% [markdown]
# # Proposals, and the losses that teach them
#
# The region proposal network (RPN) looks at every cell of every level and predicts five numbers for each anchor: how
# likely it holds an object, and four deltas that move it. Then filters turn thousands of moved anchors into a few
# hundred *proposals*.
#
# We follow the forward pass first. Then we look at the two losses, and at what they should be before training.

# %%
import numpy as np

from minimaskrcnn import data, ops, viz, weights
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.io import load_model
from minimaskrcnn.models import mini
from minimaskrcnn.viz.style import headline, new_figure, panels

# %%
model, facts = load_model(weights.path("shapes"))
image, target = data.Shapes("val")[18]
trace = model.trace(image)

# %% [markdown]
# ## A network that slides
#
# One 3 x 3 convolution, then two of 1 x 1: one for objectness, one for deltas. The same weights serve every cell
# and every level.
#
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

# %% [markdown]
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

# %% [markdown]
# They are clipped, not dropped: an object at the edge needs a box that ends there.

# %% [markdown]
# ## The funnel
#
# On each level, only the boxes with the highest objectness are kept (top-k). Slivers are dropped. NMS with a threshold
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
viz.show(viz.show_recall(trace, target), width=6)

# %% [markdown]
# Moving the anchors makes a high IoU possible; filters can only lose objects. A few hundred proposals should have
# nearly the recall of thousands of boxes.

# %% [markdown]
# ## Loss 1: objectness
#
# Each sampled anchor is one yes-or-no question. With `s = sigmoid(logit)` and target `t` the loss is
#
# > `-t log s - (1 - t) log(1 - s)`,
#
# the binary cross-entropy, averaged over the sample.
#
# **Predict.** An untrained network returns the logit 0 for every question: `s = 0.5`. What is its loss?

# %%
logits, wanted = Tensor(np.zeros(4)), np.array([1.0, 0.0, 0.0, 0.0])
print(
    f"{ops.binary_cross_entropy_with_logits(logits, wanted).item():.4f}, ln 2 = {np.log(2):.4f}"
)

# %% [markdown]
# `ln 2`, whatever the targets. A first loss far from it is the earliest sign that something is wrong.
#
# ## Loss 2: boxes
#
# This is the smooth L1 loss of the deltas: a parabola near zero, and straight lines beyond `beta`. Because of the
# straight lines, an anchor that is far off does not dominate the loss.

# %%
d = np.linspace(-0.6, 0.6, 121)
ax = new_figure(6, 3.2).add_subplot()
for beta, dash in ((1 / 9, "-"), (1.0, "--")):
    loss = ops.smooth_l1_loss(Tensor(d), np.zeros_like(d), beta=beta, reduction="none")
    ax.plot(d, loss.data, dash, label=f"beta = {beta:.2f}")
ax.legend()
ax.set_xlabel("error of a delta")
viz.show(
    headline(
        ax,
        "Smooth L1",
        "small beta: nearly the absolute error; beta 1: flat around zero",
    )
)

# %% [markdown]
# With a beta of 1, a delta that is off by 0.1 hardly costs anything: 0.005, compared with 0.045 at 1/9. Deltas are
# small numbers, so beta must be small too.

# %% [markdown]
# ## At the start and at the end
#
# **Predict.** Five losses of an untrained model: two of the RPN, and three of the heads. Which ones do you know
# before you run the cell? (There are 4 classes, the background included.)

# %%
untrained = mini(4, anchor_sizes=(20, 32, 48), rng=np.random.default_rng(0))
for name, network in {"untrained": untrained, "trained": model}.items():
    losses = network.losses([image], [target], np.random.default_rng(0))
    print(
        f"{name:<10}", {key[5:]: round(loss.item(), 2) for key, loss in losses.items()}
    )
print(f"ln 2 = {np.log(2):.2f}, ln 4 = {np.log(4):.2f}")

# %% [markdown]
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
objectness = Tensor(
    trace["objectness"][None].copy(), requires_grad=True
)  # (1, anchors)
deltas = Tensor(trace["rpn_deltas"][None].copy(), requires_grad=True)  # (1, anchors, 4)
losses = model.rpn.losses(
    anchors, objectness, deltas, [target], np.random.default_rng(0)
)
(losses["loss_objectness"] + losses["loss_rpn_box_reg"]).backward()
label, _ = model.rpn.assign_targets_to_anchors(anchors, target.boxes)
print("objectness:", np.count_nonzero(objectness.grad), "anchors with a gradient")
print(
    "deltas:    ", np.count_nonzero(deltas.grad.any(axis=-1)), "anchors with a gradient"
)
print("positive:  ", np.count_nonzero(label == 1), "anchors in all")

# %% [markdown]
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
