# %% [markdown]
# # Average precision from scratch
#
# Papers compare detectors by one number, AP. It is made of three ideas, each simple: decide which detections are right,
# walk down the list by score, and take the area under a curve. The trouble is in the details, and they change the number.

# %% [markdown]
# Lesson 9 of 11; 45 minutes.
# Before: [08 The three heads](08_the_three_heads.ipynb).
# Next: [09 Train on shapes](09_train_on_shapes.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [01 Boxes, masks and IoU](01_boxes_masks_iou.ipynb) (IoU) and [08 The three
# heads](08_the_three_heads.ipynb) (what a detection is).
#
# **You will be able to**
#
# - decide which detections are right, as COCO does;
# - compute AP by hand for a short list, and say what changes it and what does not;
# - recognise three numbers that are called AP and are not.

# %%
import inspect

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator, format_summary, match
from minimaskrcnn.evaluation.curves import IOU_THRESHOLDS, sample_curve
from minimaskrcnn.io import load_model
from minimaskrcnn.viz.style import headline, new_figure

# %%
viz.diagram("network", "detections", "measure")

# %% [markdown]
# ## Right or wrong
#
# There is one picture with three objects, and five detections in order of their scores. A detection is right if its IoU
# with an object is at least 0.5, *and no earlier detection has taken that object*.

# %%
truth = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]], float)
found = np.array(
    [[0, 0, 10, 10], [1, 0, 11, 10], [22, 0, 32, 10], [60, 0, 70, 10], [44, 0, 54, 10]],
    float,
)
scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
iou = box_iou(found, truth)
print(iou.round(2))

# %% [markdown]
# **Predict.** For each of the five rows: right or wrong?

# %%
# match(IoUs, which objects are ignored, which are crowds, thresholds)
none_ignored, no_crowd = np.zeros((1, 3), bool), np.zeros(3, bool)
winner, _ = match(iou, none_ignored, no_crowd, np.array([0.5]))
right = winner[0] >= 0  # (thresholds, detections)
for detection, taken in enumerate(winner[0, 0]):
    print(f"detection {detection}, score {scores[detection]}: takes object {taken}")

# %% [markdown] tags=["answer"]
# (Object -1 means: none, the detection is wrong.) The second detection has a good box, but the object was already taken: a
# double detection is an error. The last one has
# an IoU of only 0.43 with its object. Object 2 has not been found.

# %% [markdown]
# Two arguments of `match` are for real data sets. A *crowd* is a region of many objects that nobody outlined one by one: a
# detection there is neither right nor wrong. Objects can also be *ignored*, for instance the large ones when the AP of small
# objects is measured. Here is the rule as code; all thresholds are decided at once.

# %%
print(inspect.getsource(match).split('"""')[-1])

# %% [markdown]
# ## Walking down the list
#
# After each detection:
#
# $$\text{precision} = \frac{\text{right so far}}{\text{all so far}}, \qquad
# \text{recall} = \frac{\text{right so far}}{\text{objects}}$$
#
# **Predict.** Can recall fall on the way down? Can precision rise?

# %%
hits = right[0].cumsum()
precision, recall = hits / np.arange(1, 6), hits / 3
for count, p, r in zip(range(1, 6), precision, recall):
    print(f"after {count}: precision {p:.2f}, recall {r:.2f}")

# %% [markdown] tags=["answer"]
# Recall never falls. Precision goes up and down like a saw.

# %% [markdown]
# COCO smooths the saw: at each recall it takes the best
# precision that is reached *there or later*, reads it at 101 recalls from 0 to 1, and averages.
#
# $$\mathrm{AP} = \frac{1}{101} \sum_{r \in \{0, 0.01, \ldots, 1\}} \ \max_{\text{recall} \ge r} \text{precision}$$
#
# **Predict.** The largest recall is 2 / 3. What is the precision at the recalls beyond?

# %%
sampled, greatest = sample_curve(right, ~right, objects=3)
ax = new_figure(6, 3.4).add_subplot()
ax.plot(recall, precision, "o--", label="after each detection")
ax.plot(np.linspace(0, 1, 101), sampled[0], "-", label="read at 101 recalls")
ax.set_xlabel("recall")
ax.set_ylabel("precision")
ax.set_ylim(-0.03, 1.05)
ax.legend()
see = "the curve falls, and is 0 where recall never comes"
viz.show(headline(ax, "Precision against recall", see))

