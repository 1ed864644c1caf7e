"""`minimaskrcnn train` follows a recipe, shows progress on stderr, and can be stopped and resumed."""

import json
import re
from dataclasses import fields, replace

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn import data
from minimaskrcnn.cli import build_parser, sources
from minimaskrcnn.cli.auto_anchors import with_fitting_anchors
from minimaskrcnn.cli.settings import adapt
from minimaskrcnn.cli.train import plan
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import anchor_coverage
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.models import RESNET_FPN, Config, MaskRCNN, mini
from minimaskrcnn.models.aliases import ALIASES
from minimaskrcnn.training import RECIPES, Recipe

QUICK = (
    "--set=steps=2",
    "--set=batch_size=1",
    "--set=model.proposals=[20,20]",
    "--set=model.detections_per_img=5",
    "--set=model.image_size=[64,64]",
    "--set=model.samples=[16,8]",
)


@pytest.fixture
def few_shapes(monkeypatch):
    """Two pictures a split."""
    monkeypatch.setattr(sources.data, "Shapes", lambda split: data.shapes.Shapes(split, size=2))


@pytest.mark.usefixtures("few_shapes")
def test_a_run_leaves_a_model_a_log_and_curves(run, tmp_path):
    code, out, err = run("train", "shapes", "-o", tmp_path, "--json", *QUICK)
    report = json.loads(out)
    assert code == 0
    assert report["steps"] == 2
    assert {"box_AP", "mask_AP"} <= report.keys()
    assert re.search(r"2/2 .* obj .* rpn .* cls .* box .* mask ", err)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.npz",
        "curves.png",
        "log.jsonl",
        "model.npz",
        "state.npz",
    ]
    model, facts = load_model(report["model"])
    assert facts["class_names"][1:] == ["circle", "square", "triangle"]
    assert model.num_classes == 4


@pytest.mark.usefixtures("few_shapes")
def test_quiet_is_quiet(run, tmp_path):
    code, out, err = run("train", "shapes", "-o", tmp_path, "-q", *QUICK)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split()[:3] == ["model", "steps", "seconds"]


@pytest.mark.usefixtures("few_shapes")
def test_an_interrupted_run_says_how_to_go_on(run, tmp_path, monkeypatch):
    honest = MaskRCNN.losses

    def stop_in_the_second(self, *args):
        if (tmp_path / "log.jsonl").read_text():
            raise KeyboardInterrupt
        return honest(self, *args)

    monkeypatch.setattr(MaskRCNN, "losses", stop_in_the_second)
    words = ("train", "shapes", "-o", tmp_path, *QUICK)
    code, out, err = run(*words)
    assert (code, out) == (1, "")
    assert "--resume" in err
    assert err.endswith("minimaskrcnn train: interrupted\n")
    monkeypatch.undo()
    monkeypatch.setattr(sources.data, "Shapes", lambda split: data.shapes.Shapes(split, size=2))
    assert run(*words, "--resume")[0] == 0
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 2]  # two updates and the evaluation after the second


@pytest.mark.usefixtures("few_shapes")
def test_a_second_run_does_not_overwrite_the_first(run, tmp_path):
    run("train", "shapes", "-o", tmp_path, "-q", *QUICK)
    before = (tmp_path / "model.npz").read_bytes()
    code, _, err = run("train", "shapes", "-o", tmp_path, "-q", *QUICK)
    assert code == 2
    assert "--resume" in err
    assert (tmp_path / "model.npz").read_bytes() == before


@pytest.mark.usefixtures("few_shapes")
def test_a_run_that_diverges_is_exit_code_1(run, tmp_path):
    wild = ("--set=lr=1e30", "--set=warmup=0", "--set=clip_norm=1e30", "--set=steps=5")
    code, out, err = run("train", "shapes", "-o", tmp_path, "-q", *QUICK, *wild)
    assert (code, out) == (1, "")
    assert "step 2" in err
    assert not (tmp_path / "model.npz").exists()


