"""Stored English sentences are told in the reader's language, whatever names are in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from segweb import sentences
from segweb.env import BASE_DIR
from segweb.management.commands.makemessages import WithPlaces
from segweb.sentences import told

WORDS = re.compile(r"[a-z] [a-z]")
SHOWN = re.compile(r"{{[^}]*\.error\b[^}]*}}|{% translate [\w.]*\.error %}")
HANDED_ON = ("models_zoo/data", "models_zoo/exchange", "models_zoo/training")
CLI_ALONE = ("models_zoo/training/zoo",)


def test_a_name_of_many_sentences_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """With sixty it took seconds of whoever looked at the page."""
    looked, known = [], sentences._known
    monkeypatch.setattr(sentences, "_known", lambda *text: looked.append(text) or known(*text))
    with translation.override("ko"):
        for name in ("a. " * 60, "a: " * 60, "a. b: " * 30):
            assert told(f"There is no folder '{name}'. Give it as x.").startswith(
                f"'{name}' 폴더가"
            )
        assert told("a. " * 9999) == "a. " * 9999
    assert len(looked) < 50


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("The run asks for more GPUs than its worker has.", "워커"),
        (
            "There is no folder 'camvid'. Give it as camvid:PATH.",
            "'camvid' 폴더가 없습니다. camvid:PATH 모양으로 지정하세요.",
        ),
        # A name that reads like a sentence, and one that looks like a place.
        (
            "There is no folder 'a. B: %(form)s'. Give it as 100%.",
            "'a. B: %(form)s' 폴더가 없습니다. 100% 모양으로 지정하세요.",
        ),
        # Several, as an audit and an archive say them.
        (
            "All pixels of 'train' hold the value 255, which is ignored. "
            "2 images lie in more than one split: a.png, b.png.",
            "'train'의 모든 픽셀이 무시되는 값 255입니다. "
            "이미지 2개가 둘 이상의 분할에 들어 있습니다: a.png, b.png.",
        ),
        # A file's name before it, and a sentence within another.
        ("a b.json: shape 3: its mask reaches beyond the image.", "a b.json: 도형 3: 마스크가"),
        ("x.onnx: it is no ONNX file. Write an ONNX file, such as by", "x.onnx: ONNX 파일이"),
        (
            "7 images have no mask in camvid/masks: a, b, c, d, e and 2 more. "
            "A mask is a PNG; there are a.jpg.",
            "이미지 7개의 마스크가 camvid/masks 폴더에 없습니다: a, b, c, d, e 외 2개. "
            "마스크는 PNG여야 하는데 a.jpg 파일이 있습니다.",
        ),
    ],
)
def test_names_go_into_the_translation(english: str, korean: str) -> None:
    with translation.override("ko"):
        assert told(english).startswith(korean) or korean in told(english)
        assert told(english) != english
    with translation.override("en"):
        assert told(english) == english
    with translation.override(None):
        assert told(english) == english


@pytest.mark.parametrize("text", ["", "sky", "[Errno 5] Input/output error: 'a b'", "a. b: c. d."])
def test_what_nobody_translated_stays(text: str) -> None:
    with translation.override("ko"):
        assert told(text) == text


def test_what_is_not_known_hides_nothing_that_is() -> None:
    with translation.override("ko"):
        assert told("Whatever broke. This data set was imported already.") == (
            "Whatever broke. 이 데이터셋은 이미 가져왔습니다."
        )


def test_the_most_specific_text_is_taken() -> None:
    with translation.override("ko"):
        mask = told("a.png cannot be read as an image: it is none of PNG, GIF.")
        assert mask == "a.png: 이미지로 읽을 수 없습니다. 읽을 수 있는 형식: PNG, GIF."


def test_an_f_string_is_listed_with_places() -> None:
    tree = WithPlaces().visit(ast.parse('_(f"{len(a)} of {path.name!r}: 5% {{x}}, {b:.1f}.")'))
    assert ast.literal_eval(tree.body[0].value.args[0]) == (
        "%(len_a)s of %(path_name)s: 5%% {x}, %(b)s."
    )


def raised_unmarked(path: Path) -> Iterator[str]:
    """Sentences with names that no catalogue lists."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Raise(exc=ast.Call(args=[ast.JoinedStr(values=parts), *_])):
                literal = "".join(
                    str(part.value) for part in parts if isinstance(part, ast.Constant)
                )
                if WORDS.search(literal):
                    yield f"{path.relative_to(BASE_DIR)}:{node.lineno}: {literal}"


def test_what_is_said_of_data_and_networks_is_marked() -> None:
    files = [path for folder in HANDED_ON for path in (BASE_DIR / folder).rglob("*.py")]
    marked = [line for path in files for line in raised_unmarked(path)]
    unmarked = [line for line in marked if not line.startswith(CLI_ALONE)]
    assert unmarked == [], "Mark these by models_zoo.translation's gettext_noop"


def test_templates_tell_every_fault_so() -> None:
    shown = [
        f"{path.relative_to(BASE_DIR)}: {tag}"
        for path in (BASE_DIR / "templates").rglob("*.html")
        for tag in SHOWN.findall(path.read_text())
        if ".error|told" not in tag
    ]
    assert shown == []