# %%
print(f"AP at IoU 0.5: {sampled[0].mean():.3f}")
print(f"by hand: (34 * 1 + 33 * 2 / 3) / 101 = {(34 + 33 * 2 / 3) / 101:.3f}")

# %% [markdown] tags=["answer"]
# At 34 recalls (0.00 to 0.33) the precision is 1, at 33 recalls (0.34 to 0.66) it is 2/3, and at the rest it is 0. An
# object that is never found costs its share, whatever the scores are.

# %% [markdown]
# ## Only the order counts
#
# **Predict.** Square all scores: 0.81, 0.64, 0.49 and so on. What happens to AP? And if detection 3, the false alarm, had
# the highest score?


# %%
def ap_of(values):
    order = np.argsort(-values)
    taken, _ = match(iou[order], none_ignored, no_crowd, np.array([0.5]))
    return sample_curve(taken[0] >= 0, taken[0] < 0, objects=3)[0].mean()


print(f"as they are: {ap_of(scores):.3f}")
print(f"squared:     {ap_of(scores**2):.3f}")
print(f"false alarm first: {ap_of(np.array([0.9, 0.8, 0.7, 0.95, 0.5])):.3f}")

# %% [markdown] tags=["answer"]
# AP does not measure calibration. A model whose scores are all near 1 can have the same AP as a model whose scores are
# true probabilities. And a false alarm costs most if it comes first.

# %% [markdown]
# ## Ten thresholds
#
# Is an IoU of 0.5 enough? COCO uses the thresholds 0.50, 0.55, ..., 0.95 and averages. That is the *AP* of the papers;
# the value at 0.5 is AP50.
#
# **Predict.** Detection 0 fits perfectly, detection 2 has an IoU of 0.67. At which thresholds is detection 2 right?

# %%
winners, _ = match(iou, none_ignored, no_crowd, IOU_THRESHOLDS)
for threshold, taken in zip(IOU_THRESHOLDS, winners[0]):
    curve, _ = sample_curve((taken >= 0)[None], (taken < 0)[None], objects=3)
    hit = np.flatnonzero(taken >= 0)
    print(f"IoU {threshold:.2f}: right {hit}, AP {curve.mean():.2f}")

# %% [markdown] tags=["answer"]
# So AP rewards precise boxes, and AP50 does not care. Two models with equal AP50 can differ by a lot in AP. In the paper
# (table 2d) RoIAlign adds 5.3 points to AP50 and 10.5 to AP75.

# %% [markdown]
# ## The evaluator
#
# `CocoEvaluator` does this for all pictures, classes, thresholds and sizes at once. First our five boxes.

# %%
target = Target(truth.astype(np.float32), np.ones(3, int), None, no_crowd, 0)
detections = Detections(found.astype(np.float32), np.ones(5, int), scores, None)
evaluator = CocoEvaluator("bbox")
evaluator.add(target, detections)
summary = evaluator.summary()
print(f"AP {summary['AP']:.3f}, AP50 {summary['AP50']:.3f}, AP75 {summary['AP75']:.3f}")

# %% [markdown]
# ## A real model
#
# The bundled shapes model on 25 validation pictures, boxes and masks.

# %%
model, facts = load_model(weights.path("shapes"))
samples = data.Shapes("val")
measures = {"bbox": CocoEvaluator("bbox"), "segm": CocoEvaluator("segm")}
pairs, each = [], []
for index in range(25):
    image, target = samples[index]
    detections = model.predict([image])[0]
    pairs.append((target, detections))
    alone = CocoEvaluator("bbox")
    for evaluator in (*measures.values(), alone):
        evaluator.add(target, detections)
    each.append(alone.summary()["AP"])
print(format_summary(measures["bbox"].summary(), facts["class_names"]))

# %% [markdown]
# **Predict.** At which IoU does the curve collapse, and which falls sooner, boxes or masks?

# %%
ax = new_figure(6, 3.6).add_subplot()
for name, dash in (("bbox", "-"), ("segm", "--")):
    curves = measures[name].curves()
    for threshold, colour in ((0.5, "#0072B2"), (0.75, "#E69F00"), (0.9, "#D55E00")):
        label = f"{'boxes' if name == 'bbox' else 'masks'}, IoU {threshold}"
        ax.plot(*curves.at(threshold), dash, color=colour, label=label)
