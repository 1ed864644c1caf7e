"""Is the twin really one? The same weights, pictures and samples must give the same losses and gradients.

    python -m benchmarks.check_twin       # the largest difference of every loss and every gradient

A difference is relative to the largest value of its array.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks import small_model
from benchmarks.even import EvenChoice
from minimaskrcnn.training.trainer import total_loss

TOLERANCE = 1e-4


def differences(dtype: type = np.float32) -> dict[str, float]:
    """The largest difference of each loss and of the gradient of each parameter."""
    from benchmarks import twin as torch_side

    model = small_model.load().astype(dtype)
    twin = torch_side.load_twin(model.config, model.state_dict())
    images, targets = small_model.batch(dtype)
    ours, theirs = model.losses(images, targets, EvenChoice()), twin(*torch_side.as_torch(images, targets))
    total_loss(ours).backward()
    sum(theirs.values()).backward()
    gradients = {name: parameter.grad.numpy() for name, parameter in twin.named_parameters()}
    if set(ours) != set(theirs) or set(gradients) != {name for name, _ in model.named_parameters()}:
        raise RuntimeError("the twin has other losses or parameters than the small model.")
    found = {name: relative(loss.data, theirs[name].detach().numpy()) for name, loss in ours.items()}
    for name, parameter in model.named_parameters():
        found[f"d/d {name}"] = relative(parameter.grad, gradients[name])
    return found


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference over the largest value."""
    largest = max(float(np.abs(theirs).max()), np.finfo(np.float32).tiny)
    return float(np.abs(ours - theirs).max()) / largest


def require_agreement() -> str:
    """Half a sentence with the largest difference in float32, the precision that is timed.

    Raises
    ------
    RuntimeError
        If it exceeds the tolerance: then the two do not do the same work.
    """
    found = differences()
    name = max(found, key=found.__getitem__)
    text = f"{found[name]:.1e} ({name}) of {len(found)} losses and gradients"
    if not found[name] <= TOLERANCE:
        raise RuntimeError(f"the twin is none: it differs from the small model by {text}.")
    return text


def main() -> int:
    """Print every difference in both precisions; 1 if one exceeds the tolerance in the precision timed."""
    single, double = differences(np.float32), differences(np.float64)
    print(f"{'loss or gradient':<60}{'float32':>10}{'float64':>10}")
    for name in single:
        print(f"{name:<60}{single[name]:>10.1e}{double[name]:>10.1e}")
    largest = max(single.values())
    print(f"{'largest':<60}{largest:>10.1e}{max(double.values()):>10.1e}")
    print(f"allowed in float32: {TOLERANCE:.0e}")
    return int(not largest <= TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