def test_changes_reach_the_recipe():
    recipe = adapt(RECIPES["shapes"], ["steps=7", "lr=1", "optimizer=sgd", "model.anchor_sizes=[4,8,16]"])
    assert (recipe.steps, recipe.lr, recipe.optimizer) == (7, 1.0, "sgd")
    assert recipe.model.anchor_sizes == (4, 8, 16)
    assert RECIPES["shapes"].steps != 7


@pytest.mark.parametrize("value", ["[backbone,rpn]", "[ backbone, rpn ]", '["backbone", "rpn"]'])
def test_names_are_a_list_with_or_without_quotes(value):
    assert adapt(RECIPES["shapes"], [f"freeze={value}"]).freeze == ("backbone", "rpn")


def test_another_preset_begins_with_its_own_settings():
    for changes in (["preset=resnet_fpn", "depth=18"], ["model.depth=18", "model.preset=resnet_fpn"]):
        assert adapt(RECIPES["nuclei"], changes).model == RESNET_FPN.changed(depth=18)
        assert adapt(RECIPES["nuclei"], changes).predict == {}


def test_any_setting_of_the_model_can_be_named():
    recipe = adapt(
        RECIPES["nuclei"], ["rpn_nms_thresh=0.6", "model.proposals=[30,20]", "predict.min_size=96"]
    )
    assert (recipe.model.rpn_nms_thresh, recipe.model.rpn_post_nms_top_n_test) == (0.6, 20)
    assert recipe.predict == {**RECIPES["nuclei"].predict, "min_size": 96}


def test_later_changes_win_in_old_words_and_new():
    changes = ["model.min_size=96", "predict.image_size=[64,128]", "predict.max_size=72"]
    recipe = adapt(RECIPES["nuclei"], changes)
    assert (recipe.model.min_size, recipe.model.max_size) == (96, 512)
    assert (recipe.predict["min_size"], recipe.predict["max_size"]) == (64, 72)


def test_no_setting_of_the_recipe_has_the_name_of_one_of_the_model():
    both = {field.name for field in fields(Recipe)} & ({field.name for field in fields(Config)} | {*ALIASES})
    assert both == set()


@pytest.mark.usefixtures("few_shapes")
def test_a_run_from_given_weights_says_what_is_drawn_anew(run, tmp_path):
    two_classes = mini(2, proposals=(20, 20), rng=np.random.default_rng(0))
    save_model(tmp_path / "old.npz", two_classes, {})
    words = ("--weights", tmp_path / "old.npz", "--set=freeze=[backbone,rpn]", *QUICK)
    code, _, err = run("train", "shapes", "-o", tmp_path / "new", *words)
    assert code == 0
    assert re.search(
        r"start: .*old.npz; drawn anew: roi_heads.box_predictor, roi_heads.mask_predictor\n", err
    )
    new, _ = load_model(tmp_path / "new" / "model.npz")
    old, state = two_classes.state_dict(), new.state_dict()
    assert all(np.array_equal(state[n], old[n]) for n in old if n.startswith(("backbone", "rpn")))
    assert not np.array_equal(state["roi_heads.box_head.fc6.bias"], old["roi_heads.box_head.fc6.bias"])


@pytest.mark.usefixtures("few_shapes")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--weights", "nothing.npz"), "no such file"),
        (("--set=freeze=[backbones]",), "no parameter has such a name"),
        (("--set=freeze=[*]",), "every parameter is frozen"),
    ],
)
def test_weights_and_freezing_that_cannot_be(run, tmp_path, words, says):
    code, out, err = run("train", "shapes", "-q", "-o", tmp_path / "new", *words, *QUICK)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("change", ["freeze=backbone", "freeze=[1]", "freeze=3"])
