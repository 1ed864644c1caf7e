"""What `viz.show` hands to a notebook: an image with its words, the same bytes each time, not too wide."""

import base64
import re
from io import BytesIO

import numpy as np
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.viz.style import headline, panels


def decoded(shown):
    data = re.search(r'src="data:image/webp;base64,([^"]+)"', shown._repr_html_()).group(1)
    return Image.open(BytesIO(base64.b64decode(data))).convert("RGB")


def test_the_alternative_text_reaches_the_reader(trace):
    shown = viz.show(viz.show_proposals(trace))
    assert shown.alt.startswith("RPN proposals: ")
    assert f'alt="{shown.alt}"' in shown._repr_html_()
    assert repr(shown) == f"Figure. {shown.alt}"


def test_quotes_do_not_end_the_attribute(trace):
    axes = viz.show_input(trace)
    axes.set_label('A "name" & <more>')
    assert 'alt="A &quot;name&quot; &amp; &lt;more&gt;."' in viz.show(axes)._repr_html_()


def test_the_same_figure_gives_the_same_bytes(trace):
    assert viz.show(viz.show_input(trace)).png == viz.show(viz.show_input(trace)).png


def test_a_wide_figure_is_made_to_fit(trace):
    figure = viz.delta_figure(trace)
    assert figure.get_size_inches()[0] > 7
    assert decoded(viz.show(figure)).width <= 7 * 90
    assert decoded(viz.show(figure, width=5)).width <= 5 * 90


def test_a_viewer_that_strips_html_finds_the_same_pixels_as_a_png(trace):
    shown = viz.show(viz.show_rois(trace), width=4)
    with Image.open(BytesIO(shown._repr_png_())) as png:
        np.testing.assert_array_equal(np.asarray(png.convert("RGB")), np.asarray(decoded(shown)))


def test_no_room_is_left_above_the_headline():
    figure, (ax,) = panels(1, 1, 3, 2, title=1.5)
    headline(ax, "A headline", "in one line")
    rows = np.asarray(decoded(viz.show(figure))).min(axis=(1, 2))
    assert np.flatnonzero(rows < 128)[0] < 0.15 * 90
