"""`minimaskrcnn demo` prints the detections and draws how they came about."""

import json

import pytest
from PIL import Image

pytestmark = pytest.mark.usefixtures("bundled")


def test_demo_without_arguments(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("demo")
    assert code == 0
    assert out.splitlines()[0].split() == ["class", "score", "x1", "y1", "x2", "y2", "mask", "px"]
    assert "out/demo.png" in err.replace("\\", "/")
    with Image.open("out/demo.png") as figure:
        assert min(figure.size) > 500


def test_json_is_all_of_stdout_and_quiet_empties_stderr(run, tmp_path, picture):
    code, out, err = run(
        "demo", "--image", picture, "--min-score", 0.05, "--json", "-q", "-o", tmp_path / "o"
    )
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["image"] == str(picture)
    assert report["figure"] == str(tmp_path / "o" / "demo.png")
    for found in report["detections"]:
        x1, y1, x2, y2 = found["box"]
        assert 0 <= x1 < x2 <= 60
        assert 0 <= y1 < y2 <= 40
        assert 0 <= found["mask_area"] <= 60 * 40
        assert found["class"] in ("circle", "square", "triangle")
        assert 0.05 < found["score"] <= 1


def test_the_seed_chooses_the_sample_picture(run, tmp_path):
    def detections(seed):
        return json.loads(run("demo", "--json", "--min-score", 0.05, "--seed", seed, "-o", tmp_path)[1])[
            "detections"
        ]

    assert detections(3) == detections(3) != detections(4)


def test_the_micrograph_is_bundled(run, tmp_path):
    assert run("demo", "--model", "nuclei", "-o", tmp_path)[0] == 0
    assert (tmp_path / "demo.png").is_file()


def test_a_missing_picture_leaves_no_output(run, tmp_path):
    code, out, err = run("demo", "--image", tmp_path / "none.png", "-o", tmp_path / "o")
    assert (code, out) == (2, "")
    assert err.startswith("minimaskrcnn demo: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_an_output_folder_that_is_a_file(run, tmp_path):
    (tmp_path / "o").write_text("a file")
    code, _, err = run("demo", "-o", tmp_path / "o")
    assert code == 2
    assert err.count("\n") == 1