def test_names_that_are_no_list(change):
    with pytest.raises(InputError, match="list of names"):
        adapt(RECIPES["shapes"], [change])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("steps", "expected NAME=VALUE"),
        ("stepz=3", "--set 'stepz': there is no such setting; did you mean steps"),
        ("model=mini", "--set 'model': there is no such setting"),
        ("model.rpn_nms_tresh=1", "--set 'model.rpn_nms_tresh': .* did you mean rpn_nms_thresh"),
        ("predict.scor_thresh=1", "--set 'predict.scor_thresh': .* did you mean .*score_thresh"),
        ("num_classes=3", "--set 'num_classes': there is no such setting"),
        ("steps=1.5", "steps: expected a whole number from 1 to 1,000,000,000; got 1.5"),
        ("steps=true", "steps: expected a whole number .*; got True"),
        ("lr=fast", "lr: expected a number from 1e-12 to 1e.30; got 'fast'"),
        ("lr=-1", "lr: expected a number .*; got -1"),
        ("rpn_nms_thresh=7", "rpn_nms_thresh: expected a number from 0 to 1; got 7"),
        ("predict.rpn_nms_thresh=7", "rpn_nms_thresh: expected a number from 0 to 1; got 7"),
        ("anchor_sizes=[1,2]", "anchor_sizes has 2 entries"),
        ("augment=[spin]", "augment: expected a list of names among horizontal_flip"),
        ("model.preset=[1]", "preset .1. is unknown"),
        ("steps=" + "9" * 5000, "is not a usable value"),
        ("model.min_size=" + "[" * 3000, "is not a usable value|expected a whole number"),
    ],
)
def test_changes_that_make_no_sense(change, says):
    with pytest.raises(InputError, match=says) as caught:
        adapt(RECIPES["shapes"], [change])
    assert len(str(caught.value)) < 400


@pytest.mark.usefixtures("few_shapes")
@pytest.mark.parametrize("change", ["predict.scor_thresh=0.1", "checkpoint_every=0", "model.proposal=[1,2]"])
def test_what_makes_no_sense_is_said_before_the_first_step(run, tmp_path, change):
    code, out, err = run("train", "shapes", "-o", tmp_path / "new", *QUICK, f"--set={change}")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_every_recipe_can_be_trained_by_name():
    assert set(RECIPES) == {"shapes", "nuclei", "coco"}


# ---- validation, epochs, stopping early ------------------------------------------------------------------


