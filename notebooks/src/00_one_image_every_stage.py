# %% [markdown]
# # One image, every stage
#
# Mask R-CNN takes a picture and returns the objects in it: a class, a score, a box and a mask for each. About twenty
# steps lie between the picture and the objects. This notebook walks through all of them once, on one small picture,
# without stopping for long. The other notebooks stop at each step.
#
# **How to read.** There is a question before most figures. Answer it in your head, then run the cell.

# %%
from minimaskrcnn import data, viz, weights
from minimaskrcnn.io import load_model
from minimaskrcnn.viz.style import panels

# %% [markdown]
# ## The picture and the model
#
# The picture comes from `Shapes`, a data set that is drawn on demand: flat shapes on a flat ground, with a little noise.
# The model is a small but complete Mask R-CNN that was trained on such pictures. It has never seen this one.

# %%
shapes = data.Shapes("val")
image, target = shapes[22]
model, facts = load_model(weights.path("shapes"))
names = facts["class_names"]
print("picture:", image.shape, image.dtype)
print("objects:", [names[label] for label in target.labels])

# %% [markdown]
# `model.predict` returns only the result. `model.trace` returns the result *and* everything that led to it: each stage
# by name, and each array with names for its axes.

# %%
trace = model.trace(image)
viz.show(viz.show_input(trace), width=4)

# %% [markdown]
# **Predict.** The picture has 3 x 128 x 128 numbers. How many numbers will the network hold on the way?

# %%
print(f"{len(trace)} stages, {sum(stage.size for stage in trace.values()):,} numbers")
for name in [
    "transformed",
    "backbone.C2",
    "pyramid.P2",
    "anchors",
    "proposals",
    "class_scores",
    "mask_probs",
]:
    axes = ", ".join(
        f"{axis}={n}" for axis, n in zip(trace.axes(name), trace[name].shape)
    )
    print(f"{name:<14}{axes}")

# %% [markdown]
# `print(trace)` would list all stages with their ranges. Keep the order in mind:
#
# > picture → backbone → pyramid → anchors → proposals → RoI features → classes and refined boxes → NMS → masks

# %% [markdown]
# ## 1. Backbone and pyramid: what is where
#
# A residual network turns the picture into maps. Each later map has fewer cells and more channels: it knows less about
# *where* and more about *what*. The pyramid mixes them, so that every level knows some of both.
#
# **Predict.** Level P2 has one cell for every 4 x 4 pixels. Will you be able to recognise the shapes in it?

# %%
viz.show(viz.show_features(trace, "pyramid.P2", limit=6))

# %% [markdown]
# Yes: edges, insides, outsides. Nobody asked for these maps. They are what training found useful.

# %% [markdown]
# ## 2. Anchors: boxes before anything is known
#
# Each cell of each level has a few boxes of fixed shape. The network never invents a box from nothing. It predicts
# *how likely* an anchor is to hold an object, and *how to move it*. Left: the shapes. Right: the likeliest of all.

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_cell_anchors(trace, left)
viz.show_top_anchors(trace, right)
viz.show(figure)

# %% [markdown]
# **Predict.** There are three levels. On which one will the objects of this picture light up?

# %%
figure, axes = panels(1, 3, 2.2, 2.2, title=1.0)
for level, ax in enumerate(axes):
    viz.show_objectness(trace, level, ax)
viz.show(figure)

# %% [markdown]
# Objectness is high where an anchor *of that level's size* would fit an object. A cell in the middle of a large shape can
# be dark on the fine level and bright on a coarser one.

# %% [markdown]
# ## 3. Proposals: the first guess
#
# The best anchors are moved by their deltas, clipped to the picture, and thinned out: of several boxes that overlap
# strongly, only the best one is kept.
#
# **Predict.** Out of thousands of anchors, how many boxes remain, and what happens to the rest?

# %%
viz.show(viz.show_fates(trace, "anchor"), width=5.5)

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_decoded(trace, left)
viz.show_proposals(trace, right)
viz.show(figure)

# %% [markdown]
# Many boxes for one object, and no class yet. The region proposal network only says: *look here*.

# %% [markdown]
# ## 4. RoI features: every box becomes the same size
#
# The next network needs inputs of one size. RoIAlign lays a grid of 7 x 7 bins over each proposal and reads the feature
# map there, between the cells if need be. Notebook 07 puts this under a microscope.

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
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_rois(trace, left)
viz.show_refinement(trace, right)
viz.show(figure)

# %% [markdown]
# The dotted boxes are the RPN's, and the solid ones show where the box head moved them. The boxes of one object move
# closer together. That is good news, and a problem: one object, many boxes.

# %% [markdown]
# ## 6. Non-maximum suppression: one box per object
#
# Walk down the scores. Keep a box, and drop every box of the same class that overlaps it too much.

# %%
figure, (left, right) = panels(1, 2, 3.1, 3.1)
viz.show_before_nms(trace, left)
viz.show_after_nms(trace, right)
viz.show(figure)

# %% [markdown]
# ## 7. Masks: which pixels?
#
# Only now does the third head draw masks, for the boxes that survived: one 28 x 28 mask per class, of which only the mask
# of the detected class is kept.
#
# **Predict.** All masks have 28 x 28 cells, whatever the size of the object. What does that cost a large one?

# %%
viz.show(viz.show_mask_probabilities(trace), width=5)

# %% [markdown]
# The mask is resized into its box and cut at one half. For a large object a cell is several pixels wide, so fine detail
# at the outline is lost.

# %%
viz.show(viz.mask_figure(trace, 0))

# %% [markdown]
# ## The result

# %%
viz.show(viz.show_detections(trace), width=5)

# %% [markdown]
# ## Any detection can be asked where it came from

# %%
print(trace.story(0))

# %% [markdown]
# And any true object can be asked whether it was missed, and why. Here is the object with the smallest box.

# %%
areas = (target.boxes[:, 2] - target.boxes[:, 0]) * (
    target.boxes[:, 3] - target.boxes[:, 1]
)
smallest = areas.argmin()
print(trace.why_missed(target.boxes[smallest], int(target.labels[smallest])))

# %% [markdown]
# ## What to remember
#
# - A detector is a funnel: thousands of anchors, hundreds of proposals, a handful of detections.
# - Each stage answers one question: *something here?* (RPN), *what, and where exactly?* (box head), *which pixels?* (mask head).
# - Nothing is lost without a reason, and the trace knows the reason.
#
# **Try it.** Change `shapes[22]` to another number and run all cells again. Or load your own picture with
# `data.read_image("photo.png")`: what does a model that only knows three shapes make of it?
