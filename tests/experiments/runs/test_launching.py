"""The launch form: presets, clones, what it refuses, and what it queues."""

from __future__ import annotations

import html

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from experiments.models import Preflight, Run
from experiments.runs.launching import LaunchForm, clone_initial, preset_initial
from models_zoo import catalogue
from models_zoo.data.findings import Finding
from segweb.jobs import State

pytestmark = pytest.mark.django_db
LAUNCH = reverse("experiments:launch")
FIRST = {"architecture": "unet", "variant": "slim", "data": "scenes", "epochs": "3", "seeds": "0"}
FIRST |= {"gpus": "1"}
VOID = "All pixels of %(split)r hold the value %(value)d, which is ignored"
SOUND = {"findings": [], "images": {"train": 9, "val": 3}, "batch": None, "estimate": None}


def filled(**changes: object) -> dict[str, object]:
    """The form's fields for SegWeb's own recipe, with changes."""
    fields = FIRST | preset_initial("unet", "house") | {"name": "", "tags": "", "notes": ""}
    return {name: value for name, value in (fields | changes).items() if value is not False}


def checked(
    client: Client, data: dict[str, object], address: str = LAUNCH, **result: object
) -> str:
    """Have the form looked at, as a worker that finds `result`; the preflight's id."""
    page = client.post(address, data | {"action": "check"})
    assert page.status_code == 200, page.context["form"].errors
    preflight = page.context["preflight"]
    found = Preflight.objects.filter(pk=preflight.pk, state=State.QUEUED)
    assert found.update(state=State.DONE, result=SOUND | result)
    return str(preflight.pk)


def launched(client: Client, data: dict, address: str = LAUNCH) -> HttpResponse:
    """The form checked and queued."""
    preflight = checked(client, data, address)
    return client.post(address, data | {"action": "queue", "preflight": preflight})


@pytest.mark.parametrize("recipe", ["paper", "house"])
@pytest.mark.parametrize("architecture", list(catalogue()))
def test_every_recipe_can_be_launched(architecture: str, recipe: str) -> None:
    initial = preset_initial(architecture, recipe)
    form = LaunchForm(filled(**initial, architecture=architecture))
    assert form.is_valid(), form.errors


def test_the_papers_recipe_is_filled_in(admin_client: Client) -> None:
    answer = admin_client.get(
        reverse("experiments:preset"), {"architecture": "pspnet_resnet50", "recipe": "paper"}
    )
    initial = answer.context["form"].initial
    assert (initial["optimizer"], initial["schedule"], initial["batch"]) == ("sgd", "poly", 16)
    assert (initial["crop_height"], initial["crop_width"]) == (473, 473)
    assert "options.aux=true" in initial["further"].splitlines()
    house = preset_initial("pspnet_resnet50", "house")
    assert (house["optimizer"], house["further"]) == ("adamw", "")
    assert admin_client.get(reverse("experiments:preset")).status_code == 404


def test_another_architecture_leaves_what_was_written(admin_client: Client) -> None:
    shown = admin_client.get(LAUNCH).context["form"].initial
    assert shown["filled"] == "unet paper"
    asked = {name: value for name, value in shown.items() if value is not False}
    asked |= {"architecture": "pspnet_resnet50", "recipe": "paper"}
    preset = reverse("experiments:preset")
    untouched = admin_client.get(preset, asked)
    recipe = preset_initial("pspnet_resnet50", "paper") | {"data": "scenes"}
    assert untouched.context["form"].initial == recipe
    assert untouched.context["kept"] == ""
    written = admin_client.get(preset, asked | {"crop_height": "99", "pretrained": "on"})
    assert written.context["form"].initial == recipe | {"crop_height": "99", "pretrained": True}
    assert "Crop height, Published weights in the backbone" in written.content.decode()


def test_what_is_wrong_stands_where_the_page_goes(admin_client: Client) -> None:
    page = admin_client.post(LAUNCH, filled(epochs="0", lr="x")).content.decode()
    errors = page.partition('<div id="preflight">')[2]
    assert '<a href="#id_epochs">Epochs</a>' in errors
    assert '<a href="#id_lr">Learning rate</a>' in errors


def test_several_seeds_make_a_group(admin_client: Client) -> None:
    data = filled(seeds="0, 1,7", further="jitter=0.1\n\noptions.batch_norm=true", tags="a, b")
    answer = launched(admin_client, data)
    assert answer.url.startswith(reverse("experiments:runs"))
    runs = Run.objects.order_by("seed")
    assert [run.seed for run in runs] == [0, 1, 7]
    assert len({run.group for run in runs}) == 1
    run = runs[0]
    assert run.state == State.QUEUED
    assert (run.data, run.epochs, run.tags) == ("scenes", 3, ["a", "b"])
    assert (run.config["crop"], run.config["jitter"]) == ([256, 320], 0.1)
    assert run.config["options"] == {"batch_norm": True}
    assert run.owner == User.objects.get()


