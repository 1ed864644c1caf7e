"""Reverse-mode automatic differentiation: a Tensor remembers how it was made, and `backward` walks back.

Read in this order: `tensor` (what the user holds), `function` (what an op is), `engine` (the walk),
`modes` and `hooks` (switches and observers), `graph` (the recorded graph as text).
The ops themselves live in `minimaskrcnn.ops`.
"""

from minimaskrcnn.autograd.engine import Node
from minimaskrcnn.autograd.function import Context, Function
from minimaskrcnn.autograd.graph import to_dot, to_text
from minimaskrcnn.autograd.hooks import Event, Printer, ShapeTrace, Timer, hook
from minimaskrcnn.autograd.modes import AnomalyError, detect_anomaly, no_grad, scope
from minimaskrcnn.autograd.tensor import Tensor

__all__ = [
    "AnomalyError",
    "Context",
    "Event",
    "Function",
    "Node",
    "Printer",
    "ShapeTrace",
    "Tensor",
    "Timer",
    "detect_anomaly",
    "hook",
    "no_grad",
    "scope",
    "to_dot",
    "to_text",
]
