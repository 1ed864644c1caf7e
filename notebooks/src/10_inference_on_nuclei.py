# %% [markdown]
# # Inference, stage by stage, on a real picture
#
# A fluorescence micrograph: cell nuclei glow on a dark ground. The small model has learnt from 234 pictures like it,
# and has never seen this one. We follow the forward pass, and at each stage ask what the numbers say, and what was
# decided.

# %% [markdown]
# Lesson 11 of 11; 30 minutes.
# Before: [09 Train on shapes](09_train_on_shapes.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [09 Train on shapes](09_train_on_shapes.ipynb) and all lessons before it.
#
# **You will be able to**
#
# - prepare a picture as the training pictures were, and recognise one that was not;
# - read the funnel in numbers, and say which stage decided;
# - report a count together with what it depends on.

# %%
from importlib.resources import files

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.data.images import read_image
from minimaskrcnn.detection.boxes import box_iou, boxes_from_masks
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.io import load_model
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.style import headline, new_figure, panels

# %%
viz.diagram("network", "picture", "detections")

# %% [markdown]
# ## The picture
#
# Fluorescence pictures use only a small part of the 8-bit range, and each picture uses a different part. So every picture
# is stretched first: its 1st percentile becomes black, and its 99.8th percentile white.

# %%
raw = read_image(files(data) / "samples" / "nuclei.png")
image = data.prepare_nuclei(raw)
for name, picture in (("as read", raw), ("stretched", image)):
    low, middle, high = np.quantile(picture, [0.01, 0.5, 0.99])
    print(
        f"{name:<10}1 % below {low:.2f}, half below {middle:.2f}, 99 % below {high:.2f}"
    )

# %% [markdown]
# **Predict.** What would the model find in the picture *as read*? It was only trained on stretched ones. And in an inverted
# picture (dark nuclei, as in a stained slide), or in one that was taken at three times the magnification?

# %%
model, _ = load_model(weights.path("nuclei"))
inverted, enlarged = 1 - image, image[:, 88:168, 88:168].repeat(3, 1).repeat(3, 2)
results = {}
pictures = {
    "as read": raw,
    "stretched": image,
    "inverted": inverted,
    "3 x larger": enlarged,
}
for name, picture in pictures.items():
    results[name] = model.trace(picture)
    sure = results[name]["scores"][results[name]["scores"] > 0.5]
    mean = f", mean score {sure.mean():.2f}" if len(sure) else ""
    print(f"{name:<11}{len(sure):3} detections above 0.5{mean}")

# %%
figure, axes = panels(1, 3, 2.3, 2.3, title=1.0)
for name, ax in zip(("stretched", "inverted", "3 x larger"), axes):
    viz.show_detections(results[name], ax)
    ax.title.set_text(name)
viz.show(figure)

# %% [markdown] tags=["answer"]
# A weak contrast does little harm: the GroupNorm layers divide by the spread of each map. But nothing divides away a reversed
# contrast or another size. *It does not work on my pictures* most often means that they were not prepared as the
# training pictures were: bright objects on a dark ground, nuclei of about 13 pixels.

# %%
trace = model.trace(image)
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_input(trace, left)
viz.show_cell_anchors(trace, right)
viz.show(figure)

# %% [markdown]
# The network sees the prepared picture enlarged, so that a nucleus of 13 pixels becomes one of some 30, and fits the anchors.

# %% [markdown]
# ## The funnel, in numbers
#
# **Predict.** There are about a hundred thousand anchors. How many proposals are left, how many candidates pass the
# score threshold, and how many detections are there?

# %%
fate = trace["candidate_fate"]
print("score threshold:", model.roi_heads.postprocess.score_thresh)
stages = {
    "anchors": len(trace["anchors"]),
    "proposals": len(trace["proposals"]),
    "candidates": np.isin(fate, (Fate.KEPT, Fate.SUPPRESSED, Fate.OVER_LIMIT)).sum(),
    "detections": len(trace["boxes"]),
    "score above 0.5": (trace["scores"] > 0.5).sum(),
}
for name, count in stages.items():
    print(f"{name:<17}{count:7,}")

# %% [markdown]
# ## Which level finds nuclei?
#
# **Predict.** Anchors are 16, 32 and 64 pixels on P2, P3 and P4, and the nuclei about 30. Where do the proposals come
# from?

# %%
level_of = trace["anchor_level"][trace["proposal_anchor"]]
for level in levels(trace):
    print(f"{level.name}: {np.sum(level_of == level.index):3} proposals")

# %%
viz.show(viz.show_objectness(trace, 1, panels(1, 1, 4.4, 4.4)[1][0]))

# %% [markdown]
# ## Proposals
#
# **Predict.** The RPN must propose a box for each nucleus, and it may also propose boxes where there is nothing. How good
# are the best and the worst of its proposals?

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_proposals(trace, left)
viz.show_rois(trace, right)
viz.show(figure)

# %% [markdown]
# ## The box head decides
#
# Each proposal is a nucleus or background. Here are the scores of all proposals in one histogram.
#
# **Predict.** One peak, or two?

# %%
nucleus = trace["class_scores"][:, 1]
ax = new_figure(6, 3).add_subplot()
ax.hist(nucleus, np.linspace(0, 1, 41).tolist(), color="#0072B2", edgecolor="white")
ax.axvline(0.5, color="black", linestyle=":")
ax.set_xlabel("score of class nucleus")
ax.set_yscale("log")
ax.set_ylabel("proposals (logarithmic)")
see = "the middle is where the model cannot decide"
viz.show(headline(ax, "Scores of all proposals", see))

