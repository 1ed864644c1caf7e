# %% [markdown]
# # One image, every stage
#
# Mask R-CNN takes a picture and returns the objects in it: a class, a score, a box and a mask for each. About twenty
# steps lie between the picture and the objects. This notebook walks through all of them once, on one small picture,
# without stopping for long. The other notebooks stop at each step.
#
# **How to read.** There is a question before most figures, marked **Predict.** Answer it in your head, better on paper, then
# run the cell. The last section of each notebook holds exercises: there you write the code, and a checker draws the
# smallest case in which it is wrong.
#
# **The order of the lessons** is 00, 01, 06, 03, 04, 05, 07, 08, 11, 09, 10, with 02 beside 09, because NMS and average
# precision are taught before they are used. Every notebook links the next one.
#
# **Where it comes from.** R-CNN (2014) cut some 2,000 boxes out of the picture and ran a network on each; Fast R-CNN (2015)
# ran the network once on the whole picture and cut the boxes out of its feature map, which is why RoI features exist.
# Faster R-CNN (2015) let a network propose the boxes, and Mask R-CNN (2017) reads the features without rounding and adds
# masks. (RoI: region of interest, a box whose content the second half of the network looks at.)

# %% [markdown]
# Lesson 1 of 11; 25 minutes.
# Next: [01 Boxes, masks and IoU](01_boxes_masks_iou.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** to read Python and to know what an array is; nothing about networks.
#
# **You will be able to**
#
# - name the stages between a picture and its masks, in order, and say what each one decides;
# - read a trace: every stage by name, with its axes;
# - ask a detection where it came from, and a missed object why.

# %%
import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.io import load_model
from minimaskrcnn.models.roi_extractor import as_rois
from minimaskrcnn.viz.style import panels

# %%
viz.diagram("network")

# %% [markdown]
# ## The picture and the model
#
# The picture comes from `Shapes`, a data set that is drawn on demand: flat shapes on a flat ground, with a little noise.
# The model is a small but complete Mask R-CNN that was trained on such pictures. It has never seen this one.

# %%
shapes = data.Shapes("val")
image, target = shapes[3]
model, facts = load_model(weights.path("shapes"))
names = facts["class_names"]
print("picture:", image.shape, image.dtype)
print("objects:", [names[label] for label in target.labels])

# %% [markdown]
# A *class* is what a thing is, here circle, square or triangle. The fourth class, number 0, is *background*: nothing.
#
# `model.predict` returns only the result. `model.trace` returns the result *and* everything that led to it: each stage
# by name, and each array with names for its axes.

# %%
trace = model.trace(image)
viz.show(viz.show_input(trace), width=2.6)

# %% [markdown]
# **Predict.** The picture has 3 x 128 x 128 numbers. How many numbers will the network hold on the way?

# %%
print(f"{len(trace)} stages, {sum(stage.size for stage in trace.values()):,} numbers")
some = "transformed backbone.C2 pyramid.P2 anchors proposals class_scores mask_probs"
for name in some.split():
    print(f"{name:<14}{dict(zip(trace.axes(name), trace[name].shape))}")

# %% [markdown]
# `print(trace)` would list all stages with their ranges. Keep the order in mind:
#
# > picture → backbone → pyramid → anchors → proposals → RoI features → classes and refined boxes → NMS → masks
#
# ## Five lines of code
#
# Jonathan Hui's article *Image segmentation with Mask R-CNN* (2018) sums Faster R-CNN up in five lines:
#
#     feature_maps = process(image)
#     ROIs = region_proposal(feature_maps)
#     for ROI in ROIs
#         patch = roi_pooling(feature_maps, ROI)
#         results = detector2(patch)
#
# Here are ours, in the same order. There is no loop, because all RoIs pass through the network at once.

# %%
heads = model.eval().roi_heads
with no_grad():
    batch, _ = model.transform([image], None, model.dtype)  # resized, normalised
    feature_maps = model.backbone(Tensor(batch.images)).pyramid
    [rpn] = model.rpn.propose(model.rpn(batch, feature_maps), batch.sizes)
    patches = heads.box_extractor(feature_maps, as_rois([rpn.proposals]))
    class_logits, deltas = heads.box_predictor(heads.box_head(patches))
print("patches", patches.shape, "class logits", class_logits.shape)
print("as traced:", np.allclose(class_logits.data, trace["class_logits"], atol=1e-4))

