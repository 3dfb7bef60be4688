"""The architecture pages: every key has one, with its figures, its drawing, its checkpoints."""

from __future__ import annotations

import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from experiments.models import Checkpoint, Dataset
from lineage.architectures import known
from lineage.boxes import PARTS
from lineage.chapters import chapter_of
from models_zoo import catalogue
from models_zoo.networks.paper import COMMON_OPTIONS
from models_zoo.study.descriptions import CORNERS, description

pytestmark = pytest.mark.django_db


def page(client: Client, key: str, **query: str) -> str:
    answer = client.get(reverse("lineage:architecture", args=[key]), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("key", known())
def test_every_architecture_has_a_page_with_its_drawing(client, key):
    text = page(client, key)
    assert known()[key].title in text
    path = description(key)["variants"]["full"]["path"]
    assert text.count("<rect ") == len(path) + 1, "one box a block, and the logits"
    for block in path:
        assert " × ".join(map(str, block["shape"])) in text


def test_the_slim_network_can_be_looked_at_too(client):
    slim = description("unet")["variants"]["slim"]["path"][1]["shape"]
    assert " × ".join(map(str, slim)) in page(client, "unet", variant="slim")
    assert page(client, "unet", variant="wide").count("<rect ") > 10, "an unknown one is the full"


def test_figures_are_those_of_the_description(client):
    figures = description("fcn8s")["variants"]["full"]["figures"]
    text = page(client, "fcn8s")
    assert f"{figures['parameters'] / 1e6:.1f} M" in text
    assert f"{figures['receptive_field']} px" in text
    assert "whole image" in page(client, "pspnet_resnet50")


def test_unpooling_and_skips_are_drawn(client):
    assert page(client, "segnet").count("place-wire") == 5
    assert page(client, "unet").count("skip-wire") == 4
    assert "place-wire" not in page(client, "unet")


def test_checkpoints_on_offer_are_listed_and_others_said_to_be_missing(client):
    dataset = Dataset.objects.create(slug="camvid", title="CamVid", classes=[])
    Checkpoint.objects.create(
        key="camvid-unet-slim",
        sha256="0" * 64,
        architecture="unet",
        variant="slim",
        dataset=dataset,
        file=default_storage.save("checkpoints/x.safetensors", ContentFile(b"x")),
        sidecar={"classes": []},
        parameters=1,
    )
    assert "camvid-unet-slim" in page(client, "unet")
    assert "Not trained yet" not in page(client, "unet")
    assert "Not trained yet" in page(client, "segnet")


def test_a_networks_page_leads_to_its_chapter(client):
    assert 'href="/lineage/#deeplab_v3"' in page(client, "deeplab_v3_resnet50")
    assert "/lineage/#" not in page(client, "torchvision_lraspp_mobilenet")
    story = client.get("/lineage/").content.decode()
    for key in known():
        told = chapter_of(key)
        assert told is None or f'<h2 id="{told.key}">' in story


def test_what_align_corners_changes_is_shown_where_there_is_a_choice(client):
    text = page(client, "fcn32s")
    addresses = re.findall(r'src="(/architectures/fcn32s/\w+\.png)"', text)
    assert len(addresses) == len(CORNERS)
    for address in addresses:
        answer = client.get(address)
        assert answer["Content-Type"] == "image/png"
        assert b"".join(answer.streaming_content).startswith(b"\x89PNG")
    assert "align_corners" not in page(client, "unet")


@pytest.mark.parametrize("address", ["alexnet/", "unet/aligned.png", "fcn8s/other.png"])
def test_what_is_not_there_is_not_found(client, address):
    assert client.get(f"/architectures/{address}").status_code == 404


def test_the_index_lists_all_in_the_order_of_the_lineage(client):
    text = client.get(reverse("lineage:architectures")).content.decode()
    linked = re.findall(r'href="/architectures/(\w+)/"', text)
    assert linked == list(known())


def test_the_index_asks_the_database_few_questions(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(4):
        client.get(reverse("lineage:architectures"))


def test_an_architecture_from_outside_has_a_page_before_it_is_described(client, monkeypatch):
    monkeypatch.setenv("SEGWEB_CATALOGUE", "tests.models_zoo.tiny")
    text = page(client, "tiny")
    assert "Small enough to train in a moment." in text
    assert "<svg" not in text


def test_every_architecture_says_what_it_set_out_to_mend():
    assert all(architecture.answers for architecture in catalogue().values())


def test_words_are_there_for_everything_that_is_described():
    for key, architecture in known().items():
        found = description(key)
        meanings = {**COMMON_OPTIONS, **architecture.options}
        assert {option["name"] for option in found["options"]} <= set(meanings)
        blocks = [block for v in found["variants"].values() for block in v["path"]]
        named = {part["op"] for block in blocks for part in block["parts"]}
        assert {op for op in named if op.islower()} <= set(PARTS)
