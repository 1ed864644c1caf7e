# %% [markdown]
# # RoIPool against RoIAlign
#
# A proposal is a box of any size. The heads that follow want a grid of one size, say 7 x 7. Something must read
# the feature map under the box and fill that grid.
#
# RoIPool (2015) rounds the box to whole cells. RoIAlign (2017) rounds nothing. That is the whole difference,
# and the quality of Mask R-CNN's masks depends on it. This notebook takes a close look.

# %%
import csv
from dataclasses import asdict
from pathlib import Path

import numpy as np

from minimaskrcnn import data, ops, viz, weights
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.inspection import look
from minimaskrcnn.io import load_model
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_ALIGN_V2, ROI_POOL, ROI_WARP
from minimaskrcnn.testing import Case, assert_adjoint
from minimaskrcnn.viz.style import headline, new_figure

# %% [markdown]
# ## By hand
#
# A map of 4 x 4 cells, one cell for every 10 pixels. The box covers 20 x 20 pixels, and we want 2 x 2 numbers.

# %%
features = np.arange(16.0).reshape(4, 4)
print(features)

# %% [markdown]
# **Predict.** The box runs from pixel 0 to pixel 20, so it covers cells 0 and 1 in each direction: the values
# 0, 1, 4, 5. What should the four outputs be? Then run, and be surprised.

# %%
box, scale = np.array([0.0, 0.0, 20.0, 20.0]), 0.1
for name, rule in {
    "RoIPool": ROI_POOL,
    "RoIAlign": ROI_ALIGN,
    "RoIAlign, aligned": ROI_ALIGN_V2,
}.items():
    print(
        f"{name:<18}", look(features, box, (2, 2), scale, rule).output.round(3).tolist()
    )

# %% [markdown]
# Three operators, three answers.
#
# - RoIPool includes the end of the box: it takes cells 0 to 2, bins of 1.5 cells that it widens to 2, and the largest
#   value of each bin.
# - RoIAlign reads between the cells. But it takes coordinate 1.0 to be the centre of cell 1, where by our
#   convention that centre is at 1.5: it looks half a cell too far to the lower right.
# - With `aligned=True` that half cell is gone, and each output is nearly the value of its cell. It is only nearly equal,
#   because a sample beyond the centre of an outer cell is clamped to the map.

# %% [markdown]
# ## The microscope
#
# Dashed: the box as given. Solid: the bins an operator makes of it. Dots: where it reads. Red: one bin, and
# the weight of each cell in its answer.
#
# The example is from the best-known article on Mask R-CNN: snapped to cells, the top left bin sees 0.8.
#
# **Predict.** Between the cell of 0.8 and its neighbour of 1.0, at four tenths of the way, what does
# interpolation give?

# %%
viz.show(viz.article_figure())

# %% [markdown]
# `0.6 * 0.8 + 0.4 * 1.0 = 0.88`. Nothing was snapped, so the operator can read a value between the cells.

# %% [markdown]
# ## One family
#
# These operators are one operator with five switches. A rule sets each of the switches.

# %%
rules = {
    "RoIPool": ROI_POOL,
    "RoIWarp": ROI_WARP,
    "RoIAlign": ROI_ALIGN,
    "RoIAlign, aligned": ROI_ALIGN_V2,
}
for switch in asdict(ROI_POOL):
    print(f"{switch:<15}", *(f"{asdict(rule)[switch]!s:<7}" for rule in rules.values()))

# %% [markdown]
# RoIWarp interpolates as RoIAlign does, but rounds the box first.
#
# **Predict.** Which matters more, rounding the box or taking the largest value instead of the mean? In the paper
# (table 2c) RoIWarp is hardly better than RoIPool, and RoIAlign is better by over three points of mask AP.

# %%
rng = np.random.default_rng(0)
bumps = rng.permutation(64).reshape(8, 8) / 100  # no two cells alike
slanted = np.array([1.4, 1.4, 5.9, 4.9])
first, second = list(rules.items())[:2], list(rules.items())[2:]
viz.show(viz.microscope_figure(bumps, slanted, rules=dict(first)))

# %%
viz.show(viz.microscope_figure(bumps, slanted, rules=dict(second)))

# %% [markdown]
# ## A box that moves
#
# Now slide a box to the right over a ramp, a map whose value *is* the position. A perfect operator answers with
# the position of its bin: a straight line.
#
# **Predict.** What will the line of RoIPool look like? And that of RoIAlign without `aligned`?

# %%
viz.show(viz.show_shift())

# %% [markdown]
# The line of RoIPool is a staircase: the box moves, and the output does not change until it jumps. RoIAlign follows the
# box. Without `aligned`, it runs beside the true line, half a cell off. A network can learn to undo a constant shift,
# because it is always the same. It cannot undo a staircase.

# %% [markdown]
# ## How far off, in pixels?
#
# **Predict.** Rounding a coordinate is off by up to half a cell, by a quarter on average. On a map of stride 4,
# 16 or 32, how many pixels is that?

# %%
coordinates = rng.uniform(0, 400, 100_000)
for stride in (4, 16, 32):
    off = np.abs(np.round(coordinates / stride) * stride - coordinates)
    print(
        f"stride {stride:2}: {off.mean():.1f} px on average, {off.max():.1f} px at worst"
    )