# %%
print(f"surely background (below 0.1): {np.mean(nucleus < 0.1):.0%}")
print(f"surely a nucleus (above 0.9):  {np.mean(nucleus > 0.9):.0%}")
print(f"between:                       {np.mean(np.abs(nucleus - 0.5) <= 0.4):.0%}")

# %% [markdown] tags=["answer"]
# Two, one at each end and of very different height. Between them lies a third of the proposals.

# %% [markdown]
# ## Refinement and NMS

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_refinement(trace, left)
viz.show_after_nms(trace, right)
viz.show(figure)

# %% [markdown]
# **Predict.** Nuclei touch each other. NMS drops a box whose IoU with a better one is above one half. Does it ever drop a
# neighbour?

# %%
dropped = trace["candidate_suppressed_iou"][fate == Fate.SUPPRESSED]
print(
    f"{len(dropped)} boxes dropped, at IoU {dropped.min():.2f} to {dropped.max():.2f}"
)
print(f"dropped at an IoU below 0.6: {np.sum(dropped < 0.6)}")

# %% [markdown] tags=["answer"]
# Boxes that were dropped at a high IoU are copies of one nucleus. The ones to look at are those just above 0.5. How close do
# two different nuclei come to that? Here are two ellipses, side by side at 45 degrees, that touch and share no pixel:

# %%
y, x = np.mgrid[:96, :96]
along, aside = (
    (x + y - 96) / np.sqrt(2),
    (x - y) / np.sqrt(2),
)  # axes turned by 45 degrees
for long, short in ((8, 8), (12, 6), (16, 4), (24, 3)):
    offset = short + 0.5
    pair = [
        (along / long) ** 2 + ((aside + d) / short) ** 2 <= 1 for d in (offset, -offset)
    ]
    boxes = boxes_from_masks(np.stack(pair))
    overlap = box_iou(boxes[:1], boxes[1:])[0, 0]
    print(f"{long / short:.0f} times as long as wide: box IoU {overlap:.2f}")

# %% [markdown] tags=["answer"]
# Round neighbours are safe, and so are nuclei of the shape in this picture. Long, thin and diagonal ones are not: from
# about six
# to one, NMS takes two touching cells for one. Notebook 01 showed the extreme, two diagonals with one box.

# %% [markdown]
# ## Masks

# %%
viz.show(viz.show_mask_probabilities(trace, panels(1, 1, 4.4, 4.4)[1][0], limit=9))

# %% [markdown] tags=["answer"]
# A mask of 28 x 28 cells over a box of 13 pixels: here the mask is *finer* than the picture. For large objects it is the
# other way round.

# %%
viz.show(viz.show_detections(trace, panels(1, 1, 4.4, 4.4)[1][0]))

# %% [markdown]
# ## Ask one of them

# %%
print(trace.story(0))

# %% [markdown]
# And here is the weakest detection that would still be shown to a user. Compare the sentences.

# %%
weakest = int(np.flatnonzero(trace["scores"] > 0.5)[-1])
print(trace.story(weakest))

# %% [markdown]
# ## A measurement
#
# A biologist does not want boxes but numbers.
#
# **Predict.** The count depends on the score threshold. How strongly?

# %%
for threshold in (0.1, 0.3, 0.5, 0.7, 0.9):
    kept = trace["scores"] > threshold
    area = np.median(trace["masks"][kept].sum(axis=(1, 2)))
    print(f"score above {threshold}: {kept.sum():3} nuclei, median area {area:3.0f} px")

# %% [markdown] tags=["answer"]
# If the count hardly changes between 0.3 and 0.7, you can trust it. If it does change, look at the objects in between
# before you report a number.

# %% [markdown]
# ## What to remember
#
# - Prepare a picture in the same way as the training pictures.
# - Read the funnel: where a number drops, the network decided something.
# - Every detection has a story, and so does every object that was missed.
# - A count without its threshold means nothing.
#
# **Try it.** Use a micrograph of your own: `data.prepare_nuclei(data.read_image("mine.png"))`. If the nuclei are much
# larger than 13 pixels, make the picture smaller first. Why?

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** Because the anchors, and all that the heads have learnt, fit nuclei of some 13 pixels (about
# 30 in the enlarged picture). A nucleus of 40 pixels is nearer to a clump than to any nucleus of the training set, as
# the picture at three times the size shows. `minimaskrcnn predict --object-size` does the scaling.

# %% [markdown]
# ## Exercises
#
# `exercises.hint.expected_count()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **which_preparation.** What was done to each crop before the model saw it? Choose `"as in training"`, `"not stretched"`,
# `"inverted"` or `"three times the size"`. Write `{"A": "inverted", ...}`.

# %%
viz.show(exercises.evidence.which_preparation())

# %% tags=["exercise"]
my_which_preparation = {
    # solution
    "A": "three times the size",
    "B": "as in training",
    "C": "not stretched",
    "D": "inverted",
    # end of solution
}

# %%
exercises.check.which_preparation(my_which_preparation)

# %% [markdown]
# **expected_count.** If each score is the probability that a detection is a nucleus, independent of the others, how many
# nuclei are there? `scores` (D,). Return two numbers: the expected count, and its standard deviation.


# %% tags=["exercise"]
def my_expected_count(scores):
    # solution
    return scores.sum(), np.sqrt((scores * (1 - scores)).sum())
    # end of solution


# %%
exercises.check.expected_count(my_expected_count)

# %% [markdown]
# ## What you can now do
#
# - Use the model on pictures of your own, and know what to check first.
# - Say when NMS will merge two cells.
# - Give a count with its uncertainty.
#
# This was the last lesson in the row. [02 Convolution and gradients](02_convolution_and_gradients.ipynb) stands
# beside it, if you have not read it yet.
