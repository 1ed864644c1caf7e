# %% [markdown]
# # Average precision from scratch
#
# Papers compare detectors by one number, AP. It is made of three ideas, each simple: decide which detections are right,
# walk down the list by score, and take the area under a curve. The trouble is in the details, and they change the number.

# %%
import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator, format_summary, match
from minimaskrcnn.evaluation.curves import IOU_THRESHOLDS, sample_curve
from minimaskrcnn.io import load_model
from minimaskrcnn.viz.style import headline, new_figure

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
nothing_ignored, no_crowd = np.zeros((1, 3), bool), np.zeros(3, bool)
winner, _ = match(iou, nothing_ignored, no_crowd, np.array([0.5]))
right = winner[0] >= 0  # (thresholds, detections)
for detection, taken in enumerate(winner[0, 0]):
    verdict = f"right, takes object {taken}" if taken >= 0 else "wrong"
    print(f"detection {detection} (score {scores[detection]}): {verdict}")

# %% [markdown]
# The second detection has a good box, but the object was already taken: a double detection is an error. The last one has
# an IoU of only 0.43 with its object. Object 2 has not been found.

# %% [markdown]
# ## Walking down the list
#
# After each detection:
#
# > `precision = right so far / all so far`, and `recall = right so far / objects`.
#
# **Predict.** Can recall fall on the way down? Can precision rise?

# %%
hits = right[0].cumsum()
precision, recall = hits / np.arange(1, 6), hits / 3
for step in range(5):
    print(
        f"after {step + 1}: precision {precision[step]:.2f}, recall {recall[step]:.2f}"
    )

# %% [markdown]
# Recall never falls. Precision goes up and down like a saw. COCO smooths the saw: at each recall it takes the best
# precision that is reached *there or later*, reads it at 101 recalls from 0 to 1, and averages.
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
viz.show(
    headline(
        ax,
        "Precision against recall",
        "the curve falls, and is 0 where recall never comes",
    )
)

# %%
print(f"AP at IoU 0.5: {sampled[0].mean():.3f}")
print(f"by hand: (34 * 1 + 33 * 2 / 3) / 101 = {(34 + 33 * 2 / 3) / 101:.3f}")

# %% [markdown]
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
    taken, _ = match(iou[order], nothing_ignored, no_crowd, np.array([0.5]))
    return sample_curve(taken[0] >= 0, taken[0] < 0, objects=3)[0].mean()


print(f"as they are: {ap_of(scores):.3f}")
print(f"squared:     {ap_of(scores**2):.3f}")
print(f"false alarm first: {ap_of(np.array([0.9, 0.8, 0.7, 0.95, 0.5])):.3f}")

# %% [markdown]
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
winners, _ = match(iou, nothing_ignored, no_crowd, IOU_THRESHOLDS)
for threshold, taken in zip(IOU_THRESHOLDS, winners[0]):
    curve, _ = sample_curve((taken >= 0)[None], (taken < 0)[None], objects=3)
    print(
        f"IoU {threshold:.2f}: right {np.flatnonzero(taken >= 0)}, AP {curve.mean():.2f}"
    )

# %% [markdown]
# So AP rewards precise boxes, and AP50 does not care. Two models with equal AP50 can differ by a lot in AP. RoIAlign
# gains most at the high thresholds.

# %% [markdown]
# ## The evaluator
#
# `CocoEvaluator` does this for all pictures, classes, thresholds and sizes at once. First our five boxes.

# %%
target = Target(truth.astype(np.float32), np.ones(3, int), None, np.zeros(3, bool), 0)
evaluator = CocoEvaluator("bbox")
evaluator.add(
    target, Detections(found.astype(np.float32), np.ones(5, int), scores, None)
)
summary = evaluator.summary()
print(f"AP {summary['AP']:.3f}, AP50 {summary['AP50']:.3f}, AP75 {summary['AP75']:.3f}")

# %% [markdown]
# ## A real model
#
# The bundled shapes model on 25 validation pictures, boxes and masks.

# %%
model, facts = load_model(weights.path("shapes"))
samples = data.Shapes("val")
pairs = [
    (target, model.predict([image])[0])
    for image, target in (samples[index] for index in range(25))
]
measures = {"bbox": CocoEvaluator("bbox"), "segm": CocoEvaluator("segm")}
each = []
for target, detections in pairs:
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
viz.show(
    headline(ax, "The same detections, judged ever harder", "solid boxes, dashed masks")
)

# %% [markdown]
# ## Three ways to get it wrong
#
# **1. Averaging over pictures.** Some notebooks compute AP for each picture and take the mean. That is a different number.

# %%
print(f"AP of the data set: {measures['bbox'].summary()['AP']:.2f}")
print(f"mean of {len(each)} APs:    {np.mean(each):.2f}")

# %% [markdown]
# The true AP ranks all detections of all pictures in one list, so a false alarm in one picture can outrank a good
# detection in another. If you average over pictures, you never see that.
#
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

# %% [markdown]
# It can only lower AP: the tail of the list may still find something, and it costs nothing earlier in the list.
#
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
