# %% [markdown]
# # Convolution forwards and backwards, and how to check a gradient
#
# A convolution slides a small window over a map and takes a dot product at each place. That is the forward half.
# Training needs the other half: given how the loss changes with each output, how does it change with each input
# and each weight?
#
# The second question of this notebook is the more important one. *How would you know that the answer is right?*

# %% [markdown]
# Beside lesson 10, [09 Train on shapes](09_train_on_shapes.ipynb); 45 minutes.
# Read it after [00 One image, every stage](00_one_image_every_stage.ipynb), at any time.
# Words: [glossary](../docs/glossary.md).
#
# **You need** to know what a derivative is; no other lesson.
#
# **You will be able to**
#
# - compute a convolution and both of its gradients by hand;
# - check a linear operator by its transpose, and any other by finite differences;
# - say when such a check proves nothing.

# %%
import numpy as np

from minimaskrcnn import data, kernels, ops, viz
from minimaskrcnn.autograd import Function, Tensor
from minimaskrcnn.kernels.geometry import conv_output_size
from minimaskrcnn.testing import (
    Case,
    GradientError,
    NonSmoothPoint,
    assert_adjoint,
    gradcheck,
)
from minimaskrcnn.viz.style import headline, new_figure, panels

# %%
viz.diagram("network", "backbone", "pyramid", "rpn", "mask_head")

# %% [markdown]
# ## By hand
#
# A picture that is dark at the left and bright at the right, and a filter with -1 at the left and +1 at the right.
#
# **Predict.** Where will the output be large? And what if the filter is mirrored?

# %%
picture = np.zeros((1, 1, 4, 6))  # (N, C, H, W)
picture[..., 3:] = 1
edge = np.array([[[[-1.0, 0.0, 1.0]]]])  # (O, C, KH, KW)
mirrored = edge[..., ::-1].copy()
print("picture: ", picture[0, 0, 0])
print("output:  ", ops.conv2d(Tensor(picture), Tensor(edge)).data[0, 0, 0])
print("mirrored:", ops.conv2d(Tensor(picture), Tensor(mirrored)).data[0, 0, 0])

# %% [markdown] tags=["answer"]
# It is large where the step is. Nothing is flipped: what deep learning calls a convolution is a correlation. The
# output is two cells narrower than the picture, because the window must fit.

# %% [markdown]
# $$\text{out}_{y,x} = \sum_{i,j} w_{i,j} \; \text{in}_{s y + i - p,\; s x + j - p}, \qquad
# \text{side}_{\text{out}} = \left\lfloor \frac{\text{side} + 2 p - k}{s} \right\rfloor + 1$$
#
# with the kernel's side $k$, the stride $s$ and the padding $p$ (zeros around the picture).
#
# **Predict.** The first layer of the small model has a 3 x 3 kernel, stride 2 and padding 1. What does it make of
# 128 cells? And of 127?

# %%
for side in (128, 127, 8):
    print(f"{side:3} cells -> {conv_output_size(side, 3, 2, 1, 1)}")

# %% [markdown]
# ## On a real picture
#
# The same filter and its transpose, on the bundled micrograph of cell nuclei.

# %%
from importlib.resources import files

raw = data.read_image(files(data) / "samples" / "nuclei.png")
micrograph = data.prepare_nuclei(raw)
grey = micrograph[None, :1, 60:160, 60:160]  # (1, 1, 100, 100)
sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 4
weight = np.stack([sobel, sobel.T])[:, None]  # (2, 1, 3, 3)
across, down = ops.conv2d(Tensor(grey), Tensor(weight), padding=1).data[0]
figure, axes = panels(1, 3, 2.2, 2.2)
reach = max(np.abs(across).max(), np.abs(down).max())  # one scale for both, 0 in white
axes[0].imshow(grey[0, 0], cmap="gray")
for ax, response in zip(axes[1:], (across, down)):
    ax.imshow(response, cmap="RdBu_r", vmin=-reach, vmax=reach)
words = "the picture", "left to right", "top to bottom"
for ax, name in zip(axes, words):
    ax.set_axis_off()
    headline(ax, name, "red: grows lighter that way, blue: darker")
viz.show(figure)

# %% [markdown]
# A trained network learns filters like these in its first layer, and hundreds of stranger ones later.

# %% [markdown]
# ## Backwards: one output
#
# Each output is a dot product of a window and the filter, $\text{out} = \sum w x$. So if the loss changes by $g$ for
# each unit of that output, it changes by $g w$ for each unit of the window, and by $g x$ for each unit of the filter. (The
# array of the $g$, one for each output, is called the *cotangent*: it is what `backward` is given.)
#
# **Predict.** Send back a gradient of 1 at a single output and 0 everywhere else. What will the gradient of the
# picture look like?

# %%
rng = np.random.default_rng(0)
x = Tensor(rng.integers(0, 9, (1, 1, 5, 5)).astype(np.float64), requires_grad=True)
w = Tensor(np.arange(1.0, 10.0).reshape(1, 1, 3, 3), requires_grad=True)
out = ops.conv2d(x, w)  # (1, 1, 3, 3)
grad = np.zeros(out.shape)
grad[0, 0, 1, 2] = 1
out.backward(grad)
print("gradient of the picture:\n", x.grad[0, 0])

