# %% [markdown]
# # Inference, stage by stage, on a real picture
#
# A fluorescence micrograph: cell nuclei glow on a dark ground. The small model has learnt from 234 pictures like it,
# and has never seen this one. We follow the forward pass, and at each stage ask what the numbers say, and what was
# decided.

# %%
from importlib.resources import files

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.data.images import read_image
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.io import load_model
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.style import headline, new_figure, panels

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
        f"{name:<10}{picture.shape}  1 % below {low:.2f}, half below {middle:.2f}, 99 % below {high:.2f}"
    )

# %% [markdown]
# **Predict.** What would the model find in the picture *as read*? It was only trained on stretched ones.

# %%
model, _ = load_model(weights.path("nuclei"))
for name, picture in (("as read", raw), ("stretched", image)):
    found = model.predict([picture])[0]
    sure = found.scores[found.scores > 0.5]
    print(f"{name:<10}{len(sure):3} detections above 0.5, mean score {sure.mean():.2f}")

# %% [markdown]
# The list is not the same. This network is robust: its GroupNorm layers divide by the spread of each map, so a change of
# contrast matters less than you might fear. Do not count on it. *It does not work on my pictures* most often means that
# the pictures were not prepared in the same way as the training pictures.

# %%
trace = model.trace(image)
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_input(trace, left)
viz.show_cell_anchors(trace, right)
viz.show(figure)

# %% [markdown]
# The network sees the picture enlarged, so that a nucleus of 13 pixels becomes one of some 30, and fits the anchors.

# %% [markdown]
# ## The funnel, in numbers
#
# **Predict.** There are about a hundred thousand anchors. How many proposals are left, how many candidates pass the
# score threshold, and how many detections are there?

# %%
fate = trace["candidate_fate"]
entered = np.isin(fate, (Fate.KEPT, Fate.SUPPRESSED, Fate.OVER_LIMIT)).sum()
stages = {
    "anchors": len(trace["anchors"]),
    "proposals": len(trace["proposals"]),
    f"candidates above {model.roi_heads.postprocess.score_thresh}": entered,
    "detections": len(trace["boxes"]),
    "of those, score above 0.5": (trace["scores"] > 0.5).sum(),
}
for name, count in stages.items():
    print(f"{name:<27}{count:7,}")

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
ax.set_ylabel("proposals")
viz.show(
    headline(
        ax, "Scores of all proposals", "the middle is where the model cannot decide"
    )
)

# %%
print(f"surely background (below 0.1): {np.mean(nucleus < 0.1):.0%}")
print(f"surely a nucleus (above 0.9):  {np.mean(nucleus > 0.9):.0%}")
print(
    f"between:                       {np.mean((nucleus >= 0.1) & (nucleus <= 0.9)):.0%}"
)

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

# %% [markdown]
# Boxes that were dropped at a high IoU are copies of one nucleus. The ones to look at are those just above 0.5. Round
# neighbours that only touch have an IoU near zero, so they are safe.

# %% [markdown]
# ## Masks

# %%
viz.show(viz.show_mask_probabilities(trace, panels(1, 1, 4.4, 4.4)[1][0], limit=9))

# %% [markdown]
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
    areas = trace["masks"][kept].sum(axis=(1, 2))
    print(
        f"score above {threshold}: {kept.sum():3} nuclei, median area {np.median(areas):3.0f} px"
    )

# %% [markdown]
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
