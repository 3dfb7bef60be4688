/**
 * <model-picker>: the models on offer by data set. A tick at a data set ticks all its models, the
 * field finds models by name, and each data set tells how many are chosen. The boxes work without it.
 */
class ModelPicker extends HTMLElement {
  connectedCallback() {
    this.groups = [...this.querySelectorAll("details")].map((group) => ({
      group,
      all: group.parentElement.querySelector("[data-all]"),
      told: group.querySelector("output"),
      choices: [...group.querySelectorAll(".choice")],
      boxes: [...group.querySelectorAll("[name=models]")],
    }));
    const find = this.querySelector(".find");
    find.hidden = this.groups.length === 0;
    find.addEventListener("input", () => this.find(find.value.trim().toLowerCase()));
    // Return would send the form before an image is chosen.
    find.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    for (const one of this.groups) {
      one.all.hidden = false;
      one.all.addEventListener("change", () => this.tick(one));
    }
    this.addEventListener("change", () => this.tell());
    this.tell();
  }

  /** All that are in view, or none of them where all are ticked: who looks for "v3" means those. */
  tick({ group, choices }) {
    group.open = true;
    const boxes = choices.filter((choice) => !choice.hidden).map((choice) => choice.querySelector("input"));
    const checked = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = checked;
  }

  tell() {
    for (const { all, told, boxes } of this.groups) {
      const chosen = boxes.filter((box) => box.checked).length;
      told.textContent = `${chosen} / ${boxes.length}`;
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  }

  find(words) {
    for (const { group, choices } of this.groups) {
      for (const choice of choices) {
        const called = choice.querySelector(".called").textContent;
        choice.hidden = !called.toLowerCase().includes(words);
      }
      const none = choices.every((choice) => choice.hidden);
      group.parentElement.hidden = none;
      if (words && !none) group.open = true;
    }
  }
}

customElements.define("model-picker", ModelPicker);