# %% [markdown] tags=["answer"]
# It is the filter itself, stamped where the window was. And the gradient of the filter is that window:

# %%
print("gradient of the filter:\n", w.grad[0, 0])
print("the window it looked at:\n", x.data[0, 0, 1:4, 2:5])

# %% [markdown]
# **Predict.** Now a gradient of 1 at *every* output, and a filter of ones. Which cell of the picture gets most?

# %%
x = Tensor(np.zeros((1, 1, 5, 5)), requires_grad=True)
ops.conv2d(x, Tensor(np.ones((1, 1, 3, 3)))).sum().backward()
print(x.grad[0, 0])

# %% [markdown] tags=["answer"]
# The middle cell, since nine windows contain it; a corner is in only one window. Where windows overlap, gradients
# add up. A backward pass that overwrites instead of adding passes many tests and fails to train.

# %% [markdown]
# ## Backward is the transpose
#
# For a fixed filter, convolution is linear: $\text{out} = A x$ for some large matrix $A$. Then the gradient is $A^T g$.
# For any $x$ and $v$,
#
# $$\langle A x, v \rangle = \langle x, A^T v \rangle .$$
#
# Two dot products of the same numbers: no step size, no approximation.

# %%
x = Tensor(rng.standard_normal((1, 2, 6, 6)), requires_grad=True)
w = Tensor(rng.standard_normal((3, 2, 3, 3)))
out = ops.conv2d(x, w, stride=2, padding=1)
v = rng.standard_normal(out.shape)
out.backward(v)
print(f"<A x, v> = {(out.data * v).sum():.6f}")
print(f"<x, A^T v> = {(x.data * x.grad).sum():.6f}")

# %% [markdown]
# And `A^T` has a name of its own. The *transposed* convolution, which the mask head uses to double the size of its
# maps, is the backward of a convolution run forwards.
#
# **Predict.** A transposed 2 x 2 convolution with stride 2 on 14 x 14 cells. How many cells come out?

# %%
small, filter_ = Tensor(np.ones((1, 1, 14, 14))), Tensor(np.ones((1, 1, 2, 2)))
print("14 x 14 ->", ops.conv_transpose2d(small, filter_, stride=2).shape[2:])
assert_adjoint(lambda x: ops.conv2d(x, w, stride=2, padding=1), Case(x.data))
print("conv2d: backward is the transpose of forward")

# %% [markdown]
# ## Checking any gradient
#
# Most operators are not linear. The general test changes one number a little and looks at what happens:
#
# $$\text{slope} \approx \frac{L(x + h) - L(x - h)}{2 h}$$
#
# **Predict.** The smaller `h`, the better the approximation. So is `h = 1e-12` the best choice?

# %%
steps = 10.0 ** np.arange(-13, 0.5, 0.5)
ax = new_figure(6, 3.4).add_subplot()
for dtype, dash in ((np.float64, "-"), (np.float32, "--")):
    point, h = dtype(1.3), steps.astype(dtype)
    slope = (np.tanh(point + h) - np.tanh(point - h)) / (2 * h)
    error = np.abs(slope - (1 - np.tanh(1.3) ** 2))
    ax.loglog(steps, error, dash, label=np.dtype(dtype).name)
ax.set_xlabel("step h")
ax.set_ylabel("error of the slope")
ax.legend()
see = "right: the curve bends; left: the difference drowns in rounding"
viz.show(headline(ax, "Too large, too small", see))

# %% [markdown] tags=["answer"]
# There is a valley. To its right the curve bends away from its tangent; to its left two nearly equal numbers are
# subtracted and only rounding is left. In float64 the floor of the valley is deep. In float32 it is so shallow
# that a check proves little. So gradients are checked in float64, always.

# %% [markdown]
# `gradcheck` does this for every element of every input of an operator. `assert_adjoint`, used above, compares the two dot
# products; a `Case` holds the arrays that an operator is called with.

# %%
gradcheck(
    lambda x, w, b: ops.conv2d(x, w, b, stride=2, padding=1),
    [rng.standard_normal(shape) for shape in ((2, 3, 5, 5), (4, 3, 3, 3), (4,))],
)
print("conv2d: input, weight and bias are right")

# %% [markdown]
# ## A wrong gradient
#
# A check that never fails is worth nothing. Here is an operator with a mistake in its backward. Can you see it? (A `Function`
# is an operator: `forward` and `backward` on plain arrays, and `ctx`, the context, hands what `forward` saves to `backward`.)


# %%
class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save(x=x)
        return x**3

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.x**2 * grad


# %%
try:
    gradcheck(Cube.apply, [np.array([1.0, 2.0, -1.5])])
except GradientError as error:
    print(error)

# %% [markdown]
# The message names the element, what `backward` claims and what is true.
#
# ## A kink
#
# **Predict.** The slope of `relu` at 0 is 0 to the left and 1 to the right. What does the central difference say?
# And would it agree with an operator that returns 0.5 there?

