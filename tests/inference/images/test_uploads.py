"""What an upload must survive: every refusal says what is wrong, every oddity is stored right."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import zipfile

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image, ImageFile, PngImagePlugin
from pytest_django import Settings

from experiments.models import Dataset
from inference.images import uploads
from inference.images.apart import decoding
from inference.images.services import image_create
from inference.models import Image as StoredImage
from tests.inference.pictures import encoded, noise, opened, upload

pytestmark = pytest.mark.django_db


def store(content: bytes | Image.Image, name: str = "photo.png") -> Image.Image:
    """What is kept of an upload."""
    return opened(image_create(file=upload(content, name)).file)


def refused(content: bytes, *, name: str = "photo.png") -> str:
    """The sentence with which an upload is refused; nothing of it stays."""
    with pytest.raises(uploads.UploadRefused) as caught:
        image_create(file=upload(content, name))
    assert not StoredImage.objects.exists()
    assert 400 <= caught.value.status < 500
    return caught.value.messages[0]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG", "WEBP"])
def test_each_allowed_format(kind: str) -> None:
    flat = Image.new("RGB", (31, 17), (200, 30, 60))
    kept = store(encoded(flat, kind))
    assert (kept.format, kept.mode, kept.size) == ("PNG", "RGB", (31, 17))
    assert np.abs(np.asarray(kept).astype(int) - (200, 30, 60)).max() < 6


def test_lossless_files_keep_every_pixel() -> None:
    image = noise()
    for kind, options in (("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})):
        assert np.array_equal(store(encoded(image, kind, **options)), image), kind


def test_sha256_is_that_of_the_stored_file() -> None:
    kept = image_create(file=upload(noise()))
    with kept.file.open() as file:
        assert hashlib.sha256(file.read()).hexdigest() == kept.sha256


# what is refused


def test_empty_file() -> None:
    assert "empty" in refused(b"")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["TIFF", "PPM", "ICO", "EPS", "PDF"])
def test_real_images_of_other_formats(kind: str) -> None:
    assert "Allowed formats: JPEG, PNG, WebP, GIF, BMP" in refused(encoded(noise(), kind))


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"8BPS\x00\x01" + bytes(20) + b"a Photoshop header",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_image(content: bytes) -> None:
    assert refused(content)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated(kind: str, share: float) -> None:
    content = encoded(noise(120, 90), kind)
    assert refused(content[: int(len(content) * share)])


def test_loading_truncated_files_is_off() -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_169_megapixels_in_a_small_file_are_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    content = encoded(Image.new("1", (13_000, 13_000)))
    assert len(content) < 25_000
    assert "40 megapixels" in refused(content)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("was decoded"))
    with pytest.raises(uploads.UploadTooLarge):
        decoding.read_image(upload(content), 40_000_000)


@pytest.mark.slow
def test_many_megapixels_beyond_pillows_own_limit() -> None:
    assert "megapixels" in refused(encoded(Image.new("1", (20_000, 10_000))))


def test_limits_are_settings(settings: Settings) -> None:
    settings.UPLOAD_MAX_PIXELS = 24 * 16
    assert store(noise(24, 16)).size == (24, 16)
    settings.UPLOAD_MAX_PIXELS -= 1
    with pytest.raises(uploads.UploadTooLarge):
        image_create(file=upload(noise(24, 16)))
    settings.UPLOAD_MAX_BYTES = 100
    with pytest.raises(uploads.UploadTooLarge, match="MiB"):
        image_create(file=upload(noise(24, 16)))


def test_damaged_everywhere_is_never_worse_than_refused() -> None:
    """A byte changed at every place: an image or a sentence, no other exception."""
    for kind in ("PNG", "GIF", "JPEG", "WEBP", "BMP"):
        content = encoded(noise(9, 7), kind)
        for place in range(0, len(content), 3):
            spoilt = content[:place] + bytes([content[place] ^ 0x5A]) + content[place + 1 :]
            with contextlib.suppress(uploads.UploadRefused):
                decoding.read_image(upload(spoilt), 10**6)


# what is stored right


def test_one_pixel() -> None:
    assert store(noise(1, 1)).size == (1, 1)


@pytest.mark.parametrize(("kind", "tail"), [("PNG", b"<script>alert(1)</script>"), ("JPEG", None)])
def test_tails_are_cut_off(kind: str, tail: bytes | None) -> None:
    if tail is None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("evil.sh", "rm -rf /")
        tail = archive.getvalue()
    kept = image_create(file=upload(encoded(noise(), kind) + tail))
    with kept.file.open() as file:
        assert tail not in file.read()


@pytest.mark.parametrize("name", ["page.html", "photo.png", "photo", "script.svg"])
def test_the_name_decides_nothing(name: str) -> None:
    kept = image_create(file=upload(noise(), name))
    assert kept.file.name == f"images/{kept.pk}/image.png"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    """The stored image is the displayed one: a red mark at its top left."""
    shown = Image.new("RGB", (40, 24), "white")
    shown.paste("red", (0, 0, 8, 8))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that undoes it
    stored = shown.transpose(Image.Transpose(back[orientation])) if orientation > 1 else shown
    exif = Image.Exif()
    exif[0x0112] = orientation
    kept = store(encoded(stored, "JPEG", exif=exif, quality=95, subsampling=0))
    assert kept.size == (40, 24)
    red, green, _ = kept.getpixel((3, 3))
    assert red > 200 > 80 > green
    assert min(kept.getpixel((36, 20))) > 200


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif() -> None:
    content = encoded(noise(), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff garbage")
    assert store(content).size == (24, 16)


def test_metadata_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    exif.get_ifd(0x8825)[1] = "N"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a secret description")
    for content in (
        encoded(noise(), "JPEG", exif=exif, comment=b"a secret description"),
        encoded(noise(), "PNG", exif=exif, pnginfo=text, icc_profile=b"a secret description"),
    ):
        kept = image_create(file=upload(content))
        with kept.file.open() as file:
            assert b"a secret" not in file.read()
        assert not opened(kept.file).getexif()
        assert set(opened(kept.file).info) <= set()


def test_cmyk() -> None:
    kept = store(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95))
    red, green, blue = kept.getpixel((4, 4))
    assert kept.mode == "RGB"
    assert red > 230
    assert max(green, blue) < 60


def test_sixteen_bit_grey_is_scaled() -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(4, axis=0)
    kept = np.asarray(store(encoded(Image.fromarray(ramp))))
    assert np.array_equal(kept[0, :, 0], np.arange(256))


def test_palette_with_transparency_lies_on_white() -> None:
    image = Image.new("P", (4, 2), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    kept = store(encoded(image, transparency=0))
    assert kept.getpixel((0, 0)) == (255, 255, 255)
    assert kept.getpixel((1, 0)) == (200, 100, 50)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_modes(mode: str) -> None:
    assert store(encoded(noise().convert(mode))).mode == "RGB"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "green")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    red, green, blue = store(content).getpixel((5, 5))
    assert red > 200
    assert max(green, blue) < 60


def test_corrupt_icc_profile() -> None:
    for kind in ("PNG", "JPEG"):
        assert store(encoded(noise(), kind, icc_profile=b"no profile at all")).size == (24, 16)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/a.png", "a.png"),
        ("..\\..\\windows\\a.png", "a.png"),
        ("a\x00b.png", "ab.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("  거리 사진.jpg ", "거리 사진.jpg"),
        ("x" * 5000, "x" * 100),
        ("", ""),
        (None, ""),
    ],
)
def test_names(name: str | None, shown: str) -> None:
    assert uploads.clean_name(name) == shown


# true masks


def mask_upload(mask: np.ndarray | Image.Image, dataset: Dataset) -> StoredImage:
    if isinstance(mask, np.ndarray):
        mask = Image.fromarray(mask)
    return image_create(file=upload(noise()), mask=upload(mask, "mask.png"), mask_dataset=dataset)


def test_grey_and_indexed_masks(dataset: Dataset, truth: np.ndarray) -> None:
    indexed = Image.fromarray(truth)
    indexed.putpalette([7, 8, 9] * 256)
    for mask in (truth, indexed):
        kept = mask_upload(mask, dataset)
        assert np.array_equal(opened(kept.mask), truth)
        assert kept.mask_dataset == dataset


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((16, 23), np.uint8), r"23×16 pixels, its image 24×16"),
        (np.full((16, 24), 7, np.uint8), r"no class of CamVid: 7\."),
        (np.arange(16 * 24, dtype=np.uint16).reshape(16, 24), r"3, 4, 5, 6, 7 …"),
        (np.zeros((16, 24, 3), np.uint8), "holds colours"),
    ],
)
def test_wrong_masks_are_named(mask: np.ndarray, words: str, dataset: Dataset) -> None:
    with pytest.raises(uploads.UploadRefused) as caught:
        mask_upload(mask, dataset)
    assert re.search(words, caught.value.messages[0])
    assert not StoredImage.objects.exists()


@pytest.mark.parametrize("only", [False, True])
def test_a_mask_of_black_and_white_tells_no_classes(only: bool, dataset: Dataset) -> None:
    """Its white would be ignored: the foreground would count for nothing, the rest score 1.0."""
    mask = np.full((16, 24), 255, np.uint8)
    if not only:
        mask[:4] = 0
    Dataset.objects.filter(pk=dataset.pk).update(ignore_index=255)
    dataset.refresh_from_db()
    with pytest.raises(uploads.UploadRefused, match="no more than 0 and 255"):
        mask_upload(mask, dataset)


def test_a_mask_must_be_lossless(dataset: Dataset) -> None:
    mask = upload(encoded(Image.new("L", (24, 16)), "JPEG"))
    with pytest.raises(uploads.UploadRefused, match="PNG, GIF, BMP"):
        image_create(file=upload(noise()), mask=mask, mask_dataset=dataset)


def test_a_mask_needs_its_data_set(dataset: Dataset, truth: np.ndarray) -> None:
    with pytest.raises(uploads.UploadRefused, match="data set"):
        image_create(file=upload(noise()), mask=upload(Image.fromarray(truth)))


def test_a_fault_while_storing_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StoredImage, "save", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        image_create(file=upload(noise()))
    assert default_storage.listdir("images") == ([], [])


def test_what_cannot_be_turned_into_colours_is_refused(monkeypatch):
    def fail(picture):
        raise IndexError("palette")

    monkeypatch.setattr(decoding, "to_rgb", fail)
    with pytest.raises(uploads.UploadRefused, match="damaged"):
        decoding.read_image(upload(encoded(noise(8, 6), "PNG")), 10**6)
