# %% [markdown]
# # Backbone and pyramid
#
# A detector needs maps that say *what* is there, and maps that say *where* it is. A convolutional network gives the
# first at its end and the second at its beginning. The feature pyramid takes both and adds them up.

# %%
from importlib.resources import files

import numpy as np

from minimaskrcnn import data, nn, ops, viz, weights
from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.io import load_model
from minimaskrcnn.models.resnet import BasicBlock, ResNet
from minimaskrcnn.viz.features import tiles
from minimaskrcnn.viz.style import headline, panels

# %%
model, facts = load_model(weights.path("nuclei"))
image = data.prepare_nuclei(data.read_image(files(data) / "samples" / "nuclei.png"))
trace = model.trace(image)
viz.show(viz.show_input(trace, panels(1, 1, 3.4, 3.4)[1][0]))

# %% [markdown]
# ## Sizes
#
# The picture is first enlarged, to the size that the figure states. Then the stem halves it, and each of the three
# stages halves it again.
#
# **Predict.** How many cells has the map of the last stage? How many channels, if each stage doubles them and the
# stem begins with 16?

# %%
for name in trace.names("backbone.") + trace.names("pyramid."):
    channels, height, width = trace[name].shape
    stride = trace["transformed"].shape[-1] // width
    print(
        f"{name:<12} {channels:3} channels, {height:3} x {width:3} cells, stride {stride:2}"
    )

# %% [markdown]
# The backbone's maps grow in channels as they shrink in cells. The pyramid's maps all have 64 channels, so that one
# RPN and one box head can read any of them.
#
# **Predict.** Where do most of the weights sit: in the backbone, the pyramid, or the heads behind them?

# %%
parts = {"backbone": model.backbone.body, "pyramid": model.backbone.fpn}
parts |= {"RPN": model.rpn, "heads": model.roi_heads}
total = sum(p.data.size for p in model.parameters())
for name, part in parts.items():
    count = sum(p.data.size for p in part.parameters())
    print(f"{name:<9}{count:9,} weights, {count / total:4.0%}")

# %% [markdown]
# In the heads: the first fully connected layer reads 7 x 7 x 64 numbers with 128 units. Convolutions have few weights
# and take much time; for fully connected layers it is the other way round.

# %% [markdown]
# ## What the backbone sees
#
# **Predict.** In the enlarged picture, nuclei are some 30 pixels wide. C2 has a cell for every 4 pixels, C4 one for
# every 16. In which map will you still be able to count them?

# %%
stages = [trace[f"backbone.{name}"] for name in ("C2", "C3", "C4")]
busiest = [maps[maps.std(axis=(1, 2)).argmax()] for maps in stages]  # (y, x) each
ax = panels(1, 1, 6.6, 2.6)[1][0]
tiles(ax, busiest, ["C2", "C3", "C4"])
see = "of each stage the channel that varies most over the picture"
viz.show(headline(ax, "Three stages of the backbone", see))

# %% [markdown]
# In C4 a nucleus is about two cells wide. The map says clearly that it *is* a nucleus, but no longer where exactly it
# ends.

# %% [markdown]
# ## How far does a cell see?
#
# Take one cell in the middle of a map, and use its gradient to find out on which pixels it depends. It sees every pixel
# where the gradient with respect to the picture is not zero. First, a body of the same shape without its norms.
#
# **Predict.** Each 3 x 3 convolution adds two cells *of its own map*. How much wider is the view from C4 than that
# from C2?

# %%
bare = ResNet(BasicBlock, 16, (32, 64, 128), (2, 2, 1), (2, 2, 2), lambda _: nn.Identity(),
              stem_kernel=3, stem_pool=False, rng=np.random.default_rng(0)).astype(np.float64)  # fmt: skip
for name in ("C2", "C3", "C4"):
    x = Tensor(np.random.default_rng(1).random((1, 3, 256, 256)), requires_grad=True)
    features = bare(x)[name]
    middle = features.shape[-1] // 2
    features[:, :, middle, middle].sum().backward()
    print(f"{name}: {np.count_nonzero(x.grad.any(axis=(0, 1, 2)))} pixels wide")

# %% [markdown]
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
viz.show(
    headline(
        ax,
        "What one cell depends on",
        "logarithm of the gradient: wider from stage to stage",
    )
)

# %% [markdown]
# The bright spot grows from stage to stage. But here it does not end sharply: GroupNorm takes a mean over the whole
# map, so every cell depends a little on every pixel.

# %% [markdown]
# ## Top-down
#
# The pyramid starts at the coarsest map and walks back to the finest:
#
# > `merged = conv1x1(C3) + upsample(merged of C4)`, and `P3 = conv3x3(merged)`.
#
# Here it is, one line at a time, with the model's own layers.

# %%
pyramid = model.backbone.fpn
c3, c4 = (Tensor(trace[f"backbone.{name}"][None]) for name in ("C3", "C4"))
with no_grad():
    top = pyramid.inner_blocks[2](c4)
    lateral = pyramid.inner_blocks[1](c3)
    merged = lateral + ops.interpolate(top, size=lateral.shape[-2:], mode="nearest")
    p3 = pyramid.layer_blocks[1](merged)
print(
    "the same as the model's P3:",
    np.allclose(p3.data[0], trace["pyramid.P3"], atol=1e-4),
)

# %% [markdown]
# **Predict.** Which of the two terms is larger, the fine one from the side or the coarse one from above?

# %%
coarse = merged.data - lateral.data
for name, term in {"from the side": lateral.data, "from above": coarse}.items():
    print(f"{name:<14} spread {term.std():.1f}")

# %% [markdown]
# Neither is small. The coarse term carries the meaning, the fine term the place, and the network has learnt weights
# that keep both in the sum.

# %%
channel = int(merged.data[0].std(axis=(1, 2)).argmax())
ax = panels(1, 1, 6.6, 2.6)[1][0]
steps = {"from the side": lateral.data, "from above": coarse, "sum": merged.data}
tiles(ax, [term[0, channel] for term in steps.values()], list(steps))
viz.show(
    headline(
        ax, f"Channel {channel} of level 3", "fine detail, coarse blocks, and their sum"
    )
)

# %% [markdown]
# **Predict.** What would P2 lose without the coarse maps above it? Compare it with the P2 of the fine map alone.

# %%
with no_grad():
    c2 = Tensor(trace["backbone.C2"][None])
    alone = pyramid.layer_blocks[0](pyramid.inner_blocks[0](c2)).data[0]
full = trace["pyramid.P2"]
share = np.linalg.norm(full - alone) / np.linalg.norm(full)
print(f"{share:.0%} of P2 (by norm) came from above")

# %% [markdown]
# ## Which level for which box?
#
# The RPN reads all levels. The heads read one for each box, by its size:
#
# > `level = floor(k0 + log2(sqrt(w * h) / s0))`
#
# In the published network `k0 = 4` and `s0 = 224`, the size of the pictures its backbone was trained on. The small
# model uses `s0 = 112`.
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

# %% [markdown]
# One level. So a box is about the same number of cells wide on every level, and the heads see objects of one size.
# Boxes that are too small or too large for the levels are read from the first or the last one.

# %%
viz.show(viz.show_roi_levels(trace), width=6)

# %% [markdown]
# ## What to remember
#
# - Deep maps know what, shallow maps know where. The pyramid adds them.
# - All its levels have the same channels, so one set of heads serves all.
# - A box is read from the level on which it has a fixed number of cells.
#
# **Try it.** Replace `show_roi_levels` by `viz.show_objectness(trace, 0)`, then 1 and 2. Which level finds the nuclei
# of this picture?
