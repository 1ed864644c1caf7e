"""TIFFs of microscopes: numbers by percentiles, pages, channels, and what Pillow alone would read wrongly."""

import sys

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import read_image, tiff
from minimaskrcnn.data.images import pages, picture_size
from minimaskrcnn.errors import InputError

RAMP = np.arange(600).reshape(20, 30)  # its 1st percentile is 5.99, its 99.8th 597.802
SHOWN = ((RAMP - 5.99) / (597.802 - 5.99)).clip(0, 1)


@pytest.mark.parametrize(
    "values",
    [
        RAMP.astype(np.uint16),
        RAMP.astype(np.uint16) + np.uint16(100),
        RAMP.astype(np.int32) - 300,
        (RAMP / 1e4).astype(np.float32),
        (RAMP * 1e4).astype(np.float32),
    ],
)
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_scale_and_an_offset_make_no_difference(tmp_path, values, compression):
    path = tmp_path / "a.tif"
    Image.fromarray(values).save(path, compression=compression)
    image = read_image(path)
    assert (image.dtype, image.shape, image.flags.c_contiguous) == (np.float32, (3, 20, 30), True)
    np.testing.assert_allclose(image, np.repeat(SHOWN[None], 3, axis=0), atol=1e-4)


def test_eight_bits_stay_as_they_are(tmp_path):
    Image.fromarray(np.full((2, 3), 51, np.uint8)).save(tmp_path / "a.tif")
    assert read_image(tmp_path / "a.tif").max() == pytest.approx(0.2)


def test_a_flat_picture_is_black_and_a_single_spot_is_seen():
    assert (tiff.by_percentiles(np.full((4, 4), 7, np.uint16)) == 0).all()
    spot = np.zeros((100, 100))
    spot[3, 4] = 9
    assert tiff.by_percentiles(spot).max() == 1


def test_nan_is_refused_by_name(tmp_path):
    Image.fromarray(np.array([[np.nan, 1]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a\.tif holds NaN"):
        read_image(tmp_path / "a.tif")


def test_pages_are_counted_from_one(tmp_path):
    frames = [Image.fromarray(np.full((2, 3), value, np.uint8)) for value in (0, 51, 255)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    assert pages(tmp_path / "a.tif") == 3
    assert [read_image(tmp_path / "a.tif", page).max() for page in (1, 2, 3)] == pytest.approx([0, 0.2, 1])
    for page in (0, 4, -1):
        with pytest.raises(InputError, match=f"has 3 pages; there is no page {page}"):
            read_image(tmp_path / "a.tif", page)


# ---- with the extra --------------------------------------------------------------------------------------


@pytest.fixture
def tifffile():
    return pytest.importorskip("tifffile")


@pytest.mark.parametrize("kind", [np.uint16, np.uint32, np.int16, np.float32, np.float64])
def test_ome_tiff(tifffile, tmp_path, kind):
    tifffile.imwrite(tmp_path / "a.ome.tif", RAMP.astype(kind), ome=True, metadata={"axes": "YX"})
    np.testing.assert_allclose(read_image(tmp_path / "a.ome.tif")[2], SHOWN, atol=1e-4)


def test_large_unsigned_numbers_do_not_wrap(tifffile, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.uint32) * np.uint32(7_000_000))
    np.testing.assert_allclose(read_image(tmp_path / "a.tif")[0], SHOWN, atol=1e-4)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_of_sixteen_bits_are_not_cut_to_eight(tifffile, tmp_path, planar):
    channels = np.stack([RAMP, RAMP[::-1], RAMP], axis=2).astype(np.uint16)
    values = channels if planar == "contig" else np.ascontiguousarray(channels.transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", planarconfig=planar)
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_allclose(image[0], SHOWN, atol=2e-3)
    np.testing.assert_allclose(image[1], SHOWN[::-1], atol=2e-3)
    assert picture_size(tmp_path / "a.tif") == (20, 30)


def test_of_many_channels_one_must_be_chosen(tifffile, tmp_path):
    values = np.stack([RAMP * 0, RAMP, RAMP, RAMP, RAMP]).astype(np.uint16)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="minisblack", planarconfig="separate")
    with pytest.raises(InputError, match="has 5 channels; choose one with --channel"):
        read_image(path)
    assert read_image(path, channel=1).max() == 0
    np.testing.assert_allclose(read_image(path, channel=5)[0], SHOWN, atol=1e-4)
    with pytest.raises(InputError, match="has 1 pages; there is no page 2"):
        read_image(path, 2, 1)


def test_one_bit_per_pixel_is_black_and_white(tifffile, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP > 300)
    values = tiff.read_with_tifffile(tmp_path / "a.tif", 1, 1000)
    np.testing.assert_array_equal(tiff.by_percentiles(values[..., None])[..., 0], RAMP > 300)


def test_complex_numbers_are_refused_by_name(tifffile, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.complex64))
    with pytest.raises(InputError, match=r"a\.tif holds complex64 and not grey values or colours"):
        read_image(tmp_path / "a.tif")


def test_without_the_extra_the_fix_is_named(tifffile, tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.float64))
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(InputError, match=r"a\.tif is a TIFF of a kind .* pip install 'minimaskrcnn\[micro"):
        read_image(tmp_path / "a.tif")


def test_a_damaged_file_is_one_sentence(tifffile, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, RAMP.astype(np.float64))
    whole = path.read_bytes()
    for length in (4, 40, 300, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"a\.tif is (damaged|not an image)"):
            read_image(path)


def test_the_limit_of_pixels_holds(tifffile, tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", RAMP.astype(np.float64))
    monkeypatch.setenv("MINIMASKRCNN_MAX_PIXELS", "500")
    with pytest.raises(InputError, match=r"a\.tif has more than 500 pixels"):
        read_image(tmp_path / "a.tif")
