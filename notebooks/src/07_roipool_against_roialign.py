# %% [markdown]
# # RoIPool against RoIAlign
#
# A proposal is a box of any size. The heads that follow want a grid of one size, say 7 x 7. Something must read
# the feature map under the box and fill that grid.
#
# A region of interest (RoI) is such a box. RoIPool (2015) rounds it to whole cells. RoIAlign (2017) rounds nothing.
# They differ in more than that: this notebook takes the differences apart, one switch at a time, and then asks ten
# trainings of each what they are worth together.

# %% [markdown]
# Lesson 7 of 11; 60 minutes.
# Before: [05 Proposals and RPN losses](05_proposals_and_rpn_losses.ipynb).
# Next: [08 The three heads](08_the_three_heads.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [03 Backbone and pyramid](03_backbone_and_pyramid.ipynb) (stride, levels) and
# [05 Proposals and RPN losses](05_proposals_and_rpn_losses.ipynb) (what a proposal is). At the end there is mask AP, a number
# between 0 and 1 that grows with the share of masks that fit; [11](11_average_precision.ipynb) takes it apart.
#
# **You will be able to**
#
# - compute RoIPool and RoIAlign of a small map by hand;
# - name the six switches in which RoI operators differ, and say which of them a network can learn to undo;
# - read a comparison of trainings: intervals first, and what they do not settle.

# %%
import csv
import inspect
from dataclasses import asdict

import numpy as np

from minimaskrcnn import data, ops, viz, weights
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.bundled import bundled
from minimaskrcnn.experiments.lab_variants import NAMES
from minimaskrcnn.inspection import look
from minimaskrcnn.io import load_model
from minimaskrcnn.kernels.reference import roi
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_ALIGN_V2, ROI_POOL, ROI_WARP
from minimaskrcnn.testing import Case, assert_adjoint
from minimaskrcnn.viz.style import headline, new_figure, panels

# %%
viz.diagram("network", "roi")

# %% [markdown]
# ## The easy case
#
# A map of 4 x 4 cells, one cell for every 10 pixels. The box covers 20 x 20 pixels, exactly the four cells in the middle,
# and we want 2 x 2 numbers. There is nothing to round: every output has a cell of its own.

# %%
features = np.arange(16.0).reshape(4, 4)
print(features)
print("the cells under the box:", features[1:3, 1:3].tolist())

# %% [markdown]
# **Predict.** Even here, the operators that detectors use do not agree. Which of them returns 5, 6, 9, 10?

# %%
box, scale = np.array([10.0, 10.0, 30.0, 30.0]), 0.1
for name, rule in {
    "RoIPool": ROI_POOL,
    "RoIAlign": ROI_ALIGN,
    "RoIAlign, aligned": ROI_ALIGN_V2,
}.items():
    print(
        f"{name:<18}", look(features, box, (2, 2), scale, rule).output.round(3).tolist()
    )

# %% [markdown] tags=["answer"]
# Only the last.
#
# - RoIPool includes the end of the box: it takes cells 1 to 3, bins of 1.5 cells that it widens to 2, and the largest
#   value of each bin.
# - RoIAlign reads between the cells. But it takes coordinate 1.0 to be the centre of cell 1, where by our
#   convention that centre is at 1.5: it looks half a cell too far to the lower right.
# - With `aligned=True` that half cell is gone, and each output is the value of its cell.
#
# Both faults are the same for every box, so the layers behind can learn to live with them.

