# %% [markdown]
# # Backbone and pyramid
#
# A detector needs maps that say *what* is there, and maps that say *where* it is. A convolutional network gives the
# first at its end and the second at its beginning. The feature pyramid (FPN, Lin et al. 2017) takes both and adds them up.

# %% [markdown]
# Lesson 4 of 11; 40 minutes.
# Before: [06 Non-maximum suppression](06_nms.ipynb).
# Next: [04 Anchors and matching](04_anchors_and_matching.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [00 One image, every stage](00_one_image_every_stage.ipynb) and [01 Boxes, masks and
# IoU](01_boxes_masks_iou.ipynb); a convolution as a window that slides (notebook 02 takes it apart).
#
# **You will be able to**
#
# - read the name of a map: C3, P4, stride 8;
# - compute how far a cell sees, and say why it sees a little of everything;
# - write one step of the pyramid, and the level from which a box is read.

# %%
from importlib.resources import files

import numpy as np

from minimaskrcnn import data, ops, viz, weights
from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.io import load_model
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.training import evaluate
from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.features import tiles
from minimaskrcnn.viz.style import class_style, headline, panels

# %%
viz.diagram("network", "backbone", "pyramid")

# %%
model, facts = load_model(weights.path("nuclei"))
image = data.prepare_nuclei(data.read_image(files(data) / "samples" / "nuclei.png"))
trace = model.trace(image)
viz.show(viz.show_input(trace, panels(1, 1, 3.4, 3.4)[1][0]))

# %% [markdown]
# ## Sizes
#
# The picture is first enlarged, to the size that the figure states. Then the stem halves it, and each of the three
# stages halves it again. The map of stage $l$ is called $C_l$ and has one cell for every $2^l$ pixels (its *stride*), and
# $P_l$ is the map of the pyramid with the same cells. The stem's own map would be C1; it is too shallow to be worth reading.
#
# **Predict.** How many cells has the map of the last stage? How many channels, if each stage doubles them and the
# stem begins with 16?

# %%
for name in trace.names("backbone.") + trace.names("pyramid."):
    channels, height, width = trace[name].shape
    stride = trace["transformed"].shape[-1] // width
    print(
        f"{name:<12}{channels:3} channels, {height:3} x {width:3} cells, stride {stride:2}"
    )

# %% [markdown] tags=["answer"]
# The backbone's maps grow in channels as they shrink in cells. The pyramid's maps all have 64 channels, so that one
# RPN and one box head can read any of them. (Full-size networks go on to C5 and P5, and add P6 for the RPN alone, which is P5
# with every second cell left out.)
#
# **Predict.** Where do most of the weights sit: in the backbone, the pyramid, or the heads behind them?

# %%
parts = {"backbone": model.backbone.body, "pyramid": model.backbone.fpn}
parts |= {"RPN": model.rpn, "heads": model.roi_heads}
total = sum(p.data.size for p in model.parameters())
for name, part in parts.items():
    count = sum(p.data.size for p in part.parameters())
    print(f"{name:<9}{count:9,} weights, {count / total:4.0%}")

# %% [markdown] tags=["answer"]
# In the heads: the first fully connected layer reads 7 x 7 x 64 numbers with 128 units. Convolutions have few weights
# and take much time; for fully connected layers it is the other way round.

# %% [markdown]
# ## What the backbone sees
#
# **Predict.** In the enlarged picture, nuclei are some 30 pixels wide. C2 has a cell for every 4 pixels, C4 one for
# every 16. In which map will you still be able to count them?

# %%
nuclei = trace["masks"][trace["scores"] > 0.5].any(axis=0)  # (256, 256)
shown = {}
for name in ("C2", "C3", "C4"):
    maps = trace[f"backbone.{name}"]  # (C, y, x)
    rows = ((np.arange(maps.shape[1]) + 0.5) * 256 / maps.shape[1]).astype(int)
    seen = nuclei[np.ix_(rows, rows)].ravel()  # the mask at the centre of each cell
    agree = [np.corrcoef(m.ravel(), seen)[0, 1] if m.any() else -1 for m in maps]
    best = int(np.argmax(agree))
    shown[f"{name}, channel {best}"] = maps[best]
    print(f"{name}: channel {best} agrees best with the masks, r = {agree[best]:.2f}")

