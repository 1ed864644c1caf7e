# %% [markdown]
# # Boxes, masks and IoU
#
# Everything in detection is measured with one number: how much two things overlap. Before you can trust that
# number, you must agree on what a box *is*. Programs that disagree about it fit together without an error, and are wrong
# by a pixel.

# %% [markdown]
# Lesson 2 of 11; 40 minutes.
# Before: [00 One image, every stage](00_one_image_every_stage.ipynb).
# Next: [06 Non-maximum suppression](06_nms.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [00 One image, every stage](00_one_image_every_stage.ipynb).
#
# **You will be able to**
#
# - read any box as continuous edges, and find the `+ 1` of code that does not;
# - compute the IoU of two boxes by hand, and say what part must be common for an IoU of one half;
# - say when a box is the wrong measure and a mask is needed.

# %%
import numpy as np

from minimaskrcnn import data, viz
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.boxes import (
    box_area,
    box_iou,
    boxes_from_masks,
    clip_boxes_to_image,
    generalized_box_iou,
)
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.masks import draw_masks, object_colour
from minimaskrcnn.viz.style import headline, new_figure, panels

# %%
viz.diagram("network", "picture", "detections")

# %% [markdown]
# ## A pixel is a square
#
# Pixel (0, 0) covers the square from 0 to 1 in x and in y. A box is `(x1, y1, x2, y2)` in these continuous
# coordinates, so its width is `x2 - x1`. There is no `+ 1` anywhere. Pixel $i$ and coordinate $x$ belong together by
#
# $$i = \lfloor x \rfloor, \qquad \text{centre of pixel } i:\ x = i + \tfrac12 .$$
#
# A map of stride $s$ has a cell for every $s$ pixels, and the same rule holds there: cell $j$ covers the pixels from $s j$ to
# $s (j + 1)$, and the position $x$ of the picture is the position $x / s$ of the map.
#
# **Predict.** A mask has three pixels set: columns 2, 3 and 4 of row 1. What is its box?

# %%
mask = np.zeros((1, 4, 8), bool)  # (objects, y, x)
mask[0, 1, 2:5] = True
print(mask[0].astype(int))
print("box: ", boxes_from_masks(mask)[0])
print("area:", box_area(boxes_from_masks(mask))[0], "pixels:", mask.sum())

# %% [markdown] tags=["answer"]
# The box ends at 5, the right *edge* of column 4. Its area is the number of its pixels. With the older
# convention, in which a box ends at the last pixel's index, the same box would be `(2, 1, 4, 1)`: zero pixels
# high, unless one adds 1 again at every step and forgets it at none.

# %% [markdown]
# ## Masks and their boxes
#
# **Predict.** A circle, a square and an upright triangle fill different parts of their boxes. Which parts?

# %%
samples = data.Shapes("val")
image, target = samples[3]
figure, (left, right) = panels(1, 2, 3.1, 3.1)
colours = [object_colour(index) for index in range(len(target))]
for ax, name in ((left, "Boxes"), (right, "Masks")):
    viz.draw_picture(image, ax)
    if name == "Boxes":
        draw_boxes(ax, target.boxes, colours)
    else:
        draw_masks(ax, target.masks, colours)
    headline(ax, name, f"{len(target)} objects, one colour per object")
viz.show(figure)

# %%
filled = {name: [] for name in samples.class_names[1:]}
for index in range(50):
    _, sample = samples[index]
    shares = sample.masks.sum(axis=(1, 2)) / box_area(sample.boxes)
    for label, share in zip(sample.labels, shares):
        filled[samples.class_names[label]].append(share)
print("share of its box that is filled: at most, median")
for name, shares in filled.items():
    print(f"{name:<9}{np.max(shares):.2f} {np.median(shares):.2f}")

# %% [markdown] tags=["answer"]
# Whole squares fill their boxes, and triangles fill half of theirs. A disc fills `pi / 4` (0.785). A disc that is
# drawn in pixels fills a little less, and a partly hidden one may fill more or less. A box says little about what is
# inside it. That is why masks exist.

# %% [markdown]
# ## Intersection over union
#
# $$\mathrm{IoU}(a, b) = \frac{|a \cap b|}{|a \cup b|} = \frac{|a \cap b|}{|a| + |b| - |a \cap b|}$$
#
# where $|a|$ is the area of $a$. The common part of two boxes is a box again, from the larger of the two left edges to the
# smaller of the two right edges, and likewise downwards; if that has no width, there is none.
#
# **Predict.** Two boxes of 2 x 2, one moved to the right by one pixel, so that half of each is common. Is the IoU
# one half?

