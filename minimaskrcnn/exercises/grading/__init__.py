"""Grade filled notebooks: take the functions out of each, and check them in a separate process.

A notebook is not run from top to bottom. Only the statements that its answers need are taken out of it
(`slicing`), and executed by a process of its own (`worker`), which the grader watches and may kill
(`supervising`). What the notebook printed when its author ran it plays no part.
"""

from minimaskrcnn.exercises.grading.grader import Grade, Mark, grade

__all__ = ["Grade", "Mark", "grade"]