ax.set_xlabel("recall")
ax.set_ylabel("precision")
ax.legend(fontsize=7)
see = "solid boxes, dashed masks"
viz.show(headline(ax, "The same detections, judged ever harder", see))

# %% [markdown]
# ## Three ways to get it wrong
#
# **1. Averaging over pictures.** Some notebooks compute AP for each picture and take the mean. That is a different number.

# %%
print(f"AP of the data set: {measures['bbox'].summary()['AP']:.2f}")
print(f"mean of {len(each)} APs:    {np.mean(each):.2f}")

# %% [markdown] tags=["answer"]
# The true AP ranks all detections of all pictures in one list, so a false alarm in one picture can outrank a good
# detection in another. If you average over pictures, you never see that.

# %% [markdown]
# **2. Cutting off low scores.** It feels clean to keep only scores above 0.5.
#
# **Predict.** Does that raise AP, lower it, or neither?

# %%
for threshold in (0.05, 0.5, 0.9):
    cut = CocoEvaluator("bbox")
    for target, d in pairs:
        sure = d.scores >= threshold
        cut.add(target, Detections(d.boxes[sure], d.labels[sure], d.scores[sure]))
    print(f"scores from {threshold}: AP {cut.summary()['AP']:.2f}")

# %% [markdown] tags=["answer"]
# It can only lower AP: the tail of the list may still find something, and it costs nothing earlier in the list.

# %% [markdown]
# **3. Too few detections.** COCO counts 100 detections per picture. A micrograph can hold more nuclei than that, and then
# recall has a ceiling. So state the limit with the number: *up to 500 detections*.

# %% [markdown]
# ## What to remember
#
# - Matching is greedy, by score, with one detection per object.
# - AP is the precision at 101 recalls, made to fall, averaged; then it is averaged over ten IoUs and all classes.
# - Only the order of scores matters, over the whole data set.
# - A number comes with its setting: IoU, limit, set, boxes or masks.
#
# **Try it.** Swap the scores of detections 0 and 1 in the toy example. Does AP change? Why not?
#
# `viz.explore_world("precision")` draws the curve anew while you drag detections to another rank.

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** It does not change. Both take object 0 with an IoU above 0.5, so whichever comes first is
# right and the other is the double: the list of right and wrong stays right, wrong, right, wrong, wrong. At a
# threshold of 0.85 it would change, because only detection 0 reaches it.

# %% [markdown]
# ## Exercises
#
# Write the measure yourself. The check tries every small case, and draws the first one that is wrong.
# `exercises.hint.match_detections()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **match_detections.** `iou` (D, G): a row for each detection, best score first, and a column for each object. In that
# order each takes, of the free objects that overlap it by at least the threshold, the one that it overlaps most.
# Return (D,) ints: the object, or -1.


# %% tags=["exercise"]
def my_match_detections(iou, threshold):
    # solution
    free, takes = np.ones(iou.shape[1], bool), []
    for row in iou:
        wishes = np.where(free & (row >= threshold), row, -1)
        best = wishes.argmax()
        takes.append(best if wishes[best] >= 0 else -1)
        free[best] &= takes[-1] < 0
    return np.array(takes)
    # end of solution


# %%
exercises.check.match_detections(my_match_detections)

# %% [markdown]
# **average_precision.** `right` (D,) says whether each detection is right, best score first; `objects` is how many there
# are. Return the mean, over the recalls `np.linspace(0, 1, 101)`, of the precision made to fall.


# %% tags=["exercise"]
def my_average_precision(right, objects):
    # solution
    precision = right.cumsum() / np.arange(1, len(right) + 1)
    recall = right.cumsum() / objects
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, np.linspace(0, 1, 101))
    return np.append(precision, 0)[places].mean()  # 0 where it is not reached
    # end of solution


# %%
exercises.check.average_precision(my_average_precision)

# %% [markdown]
# ## What you can now do
#
# - Write `match_detections` and `average_precision`.
# - Build two models with equal AP50 and very different AP.
# - Read a table of a paper: AP, AP50, AP75, and which limit belongs to it.
#
# Next: [09 Train on shapes](09_train_on_shapes.ipynb), where AP judges a training run.
