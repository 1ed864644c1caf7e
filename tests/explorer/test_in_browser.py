"""The page in Chromium, from a file: it opens without a request, leads on, tells stories, selects at once."""

import numpy as np
import pytest

from minimaskrcnn.data import Shapes, nuclei_sample
from minimaskrcnn.detection.nms import nms
from minimaskrcnn.evaluation.curves import sample_curve
from minimaskrcnn.explorer import WORLDS, explorer_page, world_page, write_explorer
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.presets import resnet_c4, resnet_fpn

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\">"


def trained():
    from minimaskrcnn import weights
    from minimaskrcnn.io import load_model

    return load_model(weights.path("shapes"))[0]


def hostile_names():
    model = trained()
    model.class_names = ("background", HOSTILE, "square", "triangle")
    return model


def finds_nothing():
    return mini(4, box_score_thresh=0.999, rng=np.random.default_rng(1))


def untrained_c4():
    return mini_c4(4, rng=np.random.default_rng(1))


def sees_boxes_only():
    return mini(4, masks=False, rng=np.random.default_rng(1))


def sees_nuclei():
    from minimaskrcnn import weights
    from minimaskrcnn.io import load_model

    return load_model(weights.path("nuclei"))[0]


def large(make):
    """A model of the paper's size, whose weights mean nothing."""
    return make(4, depth=50, min_size=96, max_size=128, box_score_thresh=0.2, rng=np.random.default_rng(1))


@pytest.fixture
def visit(chromium, tmp_path):
    """`visit(model, image, target)` opens the explorer of a picture; nothing may go wrong or be asked for."""
    asked, wrong, pages = [], [], []

    def open_page(model, image, target=None, title="a picture", **options):
        path = write_explorer(tmp_path / "page.html", explorer_page(model.trace(image), target, title))
        page = chromium.new_page(**options)
        pages.append(page)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert wrong == []


@pytest.mark.parametrize("make", [trained, finds_nothing, untrained_c4, sees_boxes_only, hostile_names])
def test_next_leads_through_every_stage(visit, make):
    page = visit(make(), *Shapes("val")[27], title=HOSTILE)
    stages = page.locator(".rail button").all_text_contents()
    seen = [page.locator(".stage h2").text_content()]
    while page.get_by_role("button", name="Next").is_enabled():
        page.get_by_role("button", name="Next").click()
        seen.append(page.locator(".stage h2").text_content())
        assert page.locator(".stage p").first.text_content().count(". ") == 1  # two sentences
    assert seen == stages
    assert "Mask R-CNN explored" in page.title()
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("make", [resnet_fpn, resnet_c4])
def test_a_model_of_full_size(visit, make):
    page = visit(large(make), *Shapes("val")[27])
    for step in page.locator(".rail button").all():
        step.click()
    assert "Recall at IoU 0.5" in page.locator(".verdict").text_content()


def test_nuclei(visit):
    model = sees_nuclei()
    image, target = nuclei_sample(model.prepare)
    page = visit(model, image, target)
    page.locator(".rail button").last.click()
    assert "of 30 objects" in page.locator(".verdict").text_content()


@pytest.mark.parametrize("size", [(1, 1), (40, 300), (3000, 4000)])
def test_pictures_of_odd_sizes(visit, size):
    page = visit(trained(), np.full((3, *size), 0.5, np.float32))
    for step in page.locator(".rail button").all():
        step.click()
    assert "not known" in page.locator(".verdict").text_content()