# %%
a = np.array([[0.0, 0.0, 2.0, 2.0]])
b = np.array([[1.0, 0.0, 3.0, 2.0]])
print("IoU:", box_iou(a, b).round(3)[0, 0])

# %% [markdown] tags=["answer"]
# It is one third: 2 common pixels out of 6. Half covered is *not* an IoU of one half, and a threshold of 0.5 is
# stricter than it sounds.
#
# **Predict.** Which part of the boxes must be common for an IoU of exactly 0.5? Slide a box to find out.

# %%
shifts = np.linspace(0, 1, 101)
unit = np.array([[0.0, 0.0, 1.0, 1.0]])
moved = unit + shifts[:, None] * np.array([1.0, 0.0, 1.0, 0.0])  # (101, 4)
iou = box_iou(unit, moved)[0]
ax = new_figure(6, 3.4).add_subplot()
ax.plot(shifts, iou, label="IoU")
ax.plot(shifts, 1 - shifts, "--", label="common part of each box")
ax.axhline(0.5, color="grey", linestyle=":")
ax.set_xlabel("shift, in widths of the box")
ax.legend()
viz.show(
    headline(ax, "A box that slides away", "IoU falls faster than the common part")
)

# %%
print("IoU 0.5 at a shift of", shifts[np.abs(iou - 0.5).argmin()].round(2), "widths")

# %% [markdown] tags=["answer"]
# It is a third of the width: two thirds of each box must be common.

# %% [markdown]
# ## Small objects are hard
#
# **Predict.** A detector is off by two pixels to the right and two down. What does that cost an object of 8, 16,
# 32, 128 pixels?

# %%
for side in (8, 16, 32, 128):
    true = np.array([[0.0, 0.0, side, side]])
    print(f"side {side:3}: IoU {box_iou(true, true + 2)[0, 0]:.2f}")

# %% [markdown] tags=["answer"]
# With the same error, the small object fails at a threshold of 0.5 while the large one passes at 0.9. IoU is
# relative to the size. A nucleus of 13 pixels leaves no room for rounding.

# %% [markdown]
# ## What `+ 1` does
#
# Older code computed widths as `x2 - x1 + 1`. The next cell shows what happens when boxes of one convention are read
# in the other:

# %%
for side in (4, 16, 64):
    common, union = (side - 2 + 1) ** 2, 2 * (side + 1) ** 2 - (side - 2 + 1) ** 2
    true = np.array([[0.0, 0, side, side]])
    today, older = box_iou(true, true + 2)[0, 0], common / union
    print(f"side {side:2}: {today:.3f} without, {older:.3f} with the extra pixel")

# %% [markdown] tags=["answer"]
# Nothing crashes. The numbers are simply wrong, most of all for small boxes.

# %% [markdown]
# ## Masks have an IoU too
#
# **Predict.** Two thin diagonals that cross. What is the IoU of their boxes? And of their masks?

# %%
diagonal = np.eye(32, dtype=bool)
masks = np.stack([diagonal, diagonal[::-1]])  # (2, y, x)
boxes = boxes_from_masks(masks)
common, union = (masks[0] & masks[1]).sum(), (masks[0] | masks[1]).sum()
print(f"boxes: {box_iou(boxes[:1], boxes[1:])[0, 0]:.2f}, masks: {common / union:.2f}")

# %% [markdown] tags=["answer"]
# The two objects have one box and do not share a single pixel. Non-maximum suppression, which only knows boxes,
# would drop one of them.

# %% [markdown]
# ## When nothing overlaps
#
# IoU is 0 for neighbours and for boxes at opposite corners of the picture. It cannot say who is nearer. The
# *generalised* IoU subtracts the empty part of the smallest box $c$ around both:
#
# $$\mathrm{GIoU}(a, b) = \mathrm{IoU}(a, b) - \frac{|c| - |a \cup b|}{|c|}$$
#
# **Predict.** What is it for boxes that touch, and for boxes that are far apart?

# %%
for gap in (0.0, 1.0, 10.0):
    other = unit + np.array([1 + gap, 0, 1 + gap, 0])
    near, far = box_iou(unit, other)[0, 0], generalized_box_iou(unit, other)[0, 0]
    print(f"gap {gap:4}: IoU {near:.2f}, generalised {far:.2f}")

