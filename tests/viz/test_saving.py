"""Files: whole or absent, without dates, with their alternative text."""

import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.errors import InputError


def test_a_png_carries_its_alternative_text_and_no_program_name(trace, tmp_path):
    path = viz.save(viz.show_input(trace).figure, tmp_path / "input.png", dpi=50)
    with Image.open(path) as image:
        assert image.info["Description"] == "Input: 160x120 pixels; the network sees it at 128x96."
        assert "Software" not in image.info


def test_axes_are_saved_as_the_figure_they_belong_to(trace, tmp_path):
    axes = viz.show_input(trace)
    of_axes, of_figure = viz.save(axes, tmp_path / "a.png", 50), viz.save(axes.figure, tmp_path / "b.png", 50)
    assert of_axes.read_bytes() == of_figure.read_bytes()


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_same_figure_gives_the_same_bytes(trace, tmp_path, ending):
    for name in "ab":
        viz.save(viz.show_proposals(trace).figure, tmp_path / f"{name}{ending}", dpi=50)
    first, second = ((tmp_path / f"{name}{ending}").read_bytes() for name in "ab")
    assert first == second


def test_another_ending_is_refused_before_anything_is_written(trace, tmp_path):
    with pytest.raises(InputError, match=r"end the name in \.png, \.svg or \.pdf"):
        viz.save(viz.show_input(trace).figure, tmp_path / "input.jpg")
    assert list(tmp_path.iterdir()) == []