def test_a_detection_is_followed_to_its_anchor_by_keyboard(visit):
    model = trained()
    image, target = Shapes("val")[27]
    page = visit(model, image, target)
    trace = model.trace(image)
    page.locator(".rail button").last.click()
    page.locator(".picture canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    told = page.locator(".story").text_content()
    story = trace.story(0)
    assert story.title in told
    for sentence in story.sentences[:3]:
        assert sentence.rstrip(".") in told
    page.get_by_role("button", name="Go to this anchor").first.click()
    anchor = trace["proposal_anchor"][trace["candidate_roi"][trace["detection_candidate"][0]]]
    assert f"Anchor {anchor}" in page.locator(".story h2").text_content()
    page.locator(".picture canvas").focus()
    page.keyboard.press("Escape")
    assert "The story of a box" in page.locator(".story h2").text_content()


def test_a_threshold_selects_at_once_and_says_what_is_lost(visit):
    page = visit(trained(), *Shapes("val")[27])
    score = page.get_by_label("score", exact=False).first
    score = page.locator(".slider", has_text="score").locator("input")
    score.focus()
    page.keyboard.press("End")
    assert page.locator(".funnel tr").last.locator("td").first.text_content() == "0"
    assert "Recall at IoU 0.5: 0 of 4 objects" in page.locator(".verdict").text_content()
    page.locator(".rail button").last.click()
    page.locator(".picture canvas").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    told = page.locator(".story").text_content()
    assert "True object" in told
    assert "its score does not pass the score threshold" in told
    page.get_by_role("button", name="Settings of the model").click()
    assert "Recall at IoU 0.5: 4 of 4 objects" in page.locator(".verdict").text_content()


def test_the_bench_shows_the_articles_step(visit):
    page = visit(trained(), *Shapes("val")[27])
    outputs = page.locator(".compare table")
    assert outputs.locator("caption").all_text_contents() == [
        "RoIPool",
        "RoIWarp",
        "RoIAlign",
        "RoIAlign, aligned",
    ]
    assert outputs.first.locator("td").first.text_content() == "0.80"
    before = outputs.nth(2).locator("td").all_text_contents()
    page.locator(".bench-map").focus()
    page.keyboard.press("ArrowRight")
    assert "Box (1.25, 0.60, 4.45, 3.80)" in page.locator(".bench .status").text_content()
    assert outputs.first.locator("td").first.text_content() == "0.80"  # RoIPool does not notice
    assert outputs.nth(2).locator("td").all_text_contents() != before
    page.get_by_label("takes the").select_option("max")
    assert "your own" in page.get_by_label("operator").locator("option:checked").text_content()


@pytest.fixture
def alone(chromium, tmp_path):
    """`alone(name)` opens a small world; nothing may go wrong."""
    wrong, pages = [], []

    def open_page(name):
        page = chromium.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(write_explorer(tmp_path / "world.html", world_page(name)).as_uri())
        page.wait_for_selector("body[data-ready]")
        assert page.locator(".world h2").text_content() == WORLDS[name]
        return page

    yield open_page
    for page in pages:
        page.close()
    assert wrong == []


def test_the_overlap_of_two_boxes(alone):
    page = alone("iou")
    box = page.locator(".board g").first
    box.focus()
    assert "IoU 0.222" in page.locator(".status").text_content()  # 70 * 70 / (12000 + 15000 - 4900)
    for _ in range(200):
        page.keyboard.press("ArrowLeft")
    assert "IoU 0.000" in page.locator(".status").text_content()


def test_nms_goes_step_by_step_and_back(alone):
    page = alone("nms")
    page.get_by_role("button", name="Next").click()
    assert "Step 1: keep a, drop b" in page.locator(".status").text_content()
    while page.get_by_role("button", name="Next").is_enabled():
        page.get_by_role("button", name="Next").click()
    boxes = np.array(
        [[40, 40, 150, 160], [55, 52, 165, 165], [30, 60, 140, 190], [200, 50, 290, 130]], np.float32
    )
    boxes = np.concatenate([boxes, np.array([[210, 62, 305, 150], [180, 120, 300, 200]], np.float32)])
    kept = nms(boxes, np.array([0.95, 0.9, 0.75, 0.85, 0.6, 0.5], np.float32), 0.5)
    assert f"Done: {len(kept)} of 6" in page.locator(".status").text_content()
    page.get_by_role("button", name="Back").click()
    assert "Done" not in page.locator(".status").text_content()


def test_a_wrong_detection_costs_most_at_the_top(alone):
    page = alone("precision")
    right = np.array([[True, True, False, True, False, False, True, True]])
    expected = sample_curve(right, ~right, 6)[0].mean()
    assert f"AP is {expected:.3f}" in page.locator(".chart p").text_content()
    page.get_by_role("button", name="Up C: wrong").click()
    right[0, [1, 2]] = right[0, [2, 1]]
    expected = sample_curve(right, ~right, 6)[0].mean()
    assert f"AP is {expected:.3f}" in page.locator(".chart p").text_content()


def test_anchors_cover_objects_of_their_size(alone):
    page = alone("anchors")
    before = page.locator(".status").text_content()
    page.get_by_label("anchor size 1").focus()
    page.keyboard.press("End")
    after = page.locator(".status").text_content()
    assert int(after.split()[0]) < int(before.split()[0])
    shapes = page.locator(".board rect").count()
    assert shapes == 6


def test_the_valley_is_deepest_in_the_middle(alone):
    page = alone("valley")
    words = page.locator(".chart p")

    def error():
        return float(words.text_content().split("relative error is ")[1].split(" in ")[0])

    coarse = error()
    page.get_by_label("step h").focus()
    for _ in range(16):
        page.keyboard.press("ArrowLeft")
    assert error() < 1e-8 < 1e-4 < coarse
