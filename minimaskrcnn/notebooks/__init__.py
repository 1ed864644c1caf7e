"""The notebooks of the course: one source, three editions.

A source is a text file in percent format, `NN_name.py` (`percent`). From its cells come the edition to read,
the student's, with folded answers and blank exercises, and the instructor's, with everything solved
(`editions`). An edition becomes the text of an `.ipynb` file (`ipynb`), and all of them are copied into a
folder to work in (`copying`). All of it takes the standard library alone, so that the package can do
it wherever it is installed.
"""

from minimaskrcnn.notebooks.copying import Copied, copy_notebooks, sources
from minimaskrcnn.notebooks.editions import reading, solutions, student
from minimaskrcnn.notebooks.ipynb import as_notebook, as_text
from minimaskrcnn.notebooks.percent import Cell, read_cells

__all__ = [
    "Cell",
    "Copied",
    "as_notebook",
    "as_text",
    "copy_notebooks",
    "read_cells",
    "reading",
    "solutions",
    "sources",
    "student",
]
