"""True colours: a bound on each channel, and a comparison that sees what changed and not how it was drawn."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.viz.saving import render
from minimaskrcnn.viz.style import GREEN, ORANGE, new_figure
from minimaskrcnn.viz.true_colour import SAME, TABLE, WORST, apart, five_bits, small_png


def as_png(rgb):
    stream = BytesIO()
    Image.fromarray(rgb).save(stream, "PNG")
    return stream.getvalue()


def as_array(png):
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"), int)


def test_no_level_moves_by_more_than_four_and_paper_stays_white():
    assert max(abs(kept - value) for value, kept in enumerate(TABLE)) == WORST == 4
    assert (TABLE[0], TABLE[255]) == (0, 255)
    assert [TABLE[kept] for kept in TABLE] == TABLE


def test_no_pixel_of_a_figure_is_further_from_the_truth(trace):
    axes = viz.show_detections(trace)
    true, small = as_array(render(axes.figure, "png", 60)), as_array(small_png(axes, 60))
    assert true.shape == small.shape
    assert np.abs(true - small).max() <= WORST


def test_the_alternative_text_is_in_the_file(trace):
    with Image.open(BytesIO(small_png(viz.show_input(trace), 40))) as picture:
        assert picture.info["Description"] == "Input: 160x120 pixels; the network sees it at 128x96."


@pytest.fixture(scope="module")
def drawing():
    """A figure of a square on a plot with words; `drawing(...)` draws it with a change."""

    def draw(colour=ORANGE, x=0.2, word="square", dpi=80):
        ax = new_figure(3, 2).add_subplot()
        ax.fill([x, x + 0.3, x + 0.3, x], [0.2, 0.2, 0.6, 0.6], color=colour)
        ax.text(0.2, 0.8, word, fontsize=24)
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        return small_png(ax, dpi)

    return draw


def test_the_same_drawing_is_the_same(drawing):
    assert apart(drawing(), drawing()) == 0


def test_a_drawing_that_moved_by_two_pixels_shows_the_same(drawing):
    rgb = as_array(drawing()).astype(np.uint8)
    assert apart(drawing(), as_png(np.roll(rgb, (1, 2), (0, 1)))) < SAME


def test_another_colour_another_place_another_word_and_another_size_are_seen(drawing):
    changed = [drawing(colour=GREEN), drawing(x=0.4), drawing(word="circle"), drawing(dpi=90)]
    assert all(apart(drawing(), other) > SAME for other in changed)


def test_a_palette_is_seen(trace):
    """What 48 colours do to a figure: a mask or a box takes the colour of what lies under it."""
    true = render(viz.show_detections(trace).figure, "png", 110)
    with Image.open(BytesIO(true)) as picture:
        few = picture.convert("RGB").quantize(16, dither=Image.Dither.NONE).convert("RGB")
        kept = five_bits(picture)
    assert apart(true, as_png(np.asarray(few))) > SAME
    assert apart(true, as_png(np.asarray(kept))) < 0.02


def test_pictures_smaller_than_a_block_are_compared_whole():
    black, white = (as_png(np.full((8, 8, 3), level, np.uint8)) for level in (0, 255))
    assert apart(black, white) > SAME
    assert apart(black, black) == 0