def test_a_button_pressed_twice_launches_once(admin_client: Client) -> None:
    data = filled(seeds="0, 1")
    queue = data | {"action": "queue", "preflight": checked(admin_client, data)}
    assert [admin_client.post(LAUNCH, queue).status_code for _ in range(2)] == [302, 302]
    assert Run.objects.count() == 2
    assert admin_client.post(LAUNCH, queue | {"notes": "once more"}).status_code == 302
    assert Run.objects.count() == 4


def test_a_clone_is_the_same_and_names_its_parent(admin_client: Client) -> None:
    launched(admin_client, filled(name="first", further="scale=0.5,2.0", crop_height=64))
    first = Run.objects.get()
    initial = admin_client.get(LAUNCH, {"from": first.pk}).context["form"].initial
    assert initial == clone_initial(first)
    data = {name: value for name, value in initial.items() if value is not False}
    launched(admin_client, data, f"{LAUNCH}?from={first.pk}")
    again = Run.objects.exclude(pk=first.pk).get()
    assert again.parent == first
    assert (again.config, again.epochs, again.seed) == (first.config, 3, 0)
    assert again.config["scale"] == [0.5, 2.0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": "0"}, "greater than or equal to 1"),
        ({"seeds": "1, x"}, "whole numbers"),
        ({"seeds": "1, 1"}, "different seeds"),
        ({"seeds": ",".join(map(str, range(21)))}, "different seeds"),
        ({"further": "nonsense=3"}, "Cannot set"),
        ({"further": "jitter=-1"}, "jitter must be 0 or more"),
        ({"crop_height": "8"}, "32 pixels or more"),
        ({"lr": "inf"}, "Enter a number"),
        ({"lr": "0"}, "lr must be above 0"),
        ({"batch": "99999"}, "must not be above"),
        ({"architecture": "magic"}, "not one of the available choices"),
        ({"data": "camvid:/etc"}, "relative to the data root"),
        ({"data": "nothing"}, "There are: scenes"),
        ({"pseudo": "folder:nothing"}, "nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(
    admin_client: Client, changes: dict[str, str], sentence: str
) -> None:
    answer = admin_client.post(LAUNCH, filled(**changes))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Run.objects.exists()
    assert not Preflight.objects.exists()


@pytest.mark.slow
def test_nothing_is_queued_unchecked(admin_client: Client) -> None:
    data = filled()
    for preflight in ("", "x", "99"):
        page = admin_client.post(LAUNCH, data | {"action": "queue", "preflight": preflight})
        assert page.context["preflight"].state == State.QUEUED
    waiting = str(page.context["preflight"].pk)
    admin_client.post(LAUNCH, data | {"action": "queue", "preflight": waiting})
    sound = checked(admin_client, data)
    admin_client.post(LAUNCH, filled(lr="0.5") | {"action": "queue", "preflight": sound})
    finding = {"kind": "shared", "message": "Twice", "files": [], "blocking": True}
    blocked = checked(admin_client, data, findings=[finding])
    admin_client.post(LAUNCH, data | {"action": "queue", "preflight": blocked})
    assert not Run.objects.exists()
    described = data | {"name": "named since", "seeds": "0, 1"}
    admin_client.post(LAUNCH, described | {"action": "queue", "preflight": sound})
    assert {run.name for run in Run.objects.all()} == {"named since"}


def test_a_look_is_told_as_it_goes_on(admin_client: Client, client: Client) -> None:
    page = admin_client.post(LAUNCH, filled() | {"action": "check"})
    preflight = page.context["preflight"]
    address = reverse("experiments:preflight", args=[preflight.pk])
    assert f"{address}?seen=QUEUED" in page.content.decode()
    assert admin_client.get(address, {"seen": "QUEUED"}).status_code == 204
    batch = {"device": "cpu", "parameters": 1_940_000, "seconds": 0.8, "peak_bytes": 3 * 2**30}
    told = {"batch": batch, "estimate": {"seconds": 3700, "basis": "measured batch"}}
    Preflight.objects.update(state=State.DONE, result=SOUND | told)
    content = admin_client.get(address, {"seen": "QUEUED"}).content.decode()
    for words in ("Nothing is wrong", "1.94 M", "0.80 s", "3.0\xa0GB", "about 1 h 1 min", "Queue"):
        assert words in content
    Preflight.objects.update(state=State.FAILED, error="The memory is full.")
    content = admin_client.get(address).content.decode()
    assert "The memory is full." in content
    assert ">Queue<" not in content
    client.force_login(User.objects.create_user("ann"))
    assert client.get(address).status_code == 403


def test_a_look_says_how_far_it_is_and_can_be_stopped(admin_client: Client, client: Client) -> None:
    page = admin_client.post(LAUNCH, filled(name="mine") | {"action": "check"})
    assert 'value="cancel"' in page.content.decode()
    look = page.context["preflight"]
    address = reverse("experiments:preflight", args=[look.pk])
    progress = {"stage": "images", "step": 120, "steps": 468}
    Preflight.objects.update(state=State.RUNNING, result={"progress": progress})
    told = admin_client.get(address, {"seen": "RUNNING"}).content.decode()
    assert "1 of 2" in told
    assert "120 / 468" in told
    assert admin_client.get(address, {"seen": "RUNNING-images-120-468"}).status_code == 204
    Preflight.objects.update(result={"progress": progress | {"stage": "batch"}})
    assert "2 of 2" in admin_client.get(address, {"seen": "RUNNING"}).content.decode()

    client.force_login(other := User.objects.create_user("other"))
    other.user_permissions.add(Permission.objects.get(codename="launch_run"))
    stop = filled(name="mine") | {"action": "cancel", "preflight": look.pk}
    client.post(LAUNCH, stop)
    look.refresh_from_db()
    assert look.state == State.RUNNING, "another's check"
    page = admin_client.post(LAUNCH, stop)
    look.refresh_from_db()
    assert (look.state, page.status_code) == (State.STOPPED, 200)
    assert 'value="mine"' in page.content.decode()
    assert page.context["preflight"] is None
    assert not Preflight.objects.exclude(pk=look.pk).exists()


@pytest.mark.parametrize(
    ("data", "crop", "told"),
    [
        ("scenes", (192, 256), "The images have 256 × 192 pixels."),
        ("scenes:64x96:10", (64, 192), "192 × 64 pixels, is larger than the images, 96 × 64: 50 %"),
        ("scenes:64x96:10", ("x", ""), "The images have 96 × 64 pixels."),
        ("folder:nothing", (64, 96), ""),
        ("scenes:wrong", (64, 96), ""),
    ],
)
def test_what_is_known_of_the_crop_is_told_before_any_check(
    data: str, crop: tuple[object, object], told: str, admin_client: Client
) -> None:
    asked = {"data": data, "crop_height": crop[0], "crop_width": crop[1]}
    content = admin_client.get(reverse("experiments:fit"), asked).content.decode()
    assert (told in content) if told else ("<p" not in content)
    assert Preflight.objects.count() == 0


def test_findings_are_told_in_the_readers_language(admin_client: Client) -> None:
    void = Finding("void", VOID, [], True, {"split": "train", "value": 255})
    old = {"kind": "k", "message": "It was English.", "files": [], "blocking": False}
    pk = checked(admin_client, filled(), findings=[void.to_json(), old])
    address = reverse("experiments:preflight", args=[pk])
    told = html.unescape(admin_client.get(address).content.decode())
    assert "All pixels of 'train' hold the value 255, which is ignored" in told
    page = admin_client.get(address, headers={"Accept-Language": "ko"})
    told = html.unescape(page.content.decode())
    assert "'train'의 모든 픽셀이 무시되는 값 255입니다" in told
    assert "It was English." in told


def test_the_form_begins_with_what_is_known_of_the_crop(admin_client: Client) -> None:
    assert "The images have 96 × 64 pixels." in preset_shown(admin_client, crop_height="32")
    page = admin_client.get(LAUNCH, {"data": "scenes:48x64:10"}).content.decode()
    assert "is larger than the images, 64 × 48" in page


def preset_shown(client: Client, **changes: str) -> str:
    """The settings as they are shown for data of 96 × 64 pixels."""
    asked = {"architecture": "unet", "recipe": "house", "data": "scenes:64x96:10"}
    asked |= {"filled": "unet house", "crop_width": "96"} | changes
    return client.get(reverse("experiments:preset"), asked).content.decode()


@pytest.mark.parametrize(
    ("crop", "told"), [((64, 96), False), ((32, 96), False), ((64, 192), True)]
)
def test_a_crop_larger_than_the_images_is_told_before_the_launch(
    crop: tuple[int, int], told: bool, admin_client: Client
) -> None:
    data = filled(crop_height=crop[0], crop_width=crop[1])
    pk = checked(admin_client, data, input_size=[64, 96])
    content = admin_client.get(reverse("experiments:preflight", args=[pk])).content.decode()
    assert ("192 × 64 pixels, is larger than the images, 96 × 64: 50 %" in content) == told
    assert ("96 × 64 fits." in content) == told
    assert ">Queue<" in content  # told, not forbidden


@pytest.mark.parametrize("address", [LAUNCH, reverse("admin:experiments_run_launch")])
def test_a_run_is_private_from_its_launch_and_so_is_its_clone(
    address: str, admin_client: Client
) -> None:
    launched(admin_client, filled(private="on"), address)
    launched(admin_client, filled(seeds="1"), address)
    assert [run.private for run in Run.objects.order_by("pk")] == [True, False]
    initial = admin_client.get(f"{address}?from={Run.objects.last().pk}").context["form"].initial
    assert initial["private"] is True


def test_a_check_is_read_by_whoever_asked_for_it_and_staff(admin_client: Client) -> None:
    mine = checked(admin_client, filled())
    other = User.objects.create_user("other")
    other.user_permissions.add(Permission.objects.get(codename="launch_run"))
    client = Client()
    client.force_login(other)
    address = reverse("experiments:preflight", args=[mine])
    assert admin_client.get(address).status_code == 200
    assert client.get(address).status_code == 404
    client.post(LAUNCH, filled() | {"action": "queue", "preflight": mine})
    assert not Run.objects.exists(), "another's check is none"
    hers = checked(client, filled())
    assert admin_client.get(reverse("experiments:preflight", args=[hers])).status_code == 200
