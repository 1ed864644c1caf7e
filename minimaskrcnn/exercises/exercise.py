"""An exercise: a task, the right function, every case of a tiny world, and wrong answers that people give.

The world is enumerated, smallest case first, and never drawn at random. So the first case in which an answer
is wrong is the smallest one there is, and it is the same for everyone.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from matplotlib.axes import Axes

from minimaskrcnn.exercises.comparing import fault
from minimaskrcnn.exercises.wording import in_words

Case = tuple[Any, ...]
"""The arguments of one call, in order."""

Answer = Callable[..., Any]
"""What a student writes."""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """All that one exercise is; see docs/exercises.md for how to write one.

    Attributes
    ----------
    name : what stands after `exercises.check.`
    task : what to write: what comes in and what goes out, with shapes
    reference : the right function, which is the package's own; its parameters name those of the answer
    world : returns the cases, smallest first; arrays of floats are float64
    draw : draws one value of one case into the axes, and says in a few words what it shows
    hints : three, each of which gives away more
    wrong : the wrong answers that the world must tell from the right one, by what is wrong with them
    panel : width and height in inches of the picture of one value
    kernel : how an answer becomes a kernel of the same name, if the detector can run on it
    """

    name: str
    task: str
    reference: Answer
    world: Callable[[], Iterable[Case]]
    draw: Callable[..., str]
    hints: tuple[str, str, str]
    wrong: Mapping[str, Any]
    panel: tuple[float, float] = (3.1, 3.1)
    kernel: Callable[[Answer], Answer] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments, in order."""
        return tuple(inspect.signature(self.reference).parameters)

    titles: ClassVar[tuple[str, str]] = ("Expected", "Yours")
    """Headings of the two panels of a counterexample."""

    def as_function(self, answer: Any) -> Any:
        """What is called for each case: the answer itself."""
        return answer

    def fault(self, got: Any, expected: Any) -> str | None:
        """What is wrong with `got`, as the end of a sentence, or None."""
        return fault(got, expected)

    def sentence(self, case: Case, wrong: str) -> str:
        """What is wrong, and for which arguments."""
        given = (f"{name} = {in_words(value)}" for name, value in zip(self.parameters, case, strict=True))
        return f"for {', '.join(given)} your function {wrong}"

    def draw_expected(self, ax: Axes, expected: Any, case: Case) -> str:
        """Draw what the right answer returns for `case`."""
        return self.draw(ax, expected, *case)

    def draw_got(self, ax: Axes, got: Any, case: Case) -> str:
        """Draw what the answer returned for `case`, in the same frame."""
        return self.draw(ax, got, *case)