# %% [markdown]
# ## The formulae
#
# Let $x_1, x_2$ be the ends of the box in cells, $B$ the number of bins, and $F$ the map. The same holds for $y$.
#
# **RoIPool** rounds the box, $\hat x_1 = \mathrm{round}(x_1)$ and $\hat x_2 = \mathrm{round}(x_2)$, includes its end, and cuts
# it into bins of whole cells:
#
# $$w = \frac{\hat x_2 - \hat x_1 + 1}{B}, \qquad
# \mathrm{bin}_p = \{\lfloor \hat x_1 + p\,w \rfloor, \dots, \lceil \hat x_1 + (p + 1)\,w \rceil - 1\}, \qquad
# R_{qp} = \max_{i \in \mathrm{bin}_q,\; j \in \mathrm{bin}_p} F_{ij}$$
#
# **RoIAlign** rounds nothing. Each bin is the mean of $S \times S$ points (here $S = 2$), evenly spaced in it:
#
# $$w = \frac{x_2 - x_1}{B}, \qquad x_{ps} = x_1 + \Big(p + \frac{s + 1/2}{S}\Big)\,w, \qquad
# R_{qp} = \frac{1}{S^2} \sum_{s, t} F(y_{qt}, x_{ps})$$
#
# Between the cells, **bilinear interpolation** weighs the four nearest. With $i = \lfloor y \rfloor$, $j = \lfloor x \rfloor$,
# $b = y - i$ and $a = x - j$:
#
# $$F(y, x) = (1 - b)(1 - a)\,F_{i,j} + (1 - b)\,a\,F_{i,j+1} + b\,(1 - a)\,F_{i+1,j} + b\,a\,F_{i+1,j+1}$$
#
# `aligned` subtracts 1/2 from $x_1, x_2, y_1, y_2$ first. The reference kernel is these formulae in a loop, for every member of the
# family: where a bin reads along one axis, and which cells a point lies between.

# %%
print(inspect.getsource(roi.axis_points).partition('"""')[2].partition('"""')[2])
print(inspect.getsource(roi.axis_cells))

# %% [markdown]
# ## The microscope
#
# Dashed: the box as given. Solid: the bins an operator makes of it. Dots: where it reads. Red: one bin, and
# the weight of each cell in its answer.
#
# The example is from an article on Mask R-CNN (J. Hui, 2018): snapped to cells, the top left bin sees 0.8.
#
# **Predict.** Between the cell of 0.8 and its neighbour of 1.0, at four tenths of the way, what does
# interpolation give?

# %%
viz.show(viz.article_figure())

# %% [markdown] tags=["answer"]
# `0.6 * 0.8 + 0.4 * 1.0 = 0.88`. Nothing was snapped, so the operator can read a value between the cells.

# %% [markdown]
# ## One family
#
# These operators are one operator with six switches. A rule sets each of the switches.

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
# The ladder throws one switch after the other and measures, for 400 boxes, how far the window that is read lies from
# the box, and how much wider it is. A constant has no spread, and a network learns to undo it. Rounding has.

# %%
viz.show(viz.ladder_figure())

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

# %% [markdown] tags=["answer"]
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

# %% [markdown] tags=["answer"]
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

# %% [markdown] tags=["answer"]
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

# %% [markdown] tags=["answer"]
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
results = bundled("docs/results/roi_lab/operators")
page = (results / "index.md").read_text().splitlines()
print(next(line.strip() for line in page if line.startswith("    ")))
with (results / "summary.csv").open() as table:
    rows = [row for row in csv.DictReader(table) if row["measure"] == "mask_AP"]
gains = [row for row in rows if row["what"].startswith("minus")]
for row in gains:
    mean, low, high = (100 * float(row[key]) for key in ("mean", "low", "high"))
    cell = f"{row['variant']:<9}{NAMES[row['choice']]:<15}"
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
        [NAMES[row["choice"]] for row in mine],
        xerr=(mean - low, high - mean),
        fmt="o",
        capsize=3,
    )
    ax.axvline(0, color="black", linestyle=":")
    ax.set_xlabel("points of mask AP over RoIPool")
    headline(ax, variant, "means over seeds and their 95 % intervals")
viz.show(figure)

# %% [markdown] tags=["answer"]
# Read the intervals first; none of the four contains 0. RoIAlign gains over 12 points at stride 16 and about 3 on the
# pyramid: the coarser the map, the more a rounded box costs. RoIWarp reads between the cells as RoIAlign does, but of a
# rounded box, and it is *below* RoIPool on both variants. So the rounding of the box is the most expensive switch, and it is not the
# whole difference: what RoIPool does otherwise (whole cells, their maximum, the end cell) makes good a part of it.
#
# This is a miniature: a small model, 300 steps, generated shapes. The paper's rows, AP50 (which goes against RoIAlign on the
# pyramid), and what may be concluded are in `docs/results/roi_lab/operators/index.md` and `docs/roi_lab.md`.
#
# Is RoIAlign better, or only faster to learn? With 3,000 steps (3 seeds, pyramid) the distance has *grown*, to 13.5 points of mask
# AP [12.2, 14.7], while AP50 differs by 0.6 [-1.7, 2.9]: both find the objects, and one draws them better
# (`docs/results/roi_lab/full/index.md`).

