"""Notebooks made up for tests: a good one, and pieces to make it wrong."""

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def picture(alt="A dot", data=PIXEL):
    """The output of a cell that shows one picture."""
    bundle = {
        "text/html": f'<img alt="{alt}" src="data:image/png;base64,{data}">',
        "image/png": data,
        "text/plain": f"Figure. {alt}",
    }
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": bundle}


def printed(text, name="stdout"):
    """The output of a cell that prints."""
    return {"output_type": "stream", "name": name, "text": text}


def code(source, *outputs):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}


def prose(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def numbered(*cells):
    """A notebook of these cells and as many empty ones as it takes to have enough, executed in order."""
    cells = [*cells, *(code("pass") for _ in range(30 - len(cells)))]
    for place, cell in enumerate(cells):
        cell["id"] = f"00-{place:02d}"
    for count, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), start=1):
        cell["execution_count"] = count
    return {"metadata": {"kernelspec": {"name": "python3"}}, "cells": cells}
