"""The diagrams drawn by hand: well-formed, described, the same in the docs, marked where they are told."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.viz import diagrams

FOLDER = Path(diagrams.__file__).parent
DRAWN = sorted(path.stem for path in FOLDER.glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", DRAWN)
def test_a_diagram_has_title_description_and_named_parts(name):
    root = ElementTree.fromstring(viz.diagram(name).svg)
    assert root.findtext(f"{SVG}title")
    assert len(root.findtext(f"{SVG}desc").split()) > 25
    parts = list(root.iter(f"{SVG}g"))
    assert all(part.findtext(f"{SVG}title") for part in parts)
    assert len({part.get("id") for part in parts}) == len(parts)


@pytest.mark.parametrize("name", DRAWN)
def test_the_docs_show_the_same_diagram(name):
    copy = Path(__file__).parents[2] / "docs" / "images" / f"{name}.svg"
    assert copy.read_text("utf-8") == (FOLDER / f"{name}.svg").read_text("utf-8")


def test_every_part_of_the_map_can_be_marked():
    plain = viz.diagram("network")
    assert "part here" not in plain.svg
    for group in ElementTree.fromstring(plain.svg).iter(f"{SVG}g"):
        marked = viz.diagram("network", group.get("id"))
        assert marked.svg.count('class="part here"') == 1
        assert marked.alt == f"{plain.alt} You are here: {group.findtext(f'{SVG}title')}."


def test_a_notebook_gets_a_picture_with_alternative_text():
    bundle = viz.diagram("network", "rpn", "class_nms")._repr_mimebundle_()
    assert 'alt="Map of Mask R-CNN. A picture passes' in bundle["text/html"]
    assert bundle["image/svg+xml"].count('class="part here"') == 2
    assert bundle["text/plain"].endswith("Region proposal network (RPN), NMS within each class.")


def test_an_unknown_diagram_or_part_is_refused():
    with pytest.raises(InputError, match="no 'metro'; choose one of mask_heads, network, "):
        viz.diagram("metro")
    with pytest.raises(InputError, match="'network' has no part 'rnp'; its parts are: picture, backbone, "):
        viz.diagram("network", "rnp")
    with pytest.raises(InputError, match="has no part 'rpn'; its parts are: none"):
        viz.diagram("rpn_head", "rpn")


def test_the_two_mask_heads_have_the_sizes_that_are_drawn():
    drawn = viz.diagram("mask_heads").svg
    for build, channels, grid, side in ((mini_c4, 128, 7, 14), (mini, 64, 14, 28)):
        heads = build(4, rng=np.random.default_rng(0)).roi_heads
        assert (heads.box_extractor.output_size, heads.mask_extractor.output_size) == (7, grid)
        roi = Tensor(np.zeros((1, channels, grid, grid), np.float32))
        assert heads.mask_predictor(heads.mask_head(roi)).shape == (1, 4, side, side)
        assert f"{side} × {side} × K" in drawn
