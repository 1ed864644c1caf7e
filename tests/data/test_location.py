"""Data are looked for where the user says, else beside the user's work or in the user's cache."""

from minimaskrcnn.data import data_folders, find_data


def test_a_named_folder_is_the_only_one(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIMASKRCNN_DATA", str(tmp_path))
    assert data_folders() == [tmp_path]
    assert find_data("a.npz") is None
    (tmp_path / "b.npz").touch()
    assert find_data("a.npz", "b.npz") == tmp_path / "b.npz"


def test_else_data_here_comes_before_the_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIMASKRCNN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    here, cache = tmp_path / "data", tmp_path / "cache/minimaskrcnn"
    assert data_folders() == [here, cache]
    for folder in (cache, here):
        folder.mkdir(parents=True)
        (folder / "a.npz").touch()
        assert find_data("a.npz") == folder / "a.npz"


def test_the_cache_is_below_the_home_folder_unless_told(tmp_path, monkeypatch):
    for name in ("MINIMASKRCNN_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # its name on Windows
    assert data_folders()[1] == tmp_path / ".cache/minimaskrcnn"