# %%
ax = panels(1, 1, 6.6, 2.6)[1][0]
tiles(ax, list(shown.values()), list(shown))
see = "of each stage the channel that agrees best with the masks of the nuclei"
viz.show(headline(ax, "Three stages of the backbone", see))

# %% [markdown] tags=["answer"]
# In C2 every nucleus has an outline. In C4 it is about two cells wide: the map still says *here is one*, but no longer where
# it ends. These are the best channels; most of the others look like texture, because no single channel has to mean anything
# to us.

# %% [markdown]
# ## How far does a cell see?
#
# Take one cell in the middle of a map, and use its gradient to find out on which pixels it depends. It sees every pixel
# where the gradient with respect to the picture is not zero. A convolution with a kernel of $k$ cells widens the view $r$ by
#
# $$r \leftarrow r + (k - 1)\, j, \qquad j \leftarrow j \cdot \text{stride},$$
#
# where the jump $j$ is the distance of neighbouring cells in pixels. First, a body of the same shape whose norms are frozen,
# so that they only scale each channel.
#
# **Predict.** Each 3 x 3 convolution adds two cells *of its own map*. How much wider is the view from C4 than that
# from C2?

# %%
rng = np.random.default_rng(0)
bare = mini(4, norm="frozen", rng=rng).astype(np.float64).backbone.body
for name in ("C2", "C3", "C4"):
    x = Tensor(np.random.default_rng(1).random((1, 3, 256, 256)), requires_grad=True)
    features = bare(x)[name]
    middle = features.shape[-1] // 2
    features[:, :, middle, middle].sum().backward()
    print(f"{name}: {np.count_nonzero(x.grad.any(axis=(0, 1, 2)))} pixels wide")

# %% [markdown] tags=["answer"]
# A convolution late in the network adds more, because its cells are wider. And a trained body? Here is the logarithm
# of the gradient, for the same three cells.

# %%
small, _ = load_model(weights.path("shapes"))
picture = small.transform([data.Shapes("val")[18][0]])[0].images
views = []
for name in ("C2", "C3", "C4"):
    x = Tensor(picture, requires_grad=True)
    features = small.backbone.body(x)[name]
    middle = features.shape[-1] // 2
    features[:, :, middle, middle].sum().backward()
    views.append(np.abs(x.grad[0]).sum(axis=0))  # (3, H, W) -> (H, W)
ax = panels(1, 1, 6.6, 2.6)[1][0]
tiles(ax, [np.log10(view + 1e-4 * view.max()) for view in views], ["C2", "C3", "C4"])
see = "logarithm of the gradient: wider from stage to stage"
viz.show(headline(ax, "What one cell depends on", see))

# %% [markdown]
# The bright spot grows from stage to stage. But here it does not end sharply. The cause is *GroupNorm*, the layer after each
# convolution: it subtracts the mean of a group of channels over the whole map and divides by their spread, so every cell
# depends a little on every pixel.

# %% [markdown]
# ## Top-down
#
# The pyramid starts at the coarsest map and walks back to the finest:
#
# $$M_l = \mathrm{conv}_{1\times1}(C_l) + \mathrm{enlarge}_2(M_{l+1}), \qquad P_l = \mathrm{conv}_{3\times3}(M_l)$$
#
# The 1 x 1 convolution is called the *lateral* connection: it comes from the side and gives all levels the same channels.

# %%
viz.diagram("pyramid_step")

# %% [markdown]
# Here it is, one line at a time, with the model's own layers.