# %%
try:
    gradcheck(ops.relu, [np.array([1.0, 0.0])])
except NonSmoothPoint as error:
    print(error)

# %% [markdown] tags=["answer"]
# At a kink there is no derivative to compare with, so the checker refuses to call it right or wrong. (It weighs
# the outputs with random numbers, so the slope to the right is not 1 but one of these numbers.) Our `relu` returns 0
# there, and its documentation says so.

# %% [markdown]
# ## Several editions of one operator
#
# The convolution exists as loops to read, as plain NumPy, and as a fast engine. Tests compare them with each other.

# %%
x, w = rng.standard_normal((1, 2, 9, 9)), rng.standard_normal((3, 2, 3, 3))
fast = ops.conv2d(Tensor(x), Tensor(w), padding=1).data
with kernels.use("reference"):
    slow = ops.conv2d(Tensor(x), Tensor(w), padding=1).data
print("equal to 12 digits:", np.allclose(fast, slow, rtol=0, atol=1e-12))

# %% [markdown]
# ## What to remember
#
# - Forward: dot products of windows. Backward: stamp the filter back, and add.
# - Linear operators: backward is the transpose, which can be checked exactly.
# - All others: finite differences, in float64, with a random cotangent, away from kinks.
#
# **Try it.** Fix `Cube`, and check it again.
#
# `viz.explore_world("valley")` has the step of the gradient check as a slider.

# %% [markdown] tags=["solution"]
# **Answer to "Try it".** `return 3 * ctx.x**2 * grad`. Then `gradcheck(Cube.apply, [np.array([1.0, 2.0, -1.5])])`
# returns without a word.

# %% [markdown]
# ## Exercises
#
# Write the three backward passes. The check tries small pictures, smallest first, and draws the first case that is wrong.
# `exercises.hint.conv_dx()` gives a hint, and one more each time.

# %%
from minimaskrcnn import exercises

# %% [markdown]
# **conv_dx.** `grad` (O, h, w) arrives at the output of a convolution without padding; `w` (O, C, k, k) are its filters, and
# `size` is the (H, W) of the picture. Return the gradient of the picture, (C, H, W).


# %% tags=["exercise"]
def my_conv_dx(grad, w, stride, size):
    # solution
    _, C, k, _ = w.shape
    dx = np.zeros((C, *size), grad.dtype)
    for o, i, j in np.ndindex(grad.shape):
        rows, columns = (slice(n * stride, n * stride + k) for n in (i, j))
        dx[:, rows, columns] += grad[o, i, j] * w[o]
    return dx
    # end of solution


# %%
exercises.check.conv_dx(my_conv_dx)

# %% [markdown]
# **conv_dw.** `x` (C, H, W) is the picture, and `kernel` the side of the filters. Return the gradient of the filters,
# (O, C, kernel, kernel).


# %% tags=["exercise"]
def my_conv_dw(grad, x, stride, kernel):
    # solution
    dw = np.zeros((len(grad), len(x), kernel, kernel), grad.dtype)
    for o, i, j in np.ndindex(grad.shape):
        rows, columns = (slice(n * stride, n * stride + kernel) for n in (i, j))
        dw[o] += grad[o, i, j] * x[:, rows, columns]
    return dw
    # end of solution


# %%
exercises.check.conv_dw(my_conv_dw)

# %% [markdown]
# **relu_backward.** `grad` arrives at `max(x, 0)`. Return the gradient of `x`. At 0 the gate is shut, and a shut gate hands on
# exactly 0, even if an infinite gradient arrives.


# %% tags=["exercise"]
def my_relu_backward(grad, x):
    # solution
    return np.where(x > 0, grad, 0)
    # end of solution


# %%
exercises.check.relu_backward(my_relu_backward)

# %% [markdown]
# Now trust neither the check nor us. Your two functions as an operator of the package, tested by finite differences:


# %%
class MyConv(Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save(x=x, w=w)
        return ops.conv2d(Tensor(x), Tensor(w)).data

    @staticmethod
    def backward(ctx, grad):
        dx = my_conv_dx(grad[0], ctx.w, 1, ctx.x.shape[2:])
        return dx[None], my_conv_dw(grad[0], ctx.x[0], 1, ctx.w.shape[2])


# %%
written = exercises.check.conv_dx(my_conv_dx), exercises.check.conv_dw(my_conv_dw)
shapes = (1, 2, 5, 7), (3, 2, 3, 3)
if all(written):
    gradcheck(MyConv.apply, [rng.standard_normal(shape) for shape in shapes])
    print("my convolution: both gradients are right")

# %% [markdown]
# ## What you can now do
#
# - Write the backward of a convolution, with respect to the picture and to the filter.
# - Check the gradient of an operator of your own with `minimaskrcnn.testing`.
# - Explain why a transposed convolution doubles a map.
#
# Back to [09 Train on shapes](09_train_on_shapes.ipynb), where all these gradients are put to use.
