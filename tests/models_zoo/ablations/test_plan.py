"""Plans: what a file may say, what is refused with a sentence, the plan that is shipped."""

import json
from pathlib import Path

import pytest

from models_zoo.ablations.plan import plan_read
from models_zoo.ablations.report import Results
from models_zoo.ablations.results import TRUTH, Counts
from models_zoo.data import open_dataset
from models_zoo.networks.build import option_names
from models_zoo.networks.catalogue import architecture_get

LINEAGE = Path("models_zoo/ablations/lineage.json")
PLAN = {
    "settings": {"data": "scenes:48x64:20", "epochs": 2, "passes": 3},
    "test": {"data": "scenes:48x64:100"},
    "seeds": 2,
    "arms": {
        "with": {"architecture": "unet"},
        "without": {"architecture": "unet", "options": {"skips": False}},
        "both": {"members": ["with", "without"]},
        "more": {"architecture": "unet", "after": "with"},
    },
    "comparisons": {"skips": {"arm": "with", "against": "without", "measure": "boundary_f1"}},
}


def read(tmp_path, **changes):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN | changes))
    return plan_read(path)


def test_first_seeds_of_all_arms_come_first(tmp_path):
    pairs = [(arm.name, seed) for arm, seed in read(tmp_path).pairs]
    assert pairs[:4] == [("with", 0), ("without", 0), ("both", 0), ("more", 0)]
    assert [seed for _, seed in pairs] == [0] * 4 + [1] * 4


def test_all_passes_are_one_epoch_so_that_the_last_weights_are_kept(tmp_path):
    config = read(tmp_path).arms["with"].seeded(1)
    assert (config.epochs, config.passes, config.seed, config.patience) == (1, 6, 1, 0)


def test_the_changed_setting_has_its_name(tmp_path):
    assert read(tmp_path).comparisons["skips"].differs == "options.skips"


def test_on_other_data_everything_else_stays(tmp_path):
    plan = read(tmp_path).on("camvid:somewhere", "camvid:somewhere", "val")
    assert plan.arms["with"].config.data == plan.test == "camvid:somewhere"
    assert plan.arms["without"].config.options == {"skips": False}
    assert plan.split == "val"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"arms": 3}, "arms must be a JSON object"),
        ({"seeds": 0}, "seeds must be a whole number from 1 to 100, not 0"),
        ({"arm": {}}, "Unknown: arm. A plan has title, settings"),
        ({"test": {}}, "test says which data are scored"),
        ({"arms": {"a b": {"architecture": "unet"}}}, "letters, digits"),
        ({"arms": {"x": {"architecture": "unet", "lr": "much"}}}, "The arm x: lr cannot be much"),
        ({"arms": {"x": {"architecture": "unet", "after": "y"}}}, "needs 'y', which must be"),
        ({"arms": {**PLAN["arms"], "x": {"members": ["with"]}}}, "two or more members"),
        ({"comparisons": {"c": {"arm": "with"}}}, "has an arm, what it is against, and a measure"),
        (
            {"comparisons": {"c": {"arm": "with", "against": "without", "measure": "iou"}}},
            "its measure must be one of miou, boundary_f1",
        ),
        (
            {"comparisons": {"c": {"arm": "with", "against": "nobody", "measure": "miou"}}},
            "there is no arm 'nobody'",
        ),
        (
            {
                "arms": {**PLAN["arms"], "x": {"architecture": "segnet", "lr": 0.1}},
                "comparisons": {"c": {"arm": "with", "against": "x", "measure": "miou"}},
            },
            "with and x differ in architecture, lr. Change one setting alone",
        ),
        (
            {"comparisons": {"c": {"arm": "with", "against": "with", "measure": "miou"}}},
            "differ in nothing",
        ),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(tmp_path, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(tmp_path, **changes)


def test_a_plan_lacks_what_it_needs(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"settings": {}, "arms": {}}')
    with pytest.raises(ValueError, match="lacks its test and seeds and comparisons"):
        plan_read(path)
    path.write_text("[")
    with pytest.raises(ValueError, match="is no JSON"):
        plan_read(path)


def test_the_projects_plan_is_one_that_its_networks_know():
    plan = plan_read(LINEAGE)
    assert plan.seeds >= 5
    assert len(open_dataset(plan.test, plan.split)) == 1000
    for arm in plan.arms.values():
        if arm.config:
            known = option_names(architecture_get(arm.config.architecture))
            assert set(arm.config.options) <= set(known)


@pytest.mark.slow
def test_committed_results_are_the_plans_own():
    """Of other recipes or scenes, they would be trained again and shown nowhere."""
    plan = plan_read(LINEAGE)
    splits = open_dataset(plan.data, "train"), open_dataset(plan.test, plan.split)
    results = Results(plan, plan.results, hashes=(splits[0].split_hash, splits[1].split_hash))
    for path in plan.results.glob("*.npz"):
        if path.name != TRUTH:
            about = Counts.read(path).about
            assert path.stem == f"{about['arm']}-{about['seed']}"
            assert results.counts((about["arm"], about["seed"])) is not None, path
