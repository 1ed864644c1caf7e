# %% [markdown]
# # Train on shapes
#
# Training is a short loop: draw a batch, add up five losses, run backward, clip, step. It takes experience to see early
# whether it goes well. This notebook trains for a few seconds, shows what to look at, and then loads weights that were
# trained for longer.

# %% [markdown]
# Lesson 10 of 11; 40 minutes.
# Before: [11 Average precision](11_average_precision.ipynb).
# Next: [10 Inference on nuclei](10_inference_on_nuclei.ipynb).
# Words: [glossary](../docs/glossary.md).
#
# **You need** [11 Average precision](11_average_precision.ipynb) (AP), [05 Proposals and the RPN's
# losses](05_proposals_and_rpn_losses.ipynb) and [08 The three heads](08_the_three_heads.ipynb) (the losses). [02
# Convolution and gradients](02_convolution_and_gradients.ipynb) stands beside this lesson: it shows where the
# gradients come from.
#
# **You will be able to**
#
# - check a training run before it begins, by its first losses;
# - recognise the two descents of the classifier, and a run that has stopped after the first;
# - repeat a run to the last bit, and judge its result by AP on other pictures.

# %%
from dataclasses import replace
from importlib.resources import files

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.io import load_model
from minimaskrcnn.models import build
from minimaskrcnn.nn import optim
from minimaskrcnn.training import RECIPES, Trainer, evaluate
from minimaskrcnn.training.run_folder import read_log
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.style import headline, new_figure, panels

TRAIN = False  # True: train the whole recipe here (minutes, not seconds) instead of loading weights

# %%
viz.diagram("network", "training", "measure")

# %% [markdown]
# ## The data
#
# `Shapes` draws sample `i` only from the split, the seed and `i`. Nothing is stored, nothing runs out, and the
# validation pictures are never among the training pictures.

# %%
train, validation = data.Shapes("train"), data.Shapes("val")
print(len(train), "for training,", len(validation), "for validation")
figure, axes = panels(1, 3, 2.2, 2.2)
for index, ax in enumerate(axes):
    image, target = train[index]
    viz.draw_picture(image, ax)
    draw_boxes(ax, target.boxes, "white")
    found = [train.class_names[label] for label in target.labels]
    headline(ax, f"Sample {index}", ", ".join(found))
viz.show(figure)

# %% [markdown]
# ## The recipe
#
# Every number that a result depends on is in one place. A misspelt name or a senseless value is refused before the first
# step.

# %%
recipe = RECIPES["shapes"]
numbers = ["steps", "batch_size", "optimizer", "betas", "lr", "warmup", "clip_norm"]
for name in numbers:
    print(f"{name:<11}{getattr(recipe, name)}")

# %% [markdown]
# **Predict.** The learning rate does not start at its peak. Why not? And why does it end near zero?

# %%
schedule = optim.warmup_cosine(recipe.lr, recipe.steps, recipe.warmup)
steps = np.arange(recipe.steps)
ax = new_figure(6, 2.8).add_subplot()
ax.plot(steps, [schedule(step) for step in steps])
ax.set_xlabel("step")
see = f"up in {recipe.warmup} steps, then down along a cosine"
viz.show(headline(ax, "Learning rate", see))

# %% [markdown] tags=["answer"]
# At first the gradients are large and point anywhere, and AdamW has no statistics yet. At the end, small steps let
# the weights settle.

# %% [markdown]
# ## Before the first step
#
# Training minimises $L = L_{\text{objectness}} + L_{\text{RPN box}} + L_{\text{cls}} + L_{\text{box}} + L_{\text{mask}}$
# (lessons 05 and 08).
#
# **Predict.** There are four classes, including background. What should the five losses be, roughly?

# %%
quick = replace(recipe, steps=80, warmup=8, batch_size=1, evaluate_every=1000)
pictures = data.Shapes("train", size=2)
records = []
rng = np.random.default_rng(0)
model = build(quick.model.changed(num_classes=train.num_classes), rng)
trainer = Trainer(model, pictures, quick, seed=rng, on_record=records.append)
first = model.losses([train[0][0]], [train[0][1]], np.random.default_rng(0))
print({name[5:]: round(value.item(), 1) for name, value in first.items()})
print(f"ln 2 = {np.log(2):.1f}, ln 4 = {np.log(4):.1f}")

# %% [markdown] tags=["answer"]
# The trainer trains the model that you pass, so you can change the model first. It writes nothing unless you pass a
# folder, `out=`.

