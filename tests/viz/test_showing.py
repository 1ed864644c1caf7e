"""What `viz.show` hands to a notebook: an image with its words, the same bytes each time, not too wide."""

import base64
import re
from io import BytesIO

import numpy as np
from PIL import Image

from minimaskrcnn import viz


def decoded(shown):
    data = re.search(r'src="data:image/png;base64,([^"]+)"', shown._repr_html_()).group(1)
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


def test_few_colours_stay_close_to_the_figure(trace):
    axes = viz.show_rois(trace)
    stream = BytesIO()
    axes.figure.savefig(stream, dpi=90)
    true, shown = (
        np.asarray(Image.open(stream).convert("RGB"), float),
        np.asarray(decoded(viz.show(axes)), float),
    )
    assert true.shape == shown.shape
    assert np.abs(true - shown).mean() < 12  # of 255
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 8
