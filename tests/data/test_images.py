"""read_image: every kind of picture becomes float32 RGB in [0, 1]; everything else is one clear sentence."""

import numpy as np
import PIL
import pytest
from PIL import Image

from minimaskrcnn.data import images, read_image
from minimaskrcnn.data.images import picture_size
from minimaskrcnn.errors import InputError

GREY = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)  # (2, 3): fifths of 255
FIFTHS = np.arange(6).reshape(2, 3) / 5


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


def grey(mode):
    return Image.fromarray(GREY).convert(mode)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
def test_kinds_of_grey_all_read_the_same(tmp_path, mode):
    image = read_image(saved(tmp_path / "a.png", grey(mode)))
    assert (image.dtype, image.shape) == (np.float32, (3, 2, 3))
    assert image.flags.c_contiguous
    np.testing.assert_allclose(image, np.broadcast_to(FIFTHS, (3, 2, 3)), atol=1e-6)


def test_sixteen_bits_keep_their_precision(tmp_path):
    values = np.array([[0, 1, 256], [30000, 65534, 65535]], np.uint16)
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(values)))
    np.testing.assert_allclose(image[1], values / 65535, rtol=1e-6)


def test_one_bit_and_cmyk_pictures(tmp_path):
    bits = read_image(saved(tmp_path / "bits.png", Image.fromarray(GREY > 100)))
    assert bits[0].tolist() == [[0, 0, 1], [1, 1, 1]]
    ink = read_image(saved(tmp_path / "ink.tif", Image.new("CMYK", (3, 2), (0, 255, 255, 0))))
    assert ink[:, 0, 0].tolist() == [1, 0, 0]


def test_channels_keep_their_order_and_rows_theirs(tmp_path):
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(pixels)))
    np.testing.assert_allclose(image * 255, pixels.transpose(2, 0, 1), rtol=1e-6)


def test_transparency_is_laid_over_white(tmp_path):
    glass = Image.new("RGBA", (1, 1), (255, 0, 0, 0))
    half = Image.new("RGBA", (1, 1), (0, 0, 0, 128))
    assert read_image(saved(tmp_path / "a.png", glass))[:, 0, 0].tolist() == [1, 1, 1]
    assert read_image(saved(tmp_path / "b.png", half))[0, 0, 0] == pytest.approx(127 / 255, abs=0.01)
    palette = Image.new("P", (1, 1), 0)
    palette.putpalette([9, 9, 9])
    assert read_image(saved(tmp_path / "c.png", palette, transparency=0))[:, 0, 0].tolist() == [1, 1, 1]


def test_a_camera_held_upright_is_turned(tmp_path):
    picture = Image.fromarray(GREY)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise to view"
    image = read_image(saved(tmp_path / "a.png", picture, exif=exif))
    np.testing.assert_allclose(image[0], np.rot90(FIFTHS, -1), atol=1e-6)


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("L", (4, 4), value) for value in (0, 255)]
    image = read_image(saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:]))
    assert image.max() == 0


@pytest.mark.parametrize("size", [(1, 1), (4000, 3000)])
def test_small_and_large(tmp_path, size):
    image = read_image(saved(tmp_path / "a.png", Image.new("L", size, 255)))
    assert image.shape == (3, size[1], size[0])
    assert image.min() == 1