# %% [markdown] tags=["answer"]
# Objectness and mask are at ln 2, and the classifier is at ln 4. If a first loss is far from these, stop. Labels that do
# not start at 1, a background class that is counted twice, weights that are drawn too large: they all show here, for free.

# %% [markdown]
# ## Two pictures by heart
#
# A model that cannot learn two pictures by heart will not learn four thousand. So this is the next check, and it
# takes seconds: 80 steps, one picture each.
#
# **Predict.** Which of the losses falls first? Which is still high at the end? And what will the model find in the two
# pictures?

# %%
trainer.run()
losses = [record for record in records if "loss" in record]
start, end = (np.mean([r["loss"] for r in part]) for part in (losses[:8], losses[-8:]))
print(
    f"{len(losses)} steps; the sum of the losses is less than half: {end < start / 2}"
)
learnt = evaluate(model, pictures, indices=range(2))
print("box AP above 0.5 on the two pictures:", learnt.box["AP"] > 0.5)

# %%
ax = new_figure(6.5, 3.6).add_subplot()
terms = ["objectness", "rpn_box_reg", "classifier", "box_reg", "mask"]
for name, dash in zip(terms, ("-", ":", "--", "-.", "-")):
    values = [r[f"loss_{name}"] for r in losses]
    means = np.convolve(values, np.ones(8) / 8, "valid")  # over 8 steps
    ax.plot(np.arange(len(means)) + 8, means, dash, label=name)
for guess in (np.log(2), np.log(4)):
    ax.axhline(guess, color="grey", linewidth=0.8)
ax.set_xlabel("step")
ax.legend()
viz.show(headline(ax, "Learning by heart", "means over 8 steps; grey: ln 2 and ln 4"))

# %% [markdown] tags=["answer"]
# Objectness and the classifier drop at once: they learn to say *background*, which is right for most anchors and RoIs. That is
# not yet learning to see. Masks follow, since they only need the true boxes to learn from. The box loss of the heads *rises* at
# first: it counts positive RoIs, and a better RPN proposes more of them. In the end the model has the two pictures by heart,
# and knows nothing about any other.

# %% [markdown]
# ## A longer run
#
# Here is the log of a run of 600 steps on many pictures. Every 100 steps it was judged on pictures that it was not trained on.
#
# **Predict.** The classifier falls twice. When does the second descent begin, and what happens to AP then?

# %%
log = read_log(files(data) / "samples" / "shapes-log.jsonl")
steps, tests = ([r for r in log if key in r] for key in ("loss", "box_AP"))
figure = new_figure(7, 3.2)
left, right = figure.subplots(1, 2)
for name, dash in zip(terms, ("-", ":", "--", "-.", "-")):
    means = np.convolve([r[f"loss_{name}"] for r in steps], np.ones(10) / 10, "valid")
    left.plot([r["step"] for r in steps[9:]], means, dash, label=name)
for kind, dash in (("box_AP", "o-"), ("mask_AP", "s--")):
    right.plot([r["step"] for r in tests], [r[kind] for r in tests], dash, label=kind)
for ax, name, see in (
    (left, "Losses", "means over 20 steps"),
    (right, "AP", "on pictures that were not used for training"),
):
    ax.set_xlabel("step")
    ax.set_ylim(0, 1)
    ax.legend(fontsize=7)
    headline(ax, name, see)
viz.show(figure)

# %%
for name in ("loss_classifier", "loss_mask"):
    means = [np.mean([r[name] for r in steps[k : k + 25]]) for k in (0, 25, 75, 275)]
    print(f"{name:<16} steps 1-50, 51-100, 151-200, 551-600:", np.round(means, 2))

# %% [markdown] tags=["answer"]
# It falls from ln 4 to about 0.6 within a few dozen steps, which is *background* again. Then it halves once more, slowly, over
# hundreds of steps, and only in that second descent does AP rise. So a loss that has come down far is no sign of a good
# model, and a loss that stands still after the first drop is a sign of a bad one.
#
# Gradients are clipped at a norm of `clip_norm`, so that one unusual batch does not undo the work of many others.

# %% [markdown]
# ## The same seed, the same bytes
#
# One generator, seeded once, draws the weights, the order of the pictures, the anchors and the RoIs.
#
# **Predict.** Train twice for one step with seed 0, and once with seed 1. Which weights agree?

