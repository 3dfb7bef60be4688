/**
 * <drop-zone>: an image dropped anywhere on the page, pasted or picked goes into the form around
 * it and is sent at once, with a preview and the share that has been sent.
 *
 * The form works without this module; htmx sends it and follows the answer.
 */
import { UploadField } from "../upload-field.js";

let sent = null; // the files of a form that was refused: the one that takes its place has none

class DropZone extends UploadField {
  connectedCallback() {
    super.connectedCallback();
    this.camera = this.querySelector("input[capture]");
    this.mask = this.querySelector("[name=mask]");
    this.on(this.form, "submit", () => (sent = { image: this.input.files, mask: this.mask.files }));
    this.on(document, "paste", (event) => this.take(event.clipboardData.files));
    // Else a browser would not tell of the same file, mended and chosen again.
    this.on(this.input, "click", () => this.clear());
    this.on(this.input, "change", () => this.send());
    this.on(this.camera, "change", () => this.photo());
    // Only then browsers have filled the field again that was sent before.
    this.on(window, "pageshow", ({ persisted }) => (persisted || !arrivedAnew()) && this.clear());
    if (sent) this.putBack();
    else if (arrivedAnew()) this.send();
  }

  /** Keep what was refused, to be sent again once the fault is mended: another mask, a model. */
  putBack() {
    this.input.files = sent.image;
    this.mask.files = sent.mask;
    this.mask.closest("details").open = this.mask.files.length > 0;
    sent = null;
    const [image] = this.input.files;
    if (!image) return;
    this.preview(image);
    this.querySelector(".again").hidden = false;
  }

  /** Forget what was sent before the reader went away: the same file may be chosen again. */
  clear() {
    this.input.value = "";
    this.querySelector(".preview").hidden = true;
    this.querySelector(".again").hidden = true;
    this.progress.hidden = true;
  }

  /** Put the first of some files that is an image into the form and send it. */
  take(files) {
    if (!files.length) return;
    const image = [...files].find((file) => file.type.startsWith("image/"));
    if (!image) return this.refuse(this.dataset.noImage);
    const one = new DataTransfer();
    one.items.add(image);
    this.input.files = one.files;
    this.send();
  }

  /** A photo just taken goes into the one field, so that it is sent once. */
  photo() {
    const files = [...this.camera.files];
    this.camera.value = "";
    this.take(files);
  }

  send() {
    const [file] = this.input.files;
    if (!file) return;
    if (file.size > Number(this.dataset.maxBytes)) return this.refuse(this.dataset.tooLarge);
    this.error.hidden = true;
    this.preview(file);
    this.form.requestSubmit();
  }

  preview(file) {
    const image = this.querySelector(".preview");
    image.src = URL.createObjectURL(file);
    image.onload = () => (image.hidden = false);
    image.onerror = () => (image.hidden = true);
  }

  refuse(sentence) {
    this.clear();
    super.refuse(sentence);
  }
}

/**
 * Whether the field can only hold what was chosen while this module was on its way; on a reload or
 * going back, browsers fill it with what has been sent before.
 */
function arrivedAnew() {
  return performance.getEntriesByType("navigation")[0].type === "navigate";
}

customElements.define("drop-zone", DropZone);
