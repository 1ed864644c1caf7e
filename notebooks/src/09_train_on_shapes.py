# %% [markdown]
# # Train on shapes
#
# Training is a short loop: draw a batch, add up five losses, run backward, clip, step. It takes experience to see early
# whether it goes well. This notebook trains for a few seconds, shows what to look at, and then loads weights that were
# trained for longer.

# %%
from dataclasses import replace

import numpy as np

from minimaskrcnn import data, viz, weights
from minimaskrcnn.io import load_model
from minimaskrcnn.models import build
from minimaskrcnn.nn import optim
from minimaskrcnn.training import RECIPES, Trainer, evaluate
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.style import headline, new_figure, panels

TRAIN = False  # True: train the whole recipe here (minutes, not seconds) instead of loading weights

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
    headline(
        ax,
        f"Sample {index}",
        ", ".join(train.class_names[label] for label in target.labels),
    )
viz.show(figure)

# %% [markdown]
# ## The recipe
#
# Every number that a result depends on is in one place. A misspelt name or a senseless value is refused before the first
# step.

# %%
recipe = RECIPES["shapes"]
for name in (
    "steps",
    "batch_size",
    "optimizer",
    "betas",
    "lr",
    "schedule",
    "warmup",
    "clip_norm",
):
    print(f"{name:<11}{getattr(recipe, name)}")

# %% [markdown]
# **Predict.** The learning rate does not start at its peak. Why not? And why does it end near zero?

# %%
schedule = optim.warmup_cosine(recipe.lr, recipe.steps, recipe.warmup)
steps = np.arange(recipe.steps)
ax = new_figure(6, 2.8).add_subplot()
ax.plot(steps, [schedule(step) for step in steps])
ax.set_xlabel("step")
viz.show(
    headline(
        ax, "Learning rate", f"up in {recipe.warmup} steps, then down along a cosine"
    )
)

# %% [markdown]
# At first the gradients are large and point anywhere, and AdamW has no statistics yet. At the end, small steps let
# the weights settle.

# %% [markdown]
# ## Before the first step
#
# **Predict.** There are four classes, including background. What should the five losses be, roughly?

# %%
quick = replace(recipe, steps=20, warmup=4, batch_size=2, evaluate_every=1000)
pictures = data.Shapes("train", size=4)
records = []
rng = np.random.default_rng(0)
model = build(quick.model.changed(num_classes=train.num_classes), rng)
trainer = Trainer(model, pictures, quick, seed=rng, on_record=records.append)
first = model.losses([train[0][0]], [train[0][1]], np.random.default_rng(0))
print({name[5:]: round(value.item(), 1) for name, value in first.items()})
print(f"ln 2 = {np.log(2):.1f}, ln 4 = {np.log(4):.1f}")

# %% [markdown]
# The trainer trains the model that you pass, so you can change the model first. It writes nothing unless you pass a
# folder, `out=`.
#
# Objectness and mask are at ln 2, and the classifier is at ln 4. If a first loss is far from these, stop. Labels that do
# not start at 1, a background class that is counted twice, weights that are drawn too large: they all show here, for free.

# %% [markdown]
# ## Twenty steps on four pictures
#
# A model that cannot learn four pictures by heart will not learn four thousand. So this is the next check, and it
# takes seconds.
#
# **Predict.** Which of the losses falls first?

# %%
trainer.run()
losses = [record for record in records if "loss" in record]
start, end = (np.mean([r["loss"] for r in part]) for part in (losses[:5], losses[-5:]))
print(f"{len(losses)} steps; the sum of the losses has fallen: {end < 0.8 * start}")

# %%
viz.show(viz.training_curves(losses, num_classes=4), width=9)

# %% [markdown]
# The dotted grey lines mark a guess, ln 2 and ln 4. The classifier drops at once: it learns to say *background*,
# which is right for most RoIs. That is not yet learning to see. Watch for its second descent, and for the masks,
# which cannot improve before the classes and boxes are usable.
#
# The gradient norm is measured before clipping. Its peaks are unusual batches. Clipping at the recipe's `clip_norm`
# keeps one such batch from undoing the work of many others.

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

# %% [markdown]
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
print("          AP    AP50   AP75")
for name, summary in (("boxes", result.box), ("masks", result.mask)):
    print(
        f"{name:<8}"
        + "".join(f"{summary[key]:6.2f} " for key in ("AP", "AP50", "AP75"))
    )

# %% [markdown]
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
# - Then learn a few pictures by heart. Then train.
# - One seed, one generator: a run can be repeated to the last bit.
# - Judge a model by its AP on pictures that were not used for training, not by the loss.
#
# **Try it.** Multiply the learning rate by 100 with `replace(quick, lr=0.1)`. Which loss shows the trouble first?
