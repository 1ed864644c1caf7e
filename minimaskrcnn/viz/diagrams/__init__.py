"""Diagrams of the network, drawn by hand as SVG: the map with a mark at one part, and close-ups of three.

    diagram("network", "rpn")       # the map, with "you are here" at the region proposal network

Each file in this folder is one diagram. A part is a group with an id, the class "part" and its own title.
"""

import base64
import html
import re
from importlib.resources import files
from xml.etree import ElementTree

from minimaskrcnn.errors import InputError

_SVG = "{http://www.w3.org/2000/svg}"


class Diagram:
    """One diagram, as text in SVG; a notebook shows it as a picture with alternative text.

    Attributes
    ----------
    svg : str
    alt : str
        What it shows, and which part is marked.
    """

    def __init__(self, svg: str, alt: str):
        self.svg, self.alt = svg, alt

    def __repr__(self) -> str:
        return f"Diagram. {self.alt}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        data = base64.b64encode(self.svg.encode()).decode("ascii")
        image = f'<img alt="{html.escape(self.alt)}" src="data:image/svg+xml;base64,{data}">'
        return {"text/html": image, "image/svg+xml": self.svg, "text/plain": repr(self)}


def diagram(name: str, *here: str) -> Diagram:
    """Return the diagram `name`, with "you are here" at the parts `here`.

    Parameters
    ----------
    name : str
        "network" is the map; "pyramid_step", "rpn_head" and "mask_heads" are close-ups.
    here : str
        Ids of parts, such as "backbone", "rpn" or "mask_head".

    Raises
    ------
    InputError
        There is no such diagram, or it has no such part.

    Examples
    --------
    >>> diagram("network", "rpn").alt.endswith("You are here: Region proposal network (RPN).")
    True
    """
    folder = {path.name[:-4]: path for path in files(__name__).iterdir() if path.name.endswith(".svg")}
    if name not in folder:
        raise InputError(f"diagram: there is no {name!r}; choose one of {', '.join(sorted(folder))}.")
    svg = folder[name].read_text("utf-8")
    root = ElementTree.fromstring(svg)
    titles = {part.get("id"): part.findtext(f"{_SVG}title") for part in root.iter(f"{_SVG}g")}
    for part in here:
        if part not in titles:
            known = ", ".join(map(str, titles)) or "none"
            raise InputError(f"diagram: {name!r} has no part {part!r}; its parts are: {known}.")
        svg = svg.replace(f'id="{part}" class="part"', f'id="{part}" class="part here"')
    words = [root.findtext(f"{_SVG}title", "") + ".", root.findtext(f"{_SVG}desc", "")]
    words += [f"You are here: {', '.join(str(titles[part]) for part in here)}."] if here else []
    return Diagram(svg, re.sub(r"\s+", " ", " ".join(words)))
