"""Keypoints from end to end by command: train on a COCO file, predict, score, and draw what was found."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.cli import build_parser, examples
from minimaskrcnn.data import Shapes, ShapesWithKeypoints, read_image
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import Trace
from minimaskrcnn.io import load_model

NAMES = ["top", "left_end", "right_end"]
QUICK = ("steps=3", "batch_size=2", "keypoints=3", "keypoint_layers=[8]", "evaluate_every=3", "min_size=96")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four pictures of shapes with their topmost, leftmost and rightmost pixels as keypoints."""
    folder, images, annotations = tmp_path_factory.mktemp("keypoints"), [], []
    for i in range(4):
        image, target = Shapes("train")[i]
        Image.fromarray((255 * image.transpose(1, 2, 0)).round().astype(np.uint8)).save(folder / f"{i}.png")
        images.append({"id": i + 1, "file_name": f"{i}.png", "height": 128, "width": 128})
        for label, box, mask in zip(target.labels, target.boxes, np.asarray(target.masks), strict=True):
            y, x = np.nonzero(mask)
            places = [(x[k] + 0.5, y[k] + 0.5, 2) for k in (y.argmin(), x.argmin(), x.argmax())]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": i + 1,
                    "category_id": int(label),
                    "bbox": [float(v) for v in (*box[:2], *(box[2:] - box[:2]))],
                    "area": int(mask.sum()),
                    "iscrowd": 0,
                    "keypoints": np.array(places, float).ravel().tolist(),
                    "num_keypoints": 3,
                }
            )
    kinds = [
        {"id": k, "name": name, "keypoints": NAMES, "skeleton": [[1, 2], [2, 3]]}
        for k, name in enumerate(Shapes.class_names[1:], start=1)
    ]
    content = {"images": images, "annotations": annotations, "categories": kinds}
    (folder / "instances.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    file, changes = str(data / "instances.json"), [f"--set={change}" for change in QUICK]
    command = [
        "train",
        "coco",
        "--data",
        file,
        "--images",
        str(data),
        "--val-data",
        file,
        "-o",
        str(out),
        "-q",
    ]
    subprocess.run([sys.executable, "-m", "minimaskrcnn", *command, *changes], check=True)
    return out


def test_a_run_learns_keypoints_and_keeps_their_names(trained):
    records = [json.loads(line) for line in (trained / "log.jsonl").read_text().splitlines()]
    assert records[0]["loss_keypoint"] > 2
    assert {"box_AP", "keypoint_AP"} <= records[-1].keys()
    model, _ = load_model(trained / "model.npz")
    assert model.skeleton.names == tuple(NAMES)
    assert model.skeleton.limbs == ((0, 1), (1, 2))


def test_predictions_are_scored_from_the_file_as_they_are_by_the_model(run, data, trained, tmp_path):
    file, model = data / "instances.json", trained / "model.npz"
    pictures = [data / f"{i}.png" for i in range(4)]
    code, out, _ = run(
        "predict", *pictures, "--model", model, "--ids-from", file, "-o", tmp_path, "--json", "--min-score=0"
    )
    assert code == 0
    entry = json.loads((tmp_path / "detections.json").read_text())[0]
    assert len(entry["keypoints"]) == 9
    assert entry["keypoints"][2::3] == [1, 1, 1]
    shown = json.loads(out)["images"][0]["detections"][0]["keypoints"]
    np.testing.assert_allclose(
        [p[:2] for p in shown], np.reshape(entry["keypoints"], (3, 3))[:, :2], atol=0.01
    )
    by_model = run("evaluate", "coco", "--data", file, "--images", data, "--model", model, "--json")
    by_file = run("evaluate", "coco", "--data", file, "--results", tmp_path / "detections.json", "--json")
    assert by_model[0] == by_file[0] == 0
    scores = [json.loads(answer[1])["keypoint"] for answer in (by_model, by_file)]
    assert scores[0] == scores[1]
    assert {"AP", "APm", "APl", "AR20"} <= scores[0].keys()


@pytest.mark.parametrize(("shift", "lowest", "highest"), [(0, 1, 1), (1, 0.5, 0.99), (30, 0, 0)])
def test_results_are_scored_by_how_far_their_keypoints_lie_from_the_truth(
    run, data, tmp_path, shift, lowest, highest
):
    truth = json.loads((data / "instances.json").read_text())["annotations"]
    entries = [
        {
            **{name: one[name] for name in ("image_id", "category_id")},
            "score": 0.9,
            "keypoints": (np.reshape(one["keypoints"], (3, 3)) + np.array([shift, 0, 0])).ravel().tolist(),
        }
        for one in truth
    ]
    (tmp_path / "r.json").write_text(json.dumps(entries))
    code, out, _ = run(
        *("evaluate", "coco", "--data", data / "instances.json", "--results", tmp_path / "r.json", "--json")
    )
    assert code == 0
    assert lowest <= json.loads(out)["keypoint"]["AP"] <= highest


def test_a_trace_keeps_every_heat_map(data, trained, tmp_path):
    model, _ = load_model(trained / "model.npz")
    trace = model.trace(read_image(data / "0.png"))
    found = model.predict([read_image(data / "0.png")])[0]
    np.testing.assert_array_equal(trace.detections.keypoints, found.keypoints)
    assert trace["keypoint_heatmaps"].shape == (len(found), 3, 56, 56)
    trace.save(tmp_path / "trace.npz")
    loaded = Trace.load(tmp_path / "trace.npz")
    assert loaded.context.skeleton == model.skeleton
    np.testing.assert_array_equal(loaded.detections.keypoint_scores, found.keypoint_scores)
    figure = viz.heatmap_figure(loaded)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["top", "left end", "right end"]
    assert "3 heat maps" in viz.alt_text(figure)
    with pytest.raises(InputError, match="they count from 0"):
        viz.heatmap_figure(loaded, len(found))


def test_limbs_are_drawn_between_visible_keypoints_only():
    from minimaskrcnn.detection.skeleton import Skeleton

    ax, skeleton = viz.new_figure(3, 3).add_subplot(), Skeleton(("a", "b", "c"), ((0, 1), (1, 2)))
    viz.draw_keypoints(ax, np.array([[[1, 1, 1], [2, 2, 1], [3, 3, 0.0]]]), ["red"], skeleton)
    lines = [np.column_stack(line.get_data()).tolist() for line in ax.lines]
    assert lines == [[[1, 1], [2, 2]], [[1, 1], [2, 2]]]  # one limb, then both points


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("keypoints=5",), "the model has 5 keypoints per object, the data 3; --set keypoints=3"),
        (("keypoints=3", "keypoint_layers=5"), "keypoint_layers: expected None, or a list"),
    ],
)
def test_keypoints_that_the_data_do_not_have_are_refused_at_once(run, data, tmp_path, changes, words):
    file = data / "instances.json"
    code, _, err = run(
        "train", "coco", "--data", file, "--images", data, "-o", tmp_path, *(f"--set={c}" for c in changes)
    )
    assert code == 2
    assert words in err.splitlines()[-1]