# %%
pyramid = model.backbone.fpn
c3, c4 = (Tensor(trace[f"backbone.{name}"][None]) for name in ("C3", "C4"))
with no_grad():
    top = pyramid.inner_blocks[2](c4)
    lateral = pyramid.inner_blocks[1](c3)
    merged = lateral + ops.interpolate(top, size=lateral.shape[-2:], mode="nearest")
    p3 = pyramid.layer_blocks[1](merged)
print("as the model's P3:", np.allclose(p3.data[0], trace["pyramid.P3"], atol=1e-4))

# %% [markdown]
# **Predict.** Which of the two terms is larger, the fine one from the side or the coarse one from above?

# %%
side, above = lateral.data[0], (merged.data - lateral.data)[0]  # (64, y, x) each
spread = np.stack([side, above]).std(axis=(2, 3))  # (term, channel)
print("median spread: side {:.2f}, above {:.2f}".format(*np.median(spread, axis=1)))
print("channels in which the side is larger:", (spread[0] > spread[1]).sum(), "of 64")

# %% [markdown] tags=["answer"]
# It depends on the channel. In most the side is larger, and in some the sum is practically the side alone. Here is the
# channel in which the smaller of the two is largest, on one scale for all three:

# %%
channel = int(spread.min(axis=0).argmax())
steps = {"from the side": side, "from above": above, "sum": side + above}
reach = np.abs(merged.data[0, channel]).max()
figure, axes = panels(1, 3, 2.2, 2.2)
for ax, (name, term) in zip(axes, steps.items()):
    ax.imshow(term[channel], cmap="RdBu_r", vmin=-reach, vmax=reach)
    ax.set_axis_off()
    headline(ax, name, f"channel {channel}, {-reach:.1f} (blue) to {reach:.1f} (red)")
viz.show(figure)

# %% [markdown]
# **Predict.** What does the detector lose if the path from above is cut, and each level reads its own map alone? We measure it
# on shapes, with *average precision* (AP): 0 is useless, 1 is perfect. (Notebook 11 defines it.)

# %%
fpn = small.backbone.fpn


def cut(maps):
    blocks = zip(maps.items(), fpn.inner_blocks, fpn.layer_blocks)
    return {name.replace("C", "P"): p(c(x)) for (name, x), c, p in blocks}


for name, path in {"whole": fpn.forward, "cut": cut}.items():
    fpn.forward = path
    result = evaluate(small, data.Shapes("val"), indices=range(10))
    print(f"{name:<6} box AP {result.box['AP']:.2f}, mask AP {result.mask['AP']:.2f}")

# %% [markdown] tags=["answer"]
# Boxes suffer, and masks collapse: they are read from P2, which without its neighbours above does not know what it is part
# of. This is what *this* network loses, which was trained with the path. One that was trained without it would have learnt to
# do with less.

# %% [markdown]
# ## Which level for which box?
#
# The RPN reads all levels. The heads read one for each box, by its size:
#
# $$l = \left\lfloor k_0 + \log_2 \frac{\sqrt{w h}}{s_0} \right\rfloor$$
#
# In the published network $k_0 = 4$ and $s_0 = 224$, the size of the pictures its backbone was trained on. The small
# model uses $s_0 = 112$.
#
# **Predict.** By how many levels does a box move up if it is twice as wide and twice as high?

# %%
for canonical in (224, 112):
    mapper = LevelMapper(2, 5, canonical_scale=canonical)
    sides = np.array([20, 30, 60, 120, 240, 480, 960], np.float32)
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)  # (7, 4)
    levels = ", ".join(
        f"{side:.0f} -> P{level + 2}" for side, level in zip(sides, mapper(boxes))
    )
    print(f"s0 = {canonical}: {levels}")

# %% [markdown] tags=["answer"]
# One level. So a box is about the same number of cells wide on every level, and the heads see objects of one size.
# Boxes that are too small or too large for the levels are read from the first or the last one.

# %% [markdown]
# **Predict.** This drawn picture has shapes of 21 to 201 pixels, more than the small model was trained for. Which ones
# belong to
# P2, which to P3, which to P4? And about how many cells is each of them wide on its level?

