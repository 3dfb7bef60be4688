/**
 * <live-view>: frames of a camera or a video, each with the masks of the ticked models.
 *
 * One frame is on its way at a time; those in between are never taken. A frame is shown together
 * with its own masks, so that both are of the same moment. While the page is hidden, none are sent.
 */
import { Source, jpeg } from "./source.js";

const OPACITY = 0.6;
const QUALITY = 0.85;
const PATIENCE = 2000; // milliseconds: until the next try, where the server says nothing
const LOOK_BACK = 3000; // milliseconds over which frames a second are counted

class LiveView extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.sizes = JSON.parse(document.getElementById("live-sizes").textContent);
    this.source = new Source(this.querySelector("video"), this.sizes);
    this.panes = new Map();
    this.round = 0; // of starts: what an earlier one left on its way is not shown
    this.on("[data-camera]", "click", () => this.camera());
    this.on("[data-video]", "change", ({ target }) => this.video(target));
    this.on("[data-stop]", "click", () => this.stop());
    this.on("[data-still]", "click", () => this.compare());
    this.form.addEventListener("change", ({ target }) => this.choose(target));
    this.form.addEventListener("submit", (event) => {
      if (this.still.disabled) event.preventDefault(); // Return in a field
    });
    // After going back, browsers fill in what was ticked then; the still was sent.
    window.addEventListener("pageshow", () => {
      this.still.disabled = true;
      this.settle();
    });
    this.settle();
  }

  on(selector, type, handler) {
    this.querySelector(selector).addEventListener(type, handler);
  }

  /** The field that a still is sent by. */
  get still() {
    return this.form.elements.file;
  }

  get models() {
    return [...this.querySelectorAll("[name=models]:checked")];
  }

  // The source

  async camera() {
    if (!navigator.mediaDevices) return this.say(this.dataset.insecure);
    try {
      await this.source.camera(() => this.stop(this.dataset.ended));
    } catch (fault) {
      return this.stop(fault.name === "NotFoundError" ? this.dataset.noCamera : this.dataset.refused);
    }
    this.start("camera");
  }

  async video(field) {
    const [file] = field.files;
    field.value = ""; // the same file may be chosen again
    if (!file) return;
    try {
      await this.source.file(file);
    } catch {
      return this.stop(this.dataset.noVideo);
    }
    this.start(file.name.replace(/\.[^.]*$/, ""));
  }

  start(name) {
    this.name = name;
    this.answered = [];
    this.taken = 0;
    this.before = this.source.frames;
    this.say("");
    this.running(true);
    this.run(++this.round);
  }

  stop(sentence = "") {
    this.round++;
    this.source.stop();
    this.running(false);
    this.say(sentence);
  }

  running(is) {
    for (const part of ["[data-stop]", "[data-still]", ".figures"]) this.querySelector(part).hidden = !is;
    this.querySelector(".live-empty").hidden = is || this.panes.size > 0;
  }

  // Frames

  async run(round) {
    while (round === this.round) {
      const idle = document.hidden || !this.source.playing || !this.models.length;
      const pause = idle ? 100 : await this.pass(round).catch(() => this.unread(round));
      // A frame of the screen at least, so that nothing else of the page has to wait.
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Send one frame and show what comes; how many milliseconds to wait before the next one. */
  async pass(round) {
    const frame = this.source.frame();
    const began = performance.now();
    this.taken++;
    const body = new FormData();
    body.append("frame", await jpeg(frame, QUALITY), "frame.jpg");
    for (const box of this.models) body.append("models", box.value);
    const headers = { "X-CSRFToken": this.form.elements.csrfmiddlewaretoken.value };
    let answer, said;
    try {
      answer = await fetch(this.dataset.frames, { method: "POST", headers, body });
      said = await answer.json();
    } catch {
      if (round === this.round) this.say(this.dataset.noAnswer);
      return PATIENCE;
    }
    if (round !== this.round) return 0;
    if (answer.ok) {
      await this.show(frame, said.masks);
      this.measure(performance.now() - began);
      this.say("");
      return 0;
    }
    const later = Number(answer.headers.get("Retry-After"));
    this.say([401, 403].includes(answer.status) ? this.dataset.signedOut : said.detail);
    if (later) return later * 1000;
    this.stop(this.querySelector(".said").textContent);
    return 0;
  }

  /** Say that the browser could not take a frame or draw its masks; when to try the next one. */
  unread(round) {
    if (round === this.round) this.say(this.dataset.unread);
    return PATIENCE;
  }

  async show(frame, masks) {
    const drawn = await Promise.all(masks.map(({ mask }) => picture(`data:image/png;base64,${mask}`)));
    const ticked = new Set(this.models.map((box) => box.value));
    masks.forEach(({ model, milliseconds }, place) => {
      if (!ticked.has(model)) return;
      const pane = this.pane(model);
      const canvas = pane.querySelector("canvas");
      Object.assign(canvas, { width: frame.width, height: frame.height });
      const context = canvas.getContext("2d");
      context.drawImage(frame, 0, 0);
      context.globalAlpha = OPACITY;
      context.drawImage(drawn[place], 0, 0);
      pane.querySelector("p > .number").textContent = `${Math.round(milliseconds)} ms`;
    });
    this.querySelector(".live-empty").hidden = true;
  }

  pane(model) {
    if (!this.panes.has(model)) {
      const box = this.models.find(({ value }) => value === model);
      const pane = this.querySelector("template").content.cloneNode(true).firstElementChild;
      const title = box.closest("label").querySelector("span").textContent.trim().replace(/\s+/g, " ");
      pane.querySelector(".live-title").textContent = title;
      pane.querySelector("canvas").setAttribute("aria-label", title);
      this.querySelector(".live-panes").append(pane);
      this.panes.set(model, pane);
    }
    return this.panes.get(model);
  }

  measure(latency) {
    const now = performance.now();
    this.answered = [...this.answered, { now, latency }].filter((one) => now - one.now < LOOK_BACK);
    const latencies = this.answered.map((one) => one.latency).sort((a, b) => a - b);
    const since = this.answered.length > 1 ? (now - this.answered[0].now) / (this.answered.length - 1) : latency;
    this.tell("[data-rate]", (1000 / since).toFixed(1));
    this.tell("[data-latency]", Math.round(latencies[latencies.length >> 1]));
    this.tell("[data-dropped]", Math.max(0, this.source.frames - this.before - this.taken));
  }

  tell(selector, figure) {
    this.querySelector(selector).textContent = figure;
  }

  // The models

  choose(target) {
    if (!target.closest("model-picker")) return;
    const over = this.models.slice(this.sizes.most);
    const last = target.name === "models" ? [target] : over;
    if (over.length) for (const box of last) box.checked = false;
    this.say(over.length ? this.dataset.most : this.models.length ? "" : this.dataset.choose);
    if (over.length) this.querySelector("model-picker").tell();
    this.settle();
  }

  /** Panes and classes of the ticked models only. */
  settle() {
    const ticked = this.models.map((box) => box.value);
    for (const [model, pane] of this.panes) {
      if (ticked.includes(model)) continue;
      pane.remove();
      this.panes.delete(model);
    }
    for (const key of this.querySelectorAll("[data-key]")) {
      key.hidden = !this.querySelector(`[data-dataset="${key.dataset.key}"] [name=models]:checked`);
    }
  }

  // The compare page

  /** What is shown now goes through the form of the first page, by the same models. */
  async compare() {
    const still = await this.source.still().catch(() => this.say(this.dataset.unread));
    if (!still) return;
    const files = new DataTransfer();
    files.items.add(new File([still], `${this.name}.jpg`, { type: "image/jpeg" }));
    this.still.disabled = false;
    this.still.files = files.files;
    this.stop();
    this.form.requestSubmit();
  }

  say(sentence) {
    const said = this.querySelector(".said");
    if (said.textContent !== sentence) said.textContent = sentence;
    said.hidden = !sentence;
  }
}

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

customElements.define("live-view", LiveView);