# %%
finals = {}
for name, seed in (("a", 0), ("b", 0), ("c", 1)):
    short = Trainer.from_recipe(quick, pictures, seed=seed)
    short.train_step()
    finals[name] = np.concatenate([p.data.ravel() for p in short.model.parameters()])
print("seed 0 twice, equal to the last bit:", np.array_equal(finals["a"], finals["b"]))
print("seed 0 and seed 1 equal:            ", np.array_equal(finals["a"], finals["c"]))

# %% [markdown] tags=["answer"]
# Without this, no bug can be reproduced, and no two runs can be compared. The state of the generator is in every
# checkpoint, so a run that was interrupted and resumed ends with the same bytes too.

# %% [markdown]
# ## The whole recipe
#
# With `TRAIN = True` the next cell trains here. Otherwise it loads the weights that come with the package, and the card
# that says how they were made.

# %%
if TRAIN:
    run = Trainer.from_recipe(recipe, train, validation=validation, on_record=print)
    model = run.run()
else:
    model, _ = load_model(weights.path("shapes"))
    card = weights.card("shapes")
    print(card["command"])
    print(f"{card['steps']} steps in {card['minutes']} minutes, seed {card['seed']}")

# %% [markdown]
# ## Is it any good?
#
# We measure COCO's average precision (see notebook 11) on pictures that were not used for training. Ten pictures are
# enough for a look, but not for a claim.
#
# **Predict.** Will boxes or masks score higher?

# %%
result = evaluate(model, validation, indices=range(10))
for name, summary in (("boxes", result.box), ("masks", result.mask)):
    print(name, {key: f"{summary[key]:.2f}" for key in ("AP", "AP50", "AP75")})

# %% [markdown] tags=["answer"]
# At an IoU of 0.5 they are close. The higher thresholds cost the masks more, because every pixel of the outline counts.

# %%
figure, axes = panels(1, 3, 2.2, 2.2, title=1.0)
for index, ax in zip((6, 11, 13), axes):
    viz.show_detections(model.trace(validation[index][0]), ax)
viz.show(figure)

# %% [markdown]
# ## What to remember
#
# - Know the first losses before you run: ln 2, ln K, ln 2.
# - Then learn two pictures by heart. Then train, and wait for the second descent.
# - One seed, one generator: a run can be repeated to the last bit.
# - Judge a model by its AP on pictures that were not used for training, not by the loss.
#
# **Try it.** Multiply the learning rate by 100 with `replace(quick, lr=0.1)`. Which loss shows the trouble first?

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** The gradients explode within the first steps: usually the box losses first, because deltas
# enter an exponential when boxes are decoded, then all of them. The sum goes up instead of down, or becomes NaN;
# `clip_norm` limits a step, but not its hundredfold rate. The trainer stops at a loss that is not finite and says at
# which step.

# %% [markdown]
# ## Exercises
#
# `exercises.hint.four_logs()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **four_logs.** Four runs of 400 steps, each with a planted fault; faint, the run without one. Choose `"random labels"` (the
# class of each object was drawn at random), `"learning rate x 100"`, `"masks not mirrored"` (every second picture was mirrored
# with its boxes, but without its masks) or `"RPN losses left out"` (they are in the log, but nothing learns from them).
# Write `{"A": "random labels", ...}`.

# %%
viz.show(exercises.evidence.four_logs())

# %% tags=["exercise"]
my_four_logs = {
    # solution
    "A": "masks not mirrored",
    "B": "RPN losses left out",
    "C": "learning rate x 100",
    "D": "random labels",
    # end of solution
}

# %%
exercises.check.four_logs(my_four_logs)

# %% [markdown]
# **learning_rate.** The rate of a step, counted from 0. During the first `warmup` steps it rises in a line, `base * (step + 1)
# / warmup`. Then it falls along half a cosine from `base` towards `base / 100`, which it would reach at step `steps`.


# %% tags=["exercise"]
def my_learning_rate(step, base, steps, warmup):
    # solution
    if step < warmup:
        return base * (step + 1) / warmup
    progress = (step - warmup) / (steps - warmup)
    return base * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * progress)))
    # end of solution


# %%
exercises.check.learning_rate(my_learning_rate)

# %% [markdown]
# ## What you can now do
#
# - Start a training run and know within a minute whether it can work.
# - Find the planted fault in a training log from its curves.
# - Say what a seed fixes.
#
# Next: [10 Inference on nuclei](10_inference_on_nuclei.ipynb): the trained network on a real picture.