# %% [markdown]
# ## What to remember
#
# - Rounding costs a quarter of a cell on average. On a coarse map that is many pixels.
# - A shift that is the same for every box can be learnt away. Rounding moves each box differently.
# - RoIAlign is a sparse matrix. Forward is `A`, backward is its transpose.
# - `aligned` moves the grid by half a cell. Published weights were trained without it, so the detector's default
#   is without it too.
#
# **Try it.** Give `slanted` whole numbers. Which operators now agree, and which still do not? Why?
#
# `viz.explore_roi()` is a bench: drag the box over a map, throw each switch, and watch bins, points and outputs.

# %% tags=["solution"]
whole = np.array([1.0, 1.0, 5.0, 5.0])
for name, rule in rules.items():
    print(f"{name:<18}", look(bumps, whole, (2, 2), 1.0, rule).output.round(3).tolist())

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** RoIWarp and RoIAlign agree to the last digit: they differ in the rounding of the box, and there is none to do.
# RoIPool still includes the end cell and takes the largest value, and the aligned RoIAlign still begins half a cell earlier.

# %% [markdown]
# ## Exercises
#
# Write the operators yourself. The check reads every box on a map of 4 x 4 cells, and draws the smallest case that is
# wrong. `exercises.hint.roi_align()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **bilinear.** `values` (H, W), where cell (i, j) stands at y = i, x = j. Return the value at (y, x), which lies between the
# outermost cells.


# %% tags=["exercise"]
def my_bilinear(values, y, x):
    # solution
    H, W = values.shape
    top, left = int(y), int(x)
    rows, columns = [top, min(top + 1, H - 1)], [left, min(left + 1, W - 1)]
    a, b = y - top, x - left
    return float(
        np.array([1 - a, a]) @ values[np.ix_(rows, columns)] @ np.array([1 - b, b])
    )
    # end of solution


# %%
exercises.check.bilinear(my_bilinear)

# %% [markdown]
# **roi_pool_1d.** `values` (W,) are cells; `start` and `end` are the coordinates of a box. Round both to the nearest cell,
# halves upwards; the box has n = end - start + 1 cells. Bin b reads the cells from floor(b n / bins) up to, but not including,
# ceil((b + 1) n / bins), counted from the start. Return the largest of each, and 0 for a bin that lies off the map.


# %% tags=["exercise"]
def my_roi_pool_1d(values, start, end, bins):
    # solution
    start, end = int(np.floor(start + 0.5)), int(np.floor(end + 0.5))
    n, out = end - start + 1, np.zeros(bins, values.dtype)
    for b in range(bins):
        first, after = start + b * n // bins, start - (-(b + 1) * n // bins)
        inside = values[first:after]
        out[b] = inside.max() if len(inside) else 0
    return out
    # end of solution


# %%
exercises.check.roi_pool_1d(my_roi_pool_1d)

# %% [markdown]
# **roi_pool.** The same along y and x: `features` (C, H, W), `box` (4,) in cells; return (C, bins, bins).