# %% [markdown] tags=["answer"]
# Boxes that touch have 0, because the box around them has no empty part. Boxes far apart approach -1. So this number has a
# slope where IoU has none, which is why it is used as a loss.

# %% [markdown]
# ## At the edge
#
# A box may reach beyond the picture, and is clipped to `[0, W]` and `[0, H]`, both included. If nothing is left of it,
# it has no area, and the IoU of two such boxes is 0 / 0.

# %%
outside = np.array([[-9.0, 3.0, -2.0, 8.0], [60.0, 3.0, 90.0, 8.0]])
clipped = clip_boxes_to_image(outside, (48, 64))
print(clipped, "areas", box_area(clipped))
print("IoU of an empty box with itself:", box_iou(clipped[:1], clipped[:1])[0, 0])

# %% [markdown] tags=["answer"]
# It is `nan`, not 0 and not 1. There is no right answer, so the detector drops boxes without area before it compares.

# %% [markdown]
# ## Writing a mask down
#
# A mask of 128 x 128 is 16,384 bits, nearly all in long runs. COCO stores the lengths of the runs, column by
# column.
#
# **Predict.** How many runs does the mask of one shape have, roughly? Count columns.

# %%
mask = target.masks[0]
counts = rle.mask_to_counts(mask)
written = rle.encode(mask)
print(f"{len(counts)} runs, {len(written['counts'])} characters, {mask.sum()} pixels")
print("back again, equal:", np.array_equal(rle.decode(written), mask))

# %% [markdown] tags=["answer"]
# About two for each column that the shape touches: one where the shape begins, and one where it ends.
#
# ## What to remember
#
# - A pixel is a square, a box has continuous edges, the width is `x2 - x1`.
# - IoU 0.5 needs two thirds in common, and the same error costs a small object more.
# - Boxes can agree where masks do not. Both have to be measured.
#
# **Try it.** Find two boxes whose IoU is 0.5 although neither is shifted: one lies inside the other. Which part of
# the outer one does it fill?
#
# `viz.explore_world("iou")` gives you two boxes to drag.

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** One half, whatever the shape. If $a$ lies inside $b$, then $|a \cap b| = |a|$ and $|a \cup
# b| = |b|$, so the IoU is the share that $a$ fills. A box of half the height, or one whose sides are each 0.707 of
# the outer ones.

# %% [markdown]
# ## Exercises
#
# Write the functions yourself. A check tries every case on a small grid, and draws the smallest one that is wrong.
# `exercises.hint.iou()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **iou.** `a` and `b` are two boxes, float arrays (4,), with an area. Return one number in [0, 1].


# %% tags=["exercise"]
def my_iou(a, b):
    # solution
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])  # width, height
    common = np.prod(np.maximum(sides, 0))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common
    return common / union
    # end of solution


# %%
exercises.check.iou(my_iou)

# %% [markdown]
# **giou.** The same for the generalised IoU, $\text{IoU} - (E - U) / E$, where $U$ is the area of the union and $E$ that of
# the smallest box around both.


# %% tags=["exercise"]
def my_giou(a, b):
    # solution
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])  # width, height
    common = np.prod(np.maximum(sides, 0))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common
    around = np.prod(np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2]))
    return common / union - (around - union) / around
    # end of solution


# %%
exercises.check.giou(my_giou)

# %% [markdown]
# **boxes_from_masks.** `masks` is a bool array (N, H, W). Return a float array (N, 4): the box around the pixels of
# each mask, and zeros for a mask without pixels.


# %% tags=["exercise"]
def my_boxes_from_masks(masks):
    # solution
    boxes = np.zeros((len(masks), 4))
    for box, mask in zip(boxes, masks):
        if mask.any():
            y, x = np.nonzero(mask)
            box[:] = x.min(), y.min(), x.max() + 1, y.max() + 1
    return boxes
    # end of solution


# %%
exercises.check.boxes_from_masks(my_boxes_from_masks)

# %% [markdown]
# ## What you can now do
#
# - Write `iou` for boxes and get every edge case right.
# - Explain why the same two pixels cost a nucleus more than a car.
# - Turn a mask into a box, and into runs.
#
# Next: [06 Non-maximum suppression](06_nms.ipynb), the first place in which IoU decides something.