# %%
drawn, truth = data.shapes_sample()
level_of = LevelMapper(2, 4, canonical_scale=112)(truth.boxes)  # 0 is P2
sides = truth.boxes[:, 2] - truth.boxes[:, 0]
ax = viz.draw_picture(drawn, panels(1, 1, 4.4, 4.4)[1][0])
for box, level, wide in zip(truth.boxes, level_of, sides):
    style = class_style(level + 1)
    draw_boxes(ax, box[None], style.colour, style.dash)
    name = f"P{level + 2}: {wide / 2 ** (level + 2):.0f} cells"
    label_boxes(ax, box[None], [name], [style.colour])
viz.show(headline(ax, "The level of each box", "and how many cells wide it is there"))

# %% [markdown]
# ## What to remember
#
# - Deep maps know what, shallow maps know where. The pyramid adds them.
# - All its levels have the same channels, so one set of heads serves all.
# - A box is read from the level on which it has a fixed number of cells.
#
# **There is another way.** The paper's first variant has no pyramid: RPN and heads read C4 alone, and the last residual stage
# becomes part of the heads. In this package it is `models.mini_c4`, and notebook 08 draws both. Here are its maps and its
# strides:

# %%
flat = mini_c4(4, rng=np.random.default_rng(0))
maps = flat.stages(data.Shapes("val")[3][0])
print("what the heads read:", list(maps.strides.items()))
counts = [sum(p.data.size for p in m.parameters()) for m in (flat, model)]
print("weights: {:,} in mini_c4, {:,} in mini".format(*counts))

# %% [markdown]
# **Try it.** Draw `viz.show_objectness(trace, 0)`, then 1 and 2, for the nuclei. Which level finds them?

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** P3 (index 1): its anchors of 32 pixels have the size of an enlarged nucleus. P2 responds to
# small nuclei and fragments, P4 to clumps.

# %% [markdown]
# ## Exercises
#
# Three functions of a few lines each. The check tries small cases, smallest first, and draws the first one that is wrong.
# `exercises.hint.merge()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **merge.** One step of the pyramid. `top` (C, h, w) is the coarse map, `side` (C, H, W) the fine one; H is 2h or 2h - 1, and
# W likewise. Return `side` plus `top`, enlarged: fine cell i reads coarse cell i // 2.


# %% tags=["exercise"]
def my_merge(top, side):
    # solution
    _, H, W = side.shape
    return side + top.repeat(2, axis=1).repeat(2, axis=2)[:, :H, :W]
    # end of solution


# %%
exercises.check.merge(my_merge)

# %% [markdown]
# **level_of.** `box` (4,) in pixels. Return the number of its level from 2 to 5, by the formula above with $k_0 = 4$ and
# $s_0 = 224$.


# %% tags=["exercise"]
def my_level_of(box):
    # solution
    x1, y1, x2, y2 = box
    octave = np.log2(np.sqrt((x2 - x1) * (y2 - y1)) / 224)
    return int(np.clip(np.floor(4 + octave), 2, 5))
    # end of solution


# %%
exercises.check.level_of(my_level_of)

# %% [markdown]
# **receptive_field.** `layers` is a tuple of pairs (kernel, stride), the first layer first. Return how many pixels wide the
# view of one cell of the last map is. The check measures it as we did: by a gradient.


# %% tags=["exercise"]
def my_receptive_field(layers):
    # solution
    view, jump = 1, 1
    for kernel, stride in layers:
        view += (kernel - 1) * jump
        jump *= stride
    return view
    # end of solution


# %%
exercises.check.receptive_field(my_receptive_field)

# %% [markdown]
# ## What you can now do
#
# - Say for any box on which map it is read, and how many cells it has there.
# - Explain what the top-down path adds, with a number.
# - Tell the two variants of the paper apart: pyramid, and C4 alone.
#
# Next: [04 Anchors and matching](04_anchors_and_matching.ipynb): the boxes that every cell of these maps starts with.
