"""The recorded graph as text, or as Graphviz dot, with the ops of one scope drawn as one block.

>>> from minimaskrcnn import ops
>>> from minimaskrcnn.autograd import scope
>>> x = Tensor([1.0, 2.0], requires_grad=True)
>>> with scope("head"):
...     y = ops.relu(x * 2)
>>> print(to_text(y.sum(), names={"x": x}))
1 head (2 ops: Multiply, ReLU): x -> (2,)
2 Sum: 1 -> ()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from minimaskrcnn.autograd.engine import Node
from minimaskrcnn.autograd.tensor import Tensor
from minimaskrcnn.errors import InputError


@dataclass(eq=False)
class Block:
    """One op, or all the ops of one scope: where its inputs come from, and the shapes it hands on."""

    number: int
    label: str
    ops: Counter[str] = field(default_factory=Counter)
    inputs: dict[Block | Tensor, None] = field(default_factory=dict)  # a dict as an ordered set
    outputs: dict[tuple[Node, int], tuple[int, ...]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The label, and the ops of the block where there are several."""
        total = sum(self.ops.values())
        if total == 1:
            return self.label
        kinds = ", ".join(f"{n} {op}" if n > 1 else op for op, n in self.ops.most_common())
        return f"{self.label} ({total} ops: {kinds})"

    @property
    def shapes(self) -> str:
        """The shapes that the block hands on, as text."""
        return ", ".join(str(shape) for shape in self.outputs.values())


def to_text(root: Tensor, depth: int | None = 1, names: Mapping[str, Tensor] | None = None) -> str:
    """Write one line per block, oldest first: its number, what it is, its inputs -> its output shapes.

    Parameters
    ----------
    root : Tensor, the result to explain
    depth : how many levels of scope to keep apart; None shows every op
    names : names of leaves, for example ``dict(model.named_parameters())``
    """
    name_of = _leaf_names(names)
    lines = []
    for block in blocks(root, depth):
        sources = [str(x.number) if isinstance(x, Block) else name_of(x) for x in block.inputs]
        lines.append(f"{block.number} {block.title}: {', '.join(sources)} -> {block.shapes}")
    return "\n".join(lines)


def to_dot(root: Tensor, depth: int | None = 1, names: Mapping[str, Tensor] | None = None) -> str:
    """The same graph in the dot language: boxes are blocks, ellipses are leaves, arrows carry values."""
    name_of = _leaf_names(names)
    lines = ["digraph {", "  node [shape=box];"]
    leaves: dict[Tensor, str] = {}
    for block in blocks(root, depth):
        lines.append(f"  b{block.number} [label={_quoted(block.title)}];")
        for source in block.inputs:
            if isinstance(source, Block):
                lines.append(f"  b{source.number} -> b{block.number} [label={_quoted(source.shapes)}];")
                continue
            if source not in leaves:
                leaves[source] = f"l{len(leaves) + 1}"
                lines.append(f"  {leaves[source]} [shape=ellipse, label={_quoted(name_of(source))}];")
            lines.append(f"  {leaves[source]} -> b{block.number};")
    return "\n".join([*lines, "}"])


def blocks(root: Tensor, depth: int | None) -> list[Block]:
    """The graph below root, in the order in which it ran, ops of equal scope (to `depth`) in one block."""
    if root.node is None:
        raise InputError("graph: this Tensor was not made by a recorded op; there is no graph below it.")
    found: dict[str | Node, Block] = {}
    owner: dict[Node, Block] = {}
    for node in sorted(_below(root.node), key=lambda node: node.order):
        group = "/".join(node.scope.split("/")[:depth]) if depth is not None else ""
        key = group or node
        block = found.setdefault(key, Block(len(found) + 1, group or node.name))
        owner[node] = block
        block.ops[node.function.__name__] += 1
        for place in node.inputs:
            if isinstance(place, tuple):
                source = owner[place[0]]
                if source is not block:
                    source.outputs[place] = place[0].outputs[place[1]][0]
                    block.inputs[source] = None
            elif place is not None:
                block.inputs[place] = None
    owner[root.node].outputs[root.node, root.output_index] = root.shape
    return list(found.values())


def _below(root: Node) -> set[Node]:
    """Every node that root depends on, and root; a stack instead of recursion."""
    seen, stack = {root}, [root]
    while stack:
        for place in stack.pop().inputs:
            if isinstance(place, tuple) and place[0] not in seen:
                seen.add(place[0])
                stack.append(place[0])
    return seen


def _leaf_names(names: Mapping[str, Tensor] | None) -> Callable[[Tensor], str]:
    known = {tensor: name for name, tensor in (names or {}).items()}
    return lambda leaf: known.get(leaf, f"leaf {leaf.shape}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
