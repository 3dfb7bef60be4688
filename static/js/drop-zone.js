/**
 * <drop-zone>: an image dropped anywhere on the page, pasted or picked goes into the form around
 * it and is sent at once, with a preview and the share that has been sent.
 *
 * The form works without this module; htmx sends it and follows the answer.
 */
class DropZone extends HTMLElement {
  connectedCallback() {
    this.form = this.closest("form");
    this.input = this.querySelector("input[type=file]");
    this.camera = this.querySelector("input[capture]");
    this.progress = this.querySelector("progress");
    this.error = this.querySelector("[role=alert]");
    this.listening = new AbortController();
    const on = (target, type, handler) =>
      target.addEventListener(type, handler, { signal: this.listening.signal });

    on(document, "dragover", (event) => this.dragged(event));
    on(document, "dragleave", (event) => event.relatedTarget || this.classList.remove("over"));
    on(document, "drop", (event) => this.dropped(event));
    on(document, "paste", (event) => this.take(event.clipboardData.files));
    on(this.input, "change", () => this.send());
    on(this.camera, "change", () => this.photo());
    on(this.form, "htmx:xhr:progress", (event) => this.sent(event.detail));
    on(this.form, "htmx:sendError", () => this.refuse(this.dataset.noAnswer));
    on(this.form, "htmx:responseError", ({ detail }) => this.refuse(this.reason(detail.xhr)));
  }

  disconnectedCallback() {
    this.listening.abort();
  }

  dragged(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.classList.add("over");
  }

  dropped(event) {
    this.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    this.take(event.dataTransfer.files);
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

  reason(answer) {
    return answer.status === 413 ? this.dataset.tooLarge : this.dataset.noAnswer;
  }

  sent({ loaded, total }) {
    this.progress.hidden = false;
    this.progress.value = total ? loaded / total : 0;
  }

  refuse(sentence) {
    this.input.value = "";
    this.progress.hidden = true;
    this.querySelector(".preview").hidden = true;
    this.error.textContent = sentence;
    this.error.hidden = false;
  }
}

customElements.define("drop-zone", DropZone);