# %% [markdown]
# That is Faster R-CNN. Mask R-CNN changes `roi_pooling` to RoIAlign, and adds one more line of the same kind for the boxes that
# survive: read the maps again, and draw a mask. (A *logit* is a score before it is made a probability: any number, 0 for
# "do not know".) Now the same once more, with pictures.

# %% [markdown]
# ## 1. Backbone and pyramid: what is where
#
# A residual network, the *backbone*, turns the picture into maps, named C2, C3 and C4. Each later map has fewer cells and
# more channels: it knows less about
# *where* and more about *what*. The *pyramid* mixes them into P2, P3 and P4, so that every level knows some of both. The
# number is the logarithm of the stride: a cell of P2 stands for $2^2 = 4$ pixels. A P1 would have a cell for every 2 pixels;
# nobody computes it, because it would cost more than all other levels together.
#
# **Predict.** Level P2 has one cell for every 4 x 4 pixels. Will you be able to recognise the shapes in it?

# %%
viz.show(viz.show_features(trace, "pyramid.P2", limit=4))

# %% [markdown] tags=["answer"]
# Yes: edges, insides, outsides. Nobody asked for these maps. They are what training found useful.

# %% [markdown]
# ## 2. Anchors: boxes before anything is known
#
# Each cell of each level has a few boxes of fixed shape, its *anchors*. The network never invents a box from nothing. It
# predicts
# *how likely* an anchor is to hold an object, and *how to move it*. Here are the likeliest of all.

# %%
viz.show(viz.show_top_anchors(trace, panels(1, 1, 3, 3)[1][0]), dpi=80)

# %% [markdown]
# **Predict.** There are three levels. On which one will the objects of this picture light up?

# %%
figure, axes = panels(1, 3, 2.2, 2.2, title=1.0)
for level, ax in enumerate(axes):
    viz.show_objectness(trace, level, ax)
viz.show(figure, width=5.5)

# %% [markdown] tags=["answer"]
# Objectness is high where an anchor *of that level's size* would fit an object. A cell in the middle of a large shape can
# be dark on the fine level and bright on a coarser one.

# %% [markdown]
# ## 3. Proposals: the first guess
#
# The best anchors are moved by their deltas, clipped to the picture, and thinned out: of several boxes that overlap
# strongly, only the best one is kept (non-maximum suppression, NMS: the subject of the third lesson).
#
# **Predict.** Out of thousands of anchors, how many boxes remain, and what happens to the rest?

# %%
viz.show(viz.show_fates(trace, "anchor"), width=5.5)

# %%
viz.show(viz.show_proposals(trace, panels(1, 1, 3, 3)[1][0]), dpi=80)

# %% [markdown] tags=["answer"]
# Many boxes for one object, and no class yet. The region proposal network only says: *look here*.

# %% [markdown]
# ## 4. RoI features: every box becomes the same size
#
# From here on a proposal is called a *region of interest* (RoI). The next network needs inputs of one size. RoIAlign lays a
# grid of 7 x 7 *bins* (small equal rectangles) over each RoI and reads the feature map in each bin, between the cells if need
# be. Notebook 07 puts this under a microscope.

# %%
viz.show(viz.show_box_features(trace, proposal=0, limit=6), width=5.5)

# %% [markdown]
# ## 5. The box head: what is it, and where exactly?
#
# From its 7 x 7 features, each proposal gets a score for every class, including background, and one refined box for
# every class.
#
# **Predict.** What share of the proposals will be called background?

# %%
viz.show(viz.show_class_counts(trace), width=5.5)

# %%
viz.show(viz.show_refinement(trace, panels(1, 1, 3, 3)[1][0]), dpi=80)

# %% [markdown] tags=["answer"]
# The dotted boxes are the RPN's, and the solid ones show where the box head moved them. The boxes of one object move
# closer together. That is good news, and a problem: one object, many boxes.

# %% [markdown]
# ## 6. Non-maximum suppression: one box per object
#
# Walk down the scores. Keep a box, and drop every box of the same class that overlaps it too much.
#
# **Predict.** There are four objects. How many boxes are left?

# %%
viz.show(viz.show_after_nms(trace, panels(1, 1, 3, 3)[1][0]), dpi=80)

# %%
scores = trace["scores"]
print(f"{len(scores)} boxes after NMS:", scores.round(2))
print(f"{(scores >= 0.5).sum()} of them have a score of at least 0.5")

# %% [markdown] tags=["answer"]
# More than four. NMS only compares boxes of one class, and unsure boxes (here *triangle 0.14*) survive it. Whoever uses the
# detector chooses the score from which a box counts; figures here draw those from 0.5 on.

