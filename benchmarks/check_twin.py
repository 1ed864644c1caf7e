"""Check the twin: the same weights, pictures and samples must give the same losses and gradients.

    python -m benchmarks.check_twin       # the largest difference of every loss and every gradient

A difference is relative to the largest value of its array.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks import small_model
from benchmarks.even import EvenChoice
from benchmarks.rows import DisagreementError
from minimaskrcnn.training.learner import total_loss

# In float32, rounding decides whether an activation near 0 passes ReLU; one gradient moved by 9e-5.
TOLERANCE = {"float64": 1e-4, "float32": 1e-3}


def differences(dtype: type = np.float32) -> dict[str, float]:
    """Return the largest difference of each loss and of the gradient of each parameter."""
    from benchmarks import twin as torch_side

    model = small_model.load().astype(dtype)
    twin = torch_side.load_twin(model.config, model.state_dict())
    images, targets = small_model.batch(dtype)
    ours, theirs = model.losses(images, targets, EvenChoice()), twin(*torch_side.as_torch(images, targets))
    total_loss(ours).backward()
    sum(theirs.values()).backward()
    gradients = {name: parameter.grad.numpy() for name, parameter in twin.named_parameters()}
    if set(ours) != set(theirs) or set(gradients) != {name for name, _ in model.named_parameters()}:
        raise DisagreementError("the losses or parameters of the twin differ from those of the small model")
    found = {name: relative(loss.data, theirs[name].detach().numpy()) for name, loss in ours.items()}
    for name, parameter in model.named_parameters():
        found[f"d/d {name}"] = relative(parameter.grad, gradients[name])
    return found


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference divided by the largest value."""
    largest = max(float(np.abs(theirs).max()), np.finfo(np.float32).tiny)
    return float(np.abs(ours - theirs).max()) / largest


def require_agreement() -> str:
    """Describe the largest differences.

    Raises
    ------
    DisagreementError
        If one exceeds its tolerance, because then the two models do not do the same work.
    """
    text = ", ".join(
        f"{_largest(differences(np.dtype(name).type), limit)} in {name}" for name, limit in TOLERANCE.items()
    )
    return f"losses and gradients of the twin agree: {text}"


def _largest(found: dict[str, float], limit: float) -> str:
    name = max(found, key=found.__getitem__)
    if not found[name] <= limit:
        raise DisagreementError(f"the twin differs from the small model by {found[name]:.1e} in {name}")
    return f"largest difference {found[name]:.1e}"


def main() -> int:
    """Print every difference in both precisions; return 1 if one exceeds its tolerance."""
    single, double = differences(np.float32), differences(np.float64)
    print(f"{'loss or gradient':<60}{'float32':>10}{'float64':>10}")
    for name in single:
        print(f"{name:<60}{single[name]:>10.1e}{double[name]:>10.1e}")
    largest = {"float32": max(single.values()), "float64": max(double.values())}
    print(f"{'largest':<60}{largest['float32']:>10.1e}{largest['float64']:>10.1e}")
    print(f"{'allowed':<60}{TOLERANCE['float32']:>10.0e}{TOLERANCE['float64']:>10.0e}")
    return int(not all(largest[name] <= limit for name, limit in TOLERANCE.items()))


if __name__ == "__main__":
    sys.exit(main())