def test_data_with_keypoints_are_used_without_them_unless_asked(run, data, tmp_path):
    file = data / "instances.json"
    changes = [f"--set={change}" for change in QUICK if "keypoint" not in change]
    code, _, err = run("train", "coco", "--data", file, "--images", data, "-o", tmp_path, *changes)
    assert code == 0
    assert "--set keypoints=3 adds a branch that learns them" in err


def test_keypoints_without_names_are_not_flipped_in_silence(run, data, tmp_path):
    content = json.loads((data / "instances.json").read_text())
    for kind in content["categories"]:
        del kind["keypoints"]
    file = tmp_path / "unnamed.json"
    file.write_text(json.dumps(content))
    command = ["train", "coco", "--data", file, "--images", data, *(f"--set={c}" for c in QUICK)]
    code, _, err = run(*command, "-o", tmp_path / "flipped")
    assert code == 2
    assert "horizontal_flip cannot tell left from right" in err.splitlines()[-1]
    assert "--set augment=[scale_jitter,colour_jitter]" in err.splitlines()[-1]
    assert run(*command, "--set=augment=[scale_jitter,colour_jitter]", "-o", tmp_path / "run")[0] == 0


def test_stages_follow_keypoints_to_the_truth(data, trained):
    own = (data / "0.png", "--model", trained / "model.npz", "--truth", data / "instances.json")
    figures = figures_of_stages(*own)
    assert {"heat-maps", "keypoint-steps", "oks"} <= figures.keys()
    assert "keypoint AP" in viz.alt_text(figures["average-precision"]())


def figures_of_stages(*words):
    """What `stages` draws, by name; each figure is drawn when it is called."""
    args = build_parser().parse_args(["stages", *map(str, words)])
    return {entry.name: draw for entry, draw in viz.stage_figures(examples.gather(args).example).items()}


def test_weights_without_keypoints_can_learn_some(data, tmp_path):
    file = str(data / "instances.json")
    where = ("--data", file, "--images", str(data), "--val-data", file, "-o", str(tmp_path / "new"))
    changes = [f"--set={change}" for change in (*QUICK, "model.preset=mini")]
    command = [sys.executable, "-m", "minimaskrcnn", "train", "coco", *where, "--weights", "shapes", *changes]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "drawn anew: roi_heads.keypoint_head, roi_heads.keypoint_predictor" in done.stderr
    model, _ = load_model(tmp_path / "new" / "model.npz")
    assert model.roi_heads.has_keypoints


@pytest.fixture(scope="module")
def of_shapes(tmp_path_factory):
    """A run of one step on the generated shapes."""
    out = tmp_path_factory.mktemp("shapes")
    changes = ("steps=1", "batch_size=1", "keypoints=3", "keypoint_layers=[8]", "evaluate_every=5")
    command = [
        "train",
        "shapes",
        "--weights",
        "shapes",
        "-o",
        str(out),
        "-q",
        *(f"--set={c}" for c in changes),
    ]
    subprocess.run([sys.executable, "-m", "minimaskrcnn", *command], check=True)
    return out / "model.npz"


def test_shapes_have_keypoints_for_a_model_that_finds_some(run, of_shapes):
    model, _ = load_model(of_shapes)
    assert model.skeleton == ShapesWithKeypoints.skeleton
    code, out, _ = run("evaluate", "shapes", "--model", of_shapes, "--json")
    assert code == 0
    assert json.loads(out)["keypoint"].keys() >= {"AP", "AP50"}


def test_stages_of_shapes_show_keypoints_without_files_of_ones_own(of_shapes, monkeypatch):
    monkeypatch.setitem(examples.PICTURES, "shapes", 2)
    figures = figures_of_stages("--model", of_shapes)
    for name in ("heat-maps", "keypoint-steps", "oks"):
        assert viz.alt_text(figures[name]())
    assert "keypoint AP" in viz.alt_text(figures["average-precision"]())


def test_shapes_name_the_number_of_keypoints_that_they_have(run, tmp_path):
    code, _, err = run("train", "shapes", "--set", "keypoints=17", "-o", tmp_path)
    assert code == 2
    assert "the model has 17 keypoints per object, the data 3; --set keypoints=3." in err.splitlines()[-1]