# %% [markdown]
# ## 7. Masks: which pixels?
#
# Only now does the third head draw masks, for the boxes that survived: one 28 x 28 mask per class, of which only the mask
# of the detected class is kept.
#
# **Predict.** All masks have 28 x 28 cells, whatever the size of the object. What does that cost a large one?

# %%
viz.show(viz.show_mask_probabilities(trace), width=5)

# %% [markdown] tags=["answer"]
# The mask is resized into its box and cut at one half. For a large object a cell is several pixels wide, so fine detail
# at the outline is lost.

# %%
viz.show(viz.mask_figure(trace, 0))

# %% [markdown]
# ## The result

# %%
viz.show(viz.show_detections(trace), width=3.4)

# %% [markdown]
# ## Any detection can be asked where it came from

# %%
print(trace.story(0))

# %% [markdown]
# And any true object can be asked whether it was missed, and why. In this picture nothing was. So here is validation picture
# 18, in which a circle hides most of a triangle.

# %%
crowded, truth = shapes[18]
other = model.trace(crowded)
story = other.why_missed(truth.boxes[0], int(truth.labels[0]))
viz.show(viz.show_story(other, story), width=3.8)

# %%
print(story)

# %% [markdown] tags=["answer"]
# The RPN had found it, and the box head had a box for it. NMS gave the place to another box of a better score, and that box
# fits worse. Lesson 3 tells this story in full.

# %% [markdown]
# ## What to remember
#
# - A detector is a funnel: thousands of anchors, hundreds of proposals, a handful of detections.
# - Each stage answers one question: *something here?* (RPN), *what, and where exactly?* (box head), *which pixels?* (mask
#   head).
# - Nothing is lost without a reason, and the trace knows the reason.
#
# **Try it.** Change `shapes[3]` to another number and run all cells again. Or load your own picture with
# `data.read_image("photo.png")`: what does a model that only knows three shapes make of it?
#
# `viz.explore(trace)` shows this picture in a page that you can touch: every stage, every box with its story, and every
# threshold as a slider.

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** Whatever it finds, it can only call it circle, square, triangle or background, because the
# softmax shares the probability among these four. In a photograph, compact things of one colour become circles or
# squares, mostly with low scores, and most of the picture is background. The network has no class for "something
# else".

# %% [markdown]
# ## Exercises
#
# `exercises.hint.stage_cards()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **stage_cards.** Put the nine cards in the order of a forward pass: `"box head"`, `"mask head"`, `"RPN"`, `"paste"`,
# `"backbone"`, `"NMS per class"`, `"pyramid"`, `"transform"`, `"proposals"`.

# %% tags=["exercise"]
my_stage_cards = [
    # solution
    "transform",
    "backbone",
    "pyramid",
    "RPN",
    "proposals",
    "box head",
    "NMS per class",
    "mask head",
    "paste",
    # end of solution
]


# %%
exercises.check.stage_cards(my_stage_cards)

# %% [markdown]
# **which_filter.** Five boxes of the RPN, each with its numbers in the order of the filters. Which filter dropped it? A box
# that was dropped is not asked by the next. Write `{"A": "top-k", ...}` with `"top-k"`, `"too small"`, `"NMS"`, `"limit"`, or
# `"none"` for a box that became a proposal.
#
# | | rank in its level (top-k: at most 400) | shorter side (at least 1 px) | IoU with a better kept box (NMS: at most 0.7) | rank after NMS (limit: at most 200) |
# |---|---|---|---|---|
# | A | 35 | 22 | 0.83 | not asked |
# | B | 612 | 18 | not asked | not asked |
# | C | 398 | 31 | 0.41 | 214 |
# | D | 7 | 40 | 0.69 | 5 |
# | E | 120 | 0.4 | not asked | not asked |

# %% tags=["exercise"]
my_which_filter = {
    # solution
    "A": "NMS",
    "B": "top-k",
    "C": "limit",
    "D": "none",
    "E": "too small",
    # end of solution
}

# %%
exercises.check.which_filter(my_which_filter)

# %% [markdown]
# ## What you can now do
#
# - Point at any part of the map above and say what goes in and what comes out.
# - Tell an anchor, a proposal, an RoI, a candidate and a detection apart.
#
# Next: [01 Boxes, masks and IoU](01_boxes_masks_iou.ipynb). There you agree on what a box is, before anything is
# measured.
