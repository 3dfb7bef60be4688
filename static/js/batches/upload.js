/**
 * <batch-upload>: images or a zip dropped anywhere on the page go into the form's file field; while
 * the form is sent, a bar shows which share has been. Until somebody says whose classes the true
 * masks use, it is the data set of the models that are ticked.
 *
 * The form works without this module; htmx sends it and follows the answer.
 */
import { UploadField } from "../upload-field.js";

let sent = null; // the files of a form that was refused: the one that takes its place has none

class BatchUpload extends UploadField {
  connectedCallback() {
    super.connectedCallback();
    this.on(this.input, "change", () => this.show());
    this.on(this.form, "submit", (event) => this.check(event));
    this.masks = this.form.querySelector("[name=mask_dataset]");
    this.on(this.form, "change", ({ target }) => this.follow(target));
    if (!sent) return;
    this.input.files = sent;
    this.masks.dataset.chosen = "1";
    this.tell();
  }

  /** The one data set whose models are ticked. */
  follow(target) {
    if (target === this.masks) this.masks.dataset.chosen = "1";
    if (this.masks.dataset.chosen || !target.closest("model-picker")) return;
    const ticked = [...this.form.querySelectorAll("[data-dataset]:has([name=models]:checked)")];
    if (ticked.length === 1) this.masks.value = ticked[0].dataset.dataset;
  }

  take(files) {
    this.input.files = files;
    this.show();
  }

  get bytes() {
    return [...this.input.files].reduce((total, file) => total + file.size, 0);
  }

  /** Say what is chosen, by name as long as they are few. */
  tell() {
    const names = [...this.input.files].map((file) => file.name);
    const shown = names.length > 4 ? [...names.slice(0, 3), `… (${names.length})`] : names;
    this.querySelector(".chosen").textContent = shown.join(", ");
  }

  show() {
    this.tell();
    if (this.bytes > Number(this.dataset.maxBytes)) this.refuse(this.dataset.tooLarge);
    else this.error.hidden = true;
  }

  check(event) {
    sent = this.input.files;
    if (this.bytes <= Number(this.dataset.maxBytes)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.refuse(this.dataset.tooLarge);
  }
}

customElements.define("batch-upload", BatchUpload);