def test_a_missing_file_or_a_folder(tmp_path):
    with pytest.raises(InputError, match="does not exist; pass the path"):
        read_image(tmp_path / "nowhere.png")
    with pytest.raises(InputError, match="is a folder"):
        read_image(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM\0\0"])
def test_not_an_image(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.png is (not an image|damaged)"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "gif", "bmp"])
def test_cut_short_at_any_length(tmp_path, ending):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = saved(tmp_path / f"whole.{ending}", Image.fromarray(noise)).read_bytes()
    cut = tmp_path / f"cut.{ending}"
    for length in np.linspace(1, len(whole) * 0.9, 25).astype(int):
        cut.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.\w+ is (not an image|damaged)"):
            read_image(cut)


def test_a_picture_beyond_the_limit_is_refused_and_the_limit_can_be_moved(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", Image.new("1", (100, 100)))
    for limit in (4000, 9000):
        monkeypatch.setenv("MINIMASKRCNN_MAX_PIXELS", str(limit))
        with pytest.raises(InputError, match=f"more than {limit:,} pixels; make it smaller.*--max-pixels"):
            read_image(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow refuses above twice its own limit
    monkeypatch.setenv("MINIMASKRCNN_MAX_PIXELS", "10000")
    assert read_image(path).shape == (3, 100, 100)
    assert Image.MAX_IMAGE_PIXELS == 1000
    monkeypatch.setenv("MINIMASKRCNN_MAX_PIXELS", "many")
    with pytest.raises(InputError, match="MINIMASKRCNN_MAX_PIXELS is 'many'"):
        read_image(path)


def test_no_other_program_is_started_whatever_the_name_says(tmp_path, monkeypatch):
    """Pillow hands PostScript to the first `gs` on the PATH."""
    started = tmp_path / "started"
    fake = tmp_path / "gs"
    fake.write_text(f"#!/bin/sh\ntouch {started}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "cells.png")
    with pytest.raises(InputError, match="not an image of a format that is read here"):
        read_image(tmp_path / "cells.png")
    assert not started.exists()


def test_too_little_memory_is_one_sentence(tmp_path, monkeypatch):
    def exhausted(*args):
        raise MemoryError

    path = saved(tmp_path / "a.png", grey("RGB"))
    monkeypatch.setattr(images, "_to_array", exhausted)
    with pytest.raises(InputError, match="needs more memory than there is"):
        read_image(path)


@pytest.mark.parametrize("place", ["/dev/null", "nul\0.png", "", ".", "a" * 5000, 5, None, b"a.png"])
def test_what_is_no_regular_file_is_refused(place):
    with pytest.raises(InputError, match="read_image: "):
        read_image(place)


def test_a_name_that_steers_the_terminal_is_escaped():
    with pytest.raises(InputError) as caught:
        read_image("\x1b[31mred\n.png")
    assert str(caught.value).startswith(r"read_image: \x1b[31mred\n.png does not exist")


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "gif", "bmp", "webp"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_size_is_told_from_the_header(tmp_path, ending, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"a.{ending}", Image.new("RGB", (40, 30)), exif=exif)
    assert picture_size(path) == read_image(path).shape[1:]


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_cut_short_is_noticed_without_decoding_whole_ones(tmp_path, monkeypatch, ending):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = saved(tmp_path / f"a.{ending}", Image.fromarray(noise))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged or cut short"):
        picture_size(path)
    path.write_bytes(whole)
    monkeypatch.setattr(images, "read_image", None)
    assert picture_size(path) == (64, 64)


def test_every_other_colour_space_reads_or_is_refused(tmp_path):
    for mode in ("YCbCr", "RGBX"):
        ending = "jpg" if mode == "YCbCr" else "tif"
        image = read_image(
            saved(tmp_path / f"a.{ending}", Image.fromarray(GREY).convert("RGB").convert(mode))
        )
        np.testing.assert_allclose(image[0], FIFTHS, atol=0.05)
    with pytest.raises(InputError, match="CIE Lab"):
        read_image(saved(tmp_path / "lab.tif", Image.new("LAB", (2, 2))))


@pytest.mark.skipif(PIL.__version__.startswith("10.2"), reason="this Pillow does not read .pfm")
def test_floats_outside_the_scale_are_refused_where_there_is_one(tmp_path):
    for values in ([0.0, 2.0], [np.nan, 0.5], [-0.1, 0.5]):
        (tmp_path / "a.pfm").write_bytes(b"Pf\n2 1\n-1.0\n" + np.array(values, "<f4").tobytes())
        with pytest.raises(InputError, match=r"a\.pfm holds values outside"):
            read_image(tmp_path / "a.pfm")


def test_one_channel_of_colours(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    path = saved(tmp_path / "a.png", Image.fromarray(pixels[..., :3]))
    image = read_image(path, channel=2)
    np.testing.assert_allclose(image, np.repeat(pixels[None, ..., 1] / 255, 3, axis=0), rtol=1e-6)
    with pytest.raises(InputError, match=r"a\.png has 3 channels; there is no channel 4"):
        read_image(path, channel=4)
    with pytest.raises(InputError, match="has 1 channel; there is no channel 2"):
        read_image(saved(tmp_path / "g.png", Image.fromarray(GREY)), channel=2)