# %% [markdown]
# A nucleus in a micrograph is some 13 pixels wide. The class can still be recognised if the view is shifted by four
# pixels, but a mask cannot be drawn. That is why the paper finds the largest gain at stride 32 (table 2d: mask AP
# 23.6 with RoIPool, 30.9 with RoIAlign), and why few people noticed while detectors only drew boxes.

# %% [markdown]
# ## Backwards
#
# Training sends a gradient back through the operator into the map.
#
# **Predict.** RoIPool takes a maximum. How many cells will its gradient reach, from 2 x 2 outputs? And RoIAlign?

# %%
pair = {"RoIPool": ROI_POOL, "RoIAlign": ROI_ALIGN_V2}
viz.show(viz.gradient_figure(bumps, slanted, rules=pair))

# %% [markdown]
# In RoIPool the winner takes all. RoIAlign returns a gradient to every cell that it has read, with the same weights.
# The lower row shows the same gradients by finite differences: each cell is changed a little, and the output is observed.
#
# RoIAlign with the mean is *linear* in the map: `output = A @ features`. So its backward must be the transpose
# of its forward, and that can be checked to the last digits, without any step size.

# %%
rois = np.array([[0, 1.4, 1.4, 5.9, 4.9], [0, 0.0, 2.0, 7.5, 8.0]])
case = Case(rng.standard_normal((1, 3, 8, 8)))
assert_adjoint(lambda x: ops.roi_align(x, rois, 7, aligned=True), case)
print("forward and backward are each other's transpose")

# %% [markdown]
# **Predict.** The total gradient at the output is 2 x 2 = 4, one for each bin. How much of it arrives in the map, for
# RoIPool and for RoIAlign?

# %%
for name, rule in pair.items():
    x = Tensor(bumps[None, None], requires_grad=True)
    ops.roi_features(x, np.array([[0, *slanted]]), 2, 1.0, rule).sum().backward()
    print(f"{name:<10}{x.grad.sum():.3f} on {np.count_nonzero(x.grad):2} cells")

# %% [markdown]
# All of it, for both operators. The weights of a bin sum to one, so gradient is neither created nor lost, only spread
# differently.

# %% [markdown]
# ## On a real map
#
# The same two operators on a proposal of a trained model. This is what the box head gets to see of it.

# %%
model, facts = load_model(weights.path("shapes"))
trace = model.trace(data.Shapes("val")[22][0])
viz.show(viz.proposal_microscope(trace, 0, rules=pair))

# %% [markdown]
# ## Does it matter in training?
#
# `minimaskrcnn roi-lab` trains the same small model with each operator, from the same seeds on the same pictures.
# Its results are committed, with the command that made them. One variant reads a pyramid with strides of 4 to 16
# pixels, the other a single map of stride 16.
#
# **Predict.** The differences from RoIPool, seed by seed, in points of mask AP. On which variant should RoIAlign
# gain more, if rounding is what costs?

# %%
results = Path("../docs/results/roi_lab")
page = (results / "index.md").read_text().splitlines()
print(next(line.strip() for line in page if line.startswith("    ")))
with (results / "summary.csv").open() as table:
    rows = [row for row in csv.DictReader(table) if row["measure"] == "mask_AP"]
gains = [row for row in rows if row["what"].startswith("minus")]
for row in gains:
    mean, low, high = (100 * float(row[key]) for key in ("mean", "low", "high"))
    cell = f"{row['variant']:<9}{row['operator']:<15}"
    print(
        f"{cell}{mean:+5.1f} points, 95 % interval {low:+5.1f} to {high:+5.1f}, {row['n']} seeds"
    )

# %%
figure = new_figure(7, 3.2)
for ax, variant in zip(figure.subplots(1, 2, sharey=True), ("pyramid", "stride16")):
    mine = [row for row in gains if row["variant"] == variant]
    mean, low, high = (
        np.array([100 * float(row[key]) for row in mine])
        for key in ("mean", "low", "high")
    )
    ax.errorbar(
        mean,
        [row["operator"] for row in mine],
        xerr=(mean - low, high - mean),
        fmt="o",
        capsize=3,
    )
    ax.axvline(0, color="black", linestyle=":")
    ax.set_xlabel("points of mask AP over RoIPool")
    headline(ax, variant, "means over seeds and their 95 % intervals")
viz.show(figure)

# %% [markdown]
# Read the intervals first. One that contains 0 says that these seeds cannot tell the operators apart; a mean
# without its interval says nothing at all. And this is a miniature: a small model, minutes of training, generated
# shapes. The paper's rows, and what may and may not be concluded, are in `docs/results/roi_lab/index.md`.

# %% [markdown]
# ## What to remember
#
# - Rounding costs a quarter of a cell on average. On a coarse map that is many pixels.
# - The cure is to read between cells, not to take another kind of maximum.
# - RoIAlign is a sparse matrix. Forward is `A`, backward is its transpose.
# - `aligned` moves the grid by half a cell. Published weights were trained without it, so the detector's default
#   is without it too.
#
# **Try it.** Give `slanted` whole numbers. Which operators now agree, and which still do not? Why?
