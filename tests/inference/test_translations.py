"""Every text that people see is translated, and what runs is what was translated."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone, translation

from inference.images.classes import CLASS_NAMES
from inference.images.samples import FOLDER, SENTENCES
from models_zoo.checkpoints.shipped import shipped
from models_zoo.data.classes import CAMVID
from models_zoo.networks.catalogue import known, published
from models_zoo.networks.paper import COMMON_OPTIONS
from segweb.env import BASE_DIR

PO = BASE_DIR / "locale/ko/LC_MESSAGES/django.po"
IN_SCRIPTS = re.compile(r"{\w+}")  # placeholders of texts that scripts fill in
SOURCES = ("segweb", "inference", "experiments", "lineage", "models_zoo", "templates")


@pytest.fixture(scope="module")
def korean() -> polib.POFile:
    """The Korean translations."""
    return polib.pofile(str(PO))


def test_every_text_has_a_korean_translation(korean: polib.POFile) -> None:
    lacking = [entry.msgid for entry in korean if not entry.translated() or entry.fuzzy]
    assert not lacking, f"Write the Korean of these in {PO.relative_to(BASE_DIR)}: {lacking}"
    assert korean.obsolete_entries() == []


def test_compiled_translations_are_up_to_date(korean: polib.POFile) -> None:
    compiled = polib.mofile(str(PO.with_suffix(".mo")))

    def texts(entries: list[polib.POEntry]) -> dict[tuple[str | None, str], object]:
        return {(e.msgctxt, e.msgid): e.msgstr_plural or e.msgstr for e in entries}

    assert texts(compiled) == texts(korean), "Compile the translations: make messages"


def test_placeholders_survive_translation(korean: polib.POFile) -> None:
    for entry in korean:
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            for part in entry.msgid.split("%(")[1:]:
                name = part.split(")")[0]
                assert not text or f"%({name})" in text, entry.msgid
            assert not text or set(IN_SCRIPTS.findall(entry.msgid)) <= set(IN_SCRIPTS.findall(text))


@pytest.mark.skipif(not shutil.which("xgettext"), reason="no gettext on this machine")
def test_every_text_of_the_source_is_listed(korean: polib.POFile, tmp_path: Path) -> None:
    without_weights = shutil.ignore_patterns("*.safetensors", "*.zip")
    for name in SOURCES:
        shutil.copytree(BASE_DIR / name, tmp_path / name, ignore=without_weights)
    (tmp_path / "locale").mkdir()
    arguments = ["manage.py", "makemessages", "-l", "ko", "-v", "0"]
    ours = "from segweb.management.commands.makemessages import Command"
    make = [sys.executable, "-c", f"{ours}; Command().run_from_argv({arguments})"]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    subprocess.run(make, cwd=tmp_path, env=bare, check=True, timeout=60)
    source = polib.pofile(str(tmp_path / PO.relative_to(BASE_DIR)))
    listed, known = ({(e.msgctxt, e.msgid) for e in entries} for entries in (source, korean))
    lacking, gone = (sorted(text for _, text in some) for some in (listed - known, known - listed))
    assert not lacking, (
        f"Texts without their Korean: {lacking}. CONTRIBUTING.md says, above its first recipe, how "
        f"they are listed in {PO.relative_to(BASE_DIR)}, which is where it is written."
    )
    assert not gone, f"No text of the source any more, makemessages --no-obsolete drops it: {gone}"
    # Where a text stands, a translator reads; `makemessages --add-location file` renews it.
    places = {place for entry in korean for place, _ in entry.occurrences}
    assert [place for place in sorted(places) if not (BASE_DIR / place).exists()] == []


def test_names_and_sentences_of_what_is_shipped_are_marked() -> None:
    index = json.loads((FOLDER / "samples.json").read_text())
    classes = {entry["name"] for entry in [*CAMVID, *index["dataset"]["classes"]]}
    assert classes <= set(CLASS_NAMES)
    sentences = {sample[part] for sample in index["samples"] for part in ("title", "provokes")}
    assert sentences <= set(SENTENCES)


def test_what_is_said_of_shipped_architectures_is_translated(korean: polib.POFile) -> None:
    offered = {item.architecture for item in shipped()} | published().keys()
    lines = [known()[key] for key in offered]
    texts = {text for line in lines for text in (line.idea, line.answers, *line.options.values())}
    texts |= {claim.says for line in lines for claim in line.claims} | set(COMMON_OPTIONS.values())
    assert texts - {""} <= {entry.msgid for entry in korean}


def test_the_admin_names_every_model_in_korean() -> None:
    with translation.override("ko"):
        names = {
            model._meta.label: f"{model._meta.verbose_name} {model._meta.verbose_name_plural}"
            for model in apps.get_models()
            if model._meta.app_label in ("inference", "experiments")
        }
    assert [label for label, name in names.items() if re.search("[a-z]", name)] == []


# One word for one thing: what else it could be called in Korean, and what it is called.
GLOSSARY = {
    "곱셈-덧셈": "곱셈-누산",
    "디컨볼루션": "전치 합성곱",
    "오버레이": "겹쳐 보기",
}


def test_one_word_for_one_thing(korean: polib.POFile) -> None:
    texts = [text for e in korean for text in (e.msgstr, *e.msgstr_plural.values())]
    mixed = [(text, word) for text in texts for word in GLOSSARY if word in text]
    assert mixed == []
    assert all(any(word in text for text in texts) for word in GLOSSARY.values())


def test_korean_times_past_have_one_form() -> None:
    now = timezone.now()
    ago = {
        timedelta(seconds=53): "53초 전",
        timedelta(minutes=1): "1분 전",
        timedelta(hours=11): "11시간 전",
        timedelta(days=1, hours=6): "1일, 6시간 전",
    }
    with translation.override("ko"):
        for past, told in ago.items():
            # Between count and clock a second may pass.
            shown = naturaltime(now - past).replace("\xa0", " ").replace("54초", "53초")
            assert shown == told
