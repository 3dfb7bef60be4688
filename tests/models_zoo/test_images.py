"""Every image becomes the same upright 8-bit RGB, whatever file it came in."""

from io import BytesIO

import numpy as np
import pytest
from PIL import ExifTags, Image

from models_zoo.images import image_size, open_image, to_rgb
from models_zoo.masks import read_mask

LEVELS_16 = np.array([[0, 257, 32896, 65535]], np.uint16)
LEVELS_8 = [0, 1, 128, 255]


def stored(image: Image.Image, form: str, **options) -> BytesIO:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    buffer.seek(0)
    return buffer


def grey(levels) -> np.ndarray:
    """The H×W×3 image whose three channels are `levels`."""
    return np.repeat(np.asarray(levels, np.uint8).reshape(1, -1, 1), 3, axis=2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = np.zeros((2, 3, 3), np.uint8)
    upright[0, 0] = 255  # top left
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = stored(Image.fromarray(np.ascontiguousarray(undo(upright))), "PNG", exif=exif)
    assert np.array_equal(open_image(file), upright)
    assert image_size(file) == (2, 3)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    assert np.array_equal(open_image(stored(Image.fromarray(LEVELS_16), "PNG")), grey(LEVELS_8))


def test_integers_beyond_sixteen_bits_are_scaled_by_the_largest():
    levels = np.array([[0, 1 << 23, (1 << 24) - 1]], np.int32)
    assert np.array_equal(to_rgb(Image.fromarray(levels)), grey([0, 128, 255]))


def test_sixteen_bit_range_is_kept_when_the_file_reads_as_32_bit():
    file = BytesIO(b"P5 2 1 65535\n" + bytes([0, 255, 255, 255]))
    assert np.array_equal(to_rgb(Image.open(file)), grey([1, 255]))


def test_fractions_and_floats_are_scaled_and_not_a_number_is_black():
    fractions = np.array([[0, 0.5, 1, np.nan, -3]], np.float32)
    assert np.array_equal(to_rgb(Image.fromarray(fractions)), grey([0, 128, 255, 0, 0]))
    assert np.array_equal(to_rgb(Image.fromarray(LEVELS_16.astype(np.float32))), grey(LEVELS_8))


def test_one_bit_is_black_and_white():
    assert np.array_equal(
        open_image(stored(Image.fromarray(np.array([[True, False]])), "PNG")), grey([255, 0])
    )


def test_cmyk_jpeg_becomes_rgb():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels = open_image(stored(red, "JPEG"))
    assert (np.abs(pixels.astype(int) - [255, 0, 0]) < 8).all()


def test_palette_with_transparency_lies_on_white():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    file = stored(image, "PNG", transparency=1)
    assert open_image(file).tolist() == [[[255, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("mode", ["LA", "PA", "RGBA", "RGBa"])
def test_alpha_lies_on_white(mode):
    image = Image.new("RGBA", (1, 1), (100, 100, 100, 0)).convert(mode)
    assert np.asarray(to_rgb(image)).tolist() == [[[255, 255, 255]]]


def test_transparent_grey_value_lies_on_white():
    file = stored(Image.fromarray(np.array([[7, 9]], np.uint8)), "PNG", transparency=7)
    assert np.array_equal(open_image(file), grey([255, 9]))


def test_corrupt_colour_profile_is_left_aside():
    file = stored(Image.new("RGB", (2, 2), (1, 2, 3)), "PNG", icc_profile=b"garbage")
    assert open_image(file)[0, 0].tolist() == [1, 2, 3]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [b"Exif\0\0MM\0*\0\0\0\x08\xff\xff garbage", b"Exif\0\0XXgarbage"])
def test_corrupt_exif_is_left_aside(exif):
    file = stored(Image.new("RGB", (4, 6)), "JPEG", exif=exif)
    assert open_image(file).shape == (6, 4, 3)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_animation_shows_its_first_frame(form):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("black", "white", "red")]
    options = {"lossless": True} if form == "WEBP" else {}
    file = stored(frames[0], form, save_all=True, append_images=frames[1:], **options)
    assert open_image(file).max() == 0
    with Image.open(file) as image:
        image.seek(2)
        assert np.asarray(to_rgb(image)).max() == 0


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_cut_file_is_refused_with_its_name(form, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    data = stored(Image.fromarray(noise), form).getvalue()
    path = tmp_path / "cut.img"
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(ValueError, match=r"cut\.img cannot be read"):
        open_image(path)


@pytest.mark.parametrize("content", [b"", b"<svg onload=a()>", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_image_is_refused(content, tmp_path):
    path = tmp_path / "no.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"no\.png cannot be read"):
        open_image(path)
    with pytest.raises(ValueError, match=r"no\.png cannot be read"):
        read_mask(path)


def test_a_decompression_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ValueError, match="exceeds limit"):
        open_image(stored(Image.new("1", (100, 100)), "PNG"))


@pytest.mark.parametrize("form", ["TIFF", "EPS", "PCX", "SGI", "TGA", "JPEG2000", "PPM"])
def test_a_format_that_no_browser_shows_is_not_opened_whatever_its_name(form, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(stored(Image.new("RGB", (8, 8)), form).getvalue())
    for opened in (open_image, image_size, read_mask):
        with pytest.raises(ValueError, match=r"a\.png cannot be read as an image: it is none of"):
            opened(path)


def test_a_missing_file_stays_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_image(tmp_path / "none.png")


def test_masks_are_read_as_ids():
    ids = np.array([[0, 3, 255]], np.uint8)
    indexed = Image.fromarray(ids)
    indexed.putpalette([1, 2, 3] * 256)
    for image in (Image.fromarray(ids), indexed, Image.fromarray(ids.astype(np.uint16))):
        assert np.array_equal(read_mask(stored(image, "PNG")), ids)
    assert read_mask(stored(Image.fromarray(np.array([[True, False]])), "PNG")).tolist() == [[1, 0]]


def test_masks_of_colours_or_large_ids_are_refused():
    with pytest.raises(ValueError, match="holds colours"):
        read_mask(stored(Image.new("RGB", (2, 2)), "PNG"))
    with pytest.raises(ValueError, match="ids end at 255"):
        read_mask(stored(Image.fromarray(LEVELS_16), "PNG"))
