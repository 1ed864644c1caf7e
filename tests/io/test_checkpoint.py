"""A checkpoint comes back equal, and a file that is none is refused in one sentence."""

import errno
import io
import pickle
import zipfile

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.models import mini, mini_c4


@pytest.mark.parametrize("make", [mini, mini_c4])
def test_a_model_comes_back_equal(tmp_path, make):
    model = make(3, anchor_sizes=(8, 16, 32), roi_operator="roi_pool", rng=np.random.default_rng(0))
    save_model(tmp_path / "m.npz", model, {"class_names": ["background", "a", "b"]})
    loaded, meta = load_model(tmp_path / "m.npz")
    assert meta["class_names"] == ["background", "a", "b"]
    assert loaded.config == model.config
    state = loaded.state_dict()
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(state[name], array)
        assert state[name].dtype == array.dtype
    image = np.random.default_rng(1).random((3, 64, 64)).astype(np.float32)
    np.testing.assert_array_equal(loaded.predict([image])[0].boxes, model.predict([image])[0].boxes)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "m.npz"
    save_model(path, mini(3, rng=np.random.default_rng(0)), {})
    return path


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_model(tmp_path / "nothing.npz")


@pytest.mark.parametrize("keep", [0, 10, 1000, -100, -10])
def test_a_truncated_file(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"damaged|not a plain"):
        load_model(saved)


def test_a_flipped_byte(saved):
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 0xFF
    saved.write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        load_model(saved)


class Trap:
    """Runs code when it is unpickled."""

    fired = False

    def __reduce__(self):
        return (setattr, (Trap, "fired", True))


def test_pickled_objects_are_never_loaded(saved, tmp_path):
    member = io.BytesIO()
    np.lib.format.write_array(member, np.array([Trap()], object), allow_pickle=True)
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("trap.npy", member.getvalue())
    with pytest.raises(InputError, match="pickled"):
        load_model(saved)
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError):
        load_model(tmp_path / "plain.npz")
    assert not Trap.fired


def test_an_array_of_objects_is_never_saved(tmp_path):
    with pytest.raises(InputError, match="trap is not an array of numbers"):
        save_arrays(tmp_path / "a.npz", {"trap": np.array([Trap()], object)}, {})
    assert not list(tmp_path.iterdir())


def test_a_file_with_the_stray_keyword_of_version_0_1_loads(saved):
    """Under NumPy 2.0 and 2.1 `savez_compressed` stored its argument allow_pickle=False as an array."""
    with zipfile.ZipFile(saved, "a") as archive:
        member = io.BytesIO()
        np.lib.format.write_array(member, np.array(False))
        archive.writestr("allow_pickle.npy", member.getvalue())
    with np.load(saved) as arrays:
        assert "allow_pickle" in arrays
    model, _ = load_model(saved)
    assert model.num_classes == 3


def test_what_is_saved_is_stored_under_its_own_names_alone(saved):
    with zipfile.ZipFile(saved) as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        names = {member.filename.removesuffix(".npy") for member in archive.infolist()}
    assert names == {"meta.json", *mini(3).state_dict()}


def test_another_program_s_npz(tmp_path):
    np.savez(tmp_path / "a.npz", weights=np.zeros(3))
    with pytest.raises(InputError, match="not one that minimaskrcnn saved"):
        load_model(tmp_path / "a.npz")


def test_weights_of_another_model(tmp_path):
    small = mini(3, rng=np.random.default_rng(0))
    save_arrays(tmp_path / "m.npz", small.state_dict(), {"config": small.config.changed(num_classes=7)})
    with pytest.raises(InputError, match="another model"):
        load_model(tmp_path / "m.npz")


@pytest.mark.parametrize("config", [{"preset": "giant"}, {"preset": "mini", "num_classes": 3, "wings": 2}])
def test_an_unknown_preset_or_setting(tmp_path, config):
    save_arrays(tmp_path / "m.npz", {}, {"config": config})
    with pytest.raises(InputError, match=r"unknown|no model setting"):
        load_model(tmp_path / "m.npz")


def test_a_failed_save_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(
        np.lib.format,
        "write_array",
        lambda *a, **k: (_ for _ in ()).throw(OSError(errno.ENOSPC, "disk full")),
    )
    with pytest.raises(OSError, match="disk full"):
        save_model(saved, mini(3), {})
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


@pytest.mark.parametrize("facts", ["{", "[" * 100_000, "3", '{"format": "another/1"}', "9" * 5000])
def test_facts_that_are_not_ours_are_refused(tmp_path, facts):
    np.savez(tmp_path / "a.npz", **{"meta.json": np.array(facts), "weight": np.zeros(2, np.float32)})
    with pytest.raises(InputError, match="not one that minimaskrcnn saved"):
        load_arrays(tmp_path / "a.npz")


def test_a_model_without_a_config_is_not_saved(tmp_path):
    model = mini(2)
    model.config = None
    with pytest.raises(InputError, match="save_model: the model has no config"):
        save_model(tmp_path / "a.npz", model, {})
    assert not (tmp_path / "a.npz").exists()