# %% tags=["exercise"]
def my_roi_pool(features, box, bins):
    # solution
    def cells(low, high):
        start, end = int(np.floor(low + 0.5)), int(np.floor(high + 0.5))
        n = end - start + 1
        return [
            slice(start + b * n // bins, start - (-(b + 1) * n // bins))
            for b in range(bins)
        ]

    x1, y1, x2, y2 = box
    out = np.zeros((len(features), bins, bins), features.dtype)
    for i, rows in enumerate(cells(y1, y2)):
        for j, columns in enumerate(cells(x1, x2)):
            inside = features[:, rows, columns]  # (C, rows, columns)
            out[:, i, j] = inside.max(axis=(1, 2)) if inside.size else 0
    return out
    # end of solution


# %%
exercises.check.roi_pool(my_roi_pool)

# %% [markdown]
# **roi_align.** `features` (C, H, W); `box` (4,) in cells, where cell i covers [i, i + 1); return (C, bins, bins). Subtract
# half a cell from the box. Each bin is the mean of 2 x 2 bilinear samples, in the middle of its quarters.


# %% tags=["exercise"]
def my_roi_align(features, box, bins):
    # solution
    def weights(low, high, side):  # (2 * bins, side): how much each cell counts
        at = low + (np.arange(2 * bins) + 0.5) / (2 * bins) * (high - low)
        at = np.clip(at, 0, side - 1)
        return np.maximum(1 - np.abs(at[:, None] - np.arange(side)), 0)

    x1, y1, x2, y2 = np.asarray(box) - 0.5
    C, H, W = features.shape
    values = weights(y1, y2, H) @ features @ weights(x1, x2, W).T  # (C, samples y, x)
    values = values.reshape(C, bins, 2, bins, 2).mean(axis=(2, 4))
    return values.astype(features.dtype)
    # end of solution


# %%
exercises.check.roi_align(my_roi_align)

# %% [markdown]
# One line puts your function into the detector. (While it is blank, the detector keeps its own.) Left: yours. Right: x and
# y swapped, which no check of shapes notices. The proposals are the same, but the heads read another place.


# %%
def x_and_y_swapped(features, box, bins):
    x1, y1, x2, y2 = box
    turned = np.array([y1, x1, y2, x2])
    return exercises.find_exercise("roi_align").reference(features, turned, bins)


lesson = data.Shapes("val")[3][0]
detector, _ = load_model(weights.path("shapes"))
figure, axes = panels(1, 2, 3.1, 3.1)
for ax, answer in zip(axes, (my_roi_align, x_and_y_swapped)):
    with exercises.plugged_in(roi_align=answer):
        viz.show_detections(detector.trace(lesson), ax)
viz.show(figure)

# %% [markdown]
# **roi_align_backward.** `grad` (C, bins, bins) arrives at the output of `my_roi_align`; `size` is the (H, W) of the map.
# Return the gradient of the map, (C, H, W). RoIAlign is linear in the map, so this is its transpose.


# %% tags=["exercise"]
def my_roi_align_backward(grad, box, size):
    # solution
    def weights(low, high, side):  # (2 * bins, side): how much each cell counts
        bins = grad.shape[1]
        at = low + (np.arange(2 * bins) + 0.5) / (2 * bins) * (high - low)
        at = np.clip(at, 0, side - 1)
        return np.maximum(1 - np.abs(at[:, None] - np.arange(side)), 0)

    x1, y1, x2, y2 = np.asarray(box) - 0.5
    share = (grad / 4).repeat(2, axis=1).repeat(2, axis=2)  # (C, samples y, x)
    dx = weights(y1, y2, size[0]).T @ share @ weights(x1, x2, size[1])
    return dx.astype(grad.dtype)
    # end of solution


# %%
exercises.check.roi_align_backward(my_roi_align_backward)

# %% [markdown]
# **which_switch.** On a map whose value at x is 10 x, the box from 1.3 to 5.2 has three bins with two samples each along x.
# Aligned RoIAlign answers 19.5, 32.5, 45.5, the centres of the bins. Each output below was made by it with at most one switch
# thrown: `"nothing"`, `"box rounded"`, `"end cell included"`, `"no half cell"`, `"maximum"` or `"whole cells"` (the mean of the
# cells whose index lies in the bin). Write `{"A": "nothing", ...}`.

# %%
viz.show(exercises.evidence.which_switch())

# %% tags=["exercise"]
my_which_switch = {
    # solution
    "A": "no half cell",
    "B": "maximum",
    "C": "box rounded",
    "D": "nothing",
    "E": "whole cells",
    "F": "end cell included",
    # end of solution
}

# %%
exercises.check.which_switch(my_which_switch)

# %% [markdown]
# ## What you can now do
#
# - Compute any RoI operator on paper, and check it against yours.
# - Say of a switch whether it moves all boxes alike or each one differently.
# - Read a table of trainings without believing a mean that has no interval.
#
# Next: [08 The three heads](08_the_three_heads.ipynb), which read what you have just extracted.