@pytest.fixture
def photographs(tmp_path):
    """Five pictures with a square each, as words of the command line."""
    for name in range(5):
        Image.new("RGB", (40, 30), (90, 120, 150)).save(tmp_path / f"{name}.png")
    content = {
        "images": [{"id": i, "file_name": f"{i}.png", "width": 40, "height": 30} for i in range(5)],
        "annotations": [
            {
                "id": i,
                "image_id": i,
                "category_id": 1,
                "bbox": [5, 5, 15, 15],
                "area": 225,
                "segmentation": [[5, 5, 20, 5, 20, 20, 5, 20]],
            }
            for i in range(5)
        ],
        "categories": [{"id": 1, "name": "square"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    return ("train", "coco", "--data", tmp_path / "a.json", "--images", tmp_path, *QUICK[1:])


def records(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_part_of_the_pictures_is_kept_for_validation(run, photographs, tmp_path):
    words = ("-o", tmp_path / "run", "--val-fraction", "0.4", "--epochs", "2", "--json")
    code, out, err = run(*photographs, *words)
    report = json.loads(out)
    assert code == 0
    assert report["steps"] == 6  # two rounds through three pictures
    assert [r["step"] for r in records(tmp_path / "run") if "box_AP" in r] == [3, 6]
    assert report["best"] == str(tmp_path / "run" / "best.npz")
    assert report["best_step"] in (3, 6)
    assert "step 6: box_AP" in err


def test_validation_pictures_of_their_own(run, photographs, tmp_path):
    words = ("-o", tmp_path / "run", "--val-data", tmp_path / "a.json", "--set=steps=1", "-q")
    assert run(*photographs, *words)[0] == 0
    assert [set(r) >= {"box_AP", "mask_AP"} for r in records(tmp_path / "run")] == [False, True]


def test_without_validation_pictures_it_says_so(run, photographs, tmp_path):
    code, _, err = run(*photographs, "-o", tmp_path / "run", "--set=steps=1")
    assert code == 0
    assert "no validation pictures, so no AP: --val-fraction 0.2" in err
    assert not (tmp_path / "run" / "best.npz").exists()


def test_a_finished_run_can_be_resumed_and_reports_again(run, photographs, tmp_path):
    words = ("-o", tmp_path / "run", "--val-fraction", "0.4", "--set=steps=1", "--json", "-q")
    first, again = run(*photographs, *words), run(*photographs, *words, "--resume")
    assert json.loads(first[1]) == json.loads(again[1])


def test_anchors_are_those_that_anchors_suggests_for_the_pictures_to_learn_from(run, photographs, tmp_path):
    words = ("-o", tmp_path / "run", "--val-fraction", "0.4", "--anchors", "auto", "--set=steps=1")
    code, _, err = run(*photographs, *words)
    assert code == 0
    assert "anchors: sizes [24, 25, 26] fit the 3 objects, instead of [24, 56, 128]" in err  # 15 px * 64 / 40
    assert load_model(tmp_path / "run" / "model.npz")[0].config.anchor_sizes == (24, 25, 26)
    assert run(*photographs, *words, "--resume")[0] == 0


def test_a_run_keeps_its_anchors_when_its_pictures_change(run, photographs, tmp_path):
    words = ("-o", tmp_path / "run", "--anchors", "auto", "--set=steps=1")
    assert run(*photographs, *words)[0] == 0
    sizes = load_model(tmp_path / "run" / "model.npz")[0].config.anchor_sizes
    content = json.loads((tmp_path / "a.json").read_text())
    for entry in content["annotations"]:
        entry["bbox"][2] /= 2
    (tmp_path / "a.json").write_text(json.dumps(content))
    code, _, err = run(*photographs, *words, "--resume", "--changed-data")
    assert code == 0
    assert f"sizes {list(sizes)}, with which the run was begun" in err


def test_suggested_anchors_equal_those_of_the_command(tmp_path, photographs):
    dataset = data.CocoDataset(tmp_path / "a.json", tmp_path)
    coverage = anchor_coverage(mini(2, rng=np.random.default_rng(0)), dataset)
    recipe = replace(RECIPES["coco"], model=mini(2).config)
    assert with_fitting_anchors(recipe, dataset).model.anchor_sizes[0] == coverage.suggested[0]


def test_without_objects_no_anchors_fit(tmp_path, photographs):
    dataset = data.CocoDataset(tmp_path / "a.json", tmp_path)
    dataset.file.annotations.clear()
    with pytest.raises(InputError, match="have no objects; leave it out"):
        with_fitting_anchors(RECIPES["coco"], dataset)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--anchors", "auto", "--set=anchor_sizes=[8,16,32]"), "both set the anchors"),
        (("--epochs", "2", "--set=steps=3"), "both set the length of the run"),
        (("--val-data", "x.json", "--val-fraction", "0.5"), "both name the validation pictures"),
        (("--val-images", "x"), "with --val-data"),
        (("--val-fraction", "0"), "a fraction between 0 and 1"),
        (("--val-data", "nowhere.json"), "nowhere.json"),
    ],
)
def test_options_that_do_not_fit(run, photographs, tmp_path, words, says):
    code, out, err = run(*photographs, "-q", "-o", tmp_path / "run", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_shapes_have_validation_pictures_of_their_own(run, tmp_path):
    code, _, err = run("train", "shapes", "-q", "-o", tmp_path / "run", "--val-fraction", "0.5")
    assert code == 2
    assert "belong to coco" in err


def test_a_run_may_be_told_to_stop_early():
    args = build_parser().parse_args(["train", "shapes", "--early-stop", "3"])
    assert plan(args).early_stop == 3
