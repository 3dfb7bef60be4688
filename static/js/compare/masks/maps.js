/**
 * Pictures computed from masks, shown in the masks' place. A map is named, in the address too, by
 * its kind and what it is about: "entropy", "errors", "errors.3" (class 3), "pair.1.2" (panes 1 and
 * 2), "swap.1.2.0.3" (pane 1 says class 0 where pane 2 says class 3), "field.1.ID".
 *
 * All exist within one class list; panes of another go on showing their masks.
 */
import { NONE, heat, palette } from "./paint.js";
import { readMask } from "../../png.js";
import { number, say } from "../elements.js";

// Okabe and Ito's colours, told apart by colour-blind people too.
const RIGHT = "#009e73";
const FALSE = "#d55e00";
const MISSED = "#f0e442";
const ONLY = ["#0072b2", "#e69f00"];
const NEITHER = "#cc79a7";

export class Maps {
  #entropies = new Map(); // by class list

  constructor(board) {
    Object.assign(this, { board, data: board.data });
  }

  /** {indices, width, height, colours, lines} of a map for one pane; undefined where it has none. */
  async picture(map, pane) {
    const [kind, ...about] = map.split(".");
    return this[kind]?.(pane, about);
  }

  /** What to tell of a map: its title and key, [{colour, label, count}]; null if there is none. */
  async about(map) {
    const [kind, ...about] = map.split(".");
    const { texts } = this.data;
    const names = about.slice(0, 2).map((part) => this.board.pane(part)?.title);
    if (kind === "errors") return this.aboutErrors(about[0]);
    if (kind !== "entropy" && names.slice(0, kind === "field" ? 1 : 2).includes(undefined)) return null;
    if (kind === "pair") return this.aboutPair(about, names);
    if (kind === "swap") return { title: this.sentence(about), key: [] };
    if (kind === "field") return { title: say(texts.field, { model: names[0] }), key: heatKey(texts) };
    return kind === "entropy" ? { title: texts.entropy, key: heatKey(texts) } : null;
  }

  // disagreement

  async entropy(pane) {
    const votes = await this.votes(pane.list);
    return votes && { ...votes, colours: heat(), lines: false };
  }

  /** {indices, width, height, values (bits), mean} of a class list's votes; null below two masks. */
  async votes(list) {
    const masks = (await this.board.masks(list)).map(([, mask]) => mask);
    if (masks.length < 2) return undefined;
    const known = this.#entropies.get(list);
    if (known?.of === masks.length) return known.votes;
    const { width, height } = masks[0];
    const votes = vote(masks.map(({ ids }) => ids)).then((counted) => ({ ...counted, width, height }));
    this.#entropies.set(list, { of: masks.length, votes });
    return votes;
  }

  async swap(pane, [a, b, classA, classB]) {
    const pair = await this.both(a, b);
    if (!pair || this.board.pane(a).list !== pane.list) return undefined;
    const own = await this.own(pane);
    if (!own) return undefined;
    const indices = own.ids.map((id, i) =>
      pair[0].ids[i] === Number(classA) && pair[1].ids[i] === Number(classB) ? id : NONE,
    );
    return { ...own, indices, colours: palette(this.data.lists[pane.list]), lines: true };
  }

  /** "FCN-8s says Road, U-Net says Pavement" */
  sentence([a, b, classA, classB]) {
    const [one, other] = [this.board.pane(a), this.board.pane(b)];
    const title = (pane, id) => this.data.lists[pane.list].find((entry) => entry.id === Number(id))?.title;
    const values = { a: one.title, a_class: title(one, classA), b: other.title, b_class: title(other, classB) };
    return say(this.data.texts.swap, values);
  }

  // against the truth

  async errors(pane, [about]) {
    const [own, truth] = [await this.own(pane), await this.board.truth()];
    if (!own || !truth || pane.list !== this.data.image.list) return undefined;
    const indices = mark(own.ids, truth.ids, this.known, about === undefined ? null : Number(about));
    const colours = palette([{ id: 0, colour: RIGHT }, { id: 1, colour: FALSE }, { id: 2, colour: MISSED }]);
    return { ...own, indices, colours, lines: true };
  }

  aboutErrors(about) {
    const { texts, lists, image } = this.data;
    const key = [{ colour: RIGHT, label: texts.right }];
    if (about === undefined) return { title: texts.errors, key: [...key, { colour: FALSE, label: texts.wrong }] };
    const name = lists[image.list].find(({ id }) => id === Number(about)).title;
    const rest = [{ colour: FALSE, label: texts.false }, { colour: MISSED, label: texts.missed }];
    return { title: say(texts.errorsOf, { name }), key: [...key, ...rest] };
  }

  async pair(pane, [a, b]) {
    const rights = await this.rights(a, b);
    if (!rights || pane.list !== this.data.image.list) return undefined;
    const colours = palette([...ONLY, NEITHER].map((colour, id) => ({ id, colour })));
    return { ...rights, colours, lines: true };
  }

  /** Where only one of two panes, or neither, is right: indices 0, 1, 2 and their counts. */
  async rights(a, b) {
    const [pair, truth] = [await this.both(a, b), await this.board.truth()];
    if (!pair || !truth || this.board.pane(a).list !== this.data.image.list) return undefined;
    const { known } = this;
    const counts = [0, 0, 0];
    const indices = truth.ids.map((id, i) => {
      if (!known[id]) return NONE;
      const [one, other] = [pair[0].ids[i] === id, pair[1].ids[i] === id];
      if (one && other) return NONE;
      const index = one ? 0 : other ? 1 : 2;
      counts[index] += 1;
      return index;
    });
    return { ...truth, indices, counts };
  }

  async aboutPair([a, b], [one, other]) {
    const { texts } = this.data;
    const { counts } = (await this.rights(a, b)) ?? { counts: [0, 0, 0] };
    const labels = [say(texts.only, { model: one }), say(texts.only, { model: other }), texts.neither];
    const key = labels.map((label, i) => ({ colour: [...ONLY, NEITHER][i], label, count: number(counts[i]) }));
    return { title: texts.pair, key };
  }

  /** Which ids of the true mask are classes; the others are void. */
  get known() {
    const known = new Array(256).fill(false);
    for (const { id } of this.data.lists[this.data.image.list]) known[id] = true;
    return known;
  }

  // inside the network

  async field(pane, [about, id]) {
    if (pane.number !== Number(about)) return undefined;
    const { field } = await this.inside(`field.${about}.${id}`);
    const { ids, ...size } = await readMask(field.heat_url);
    const indices = ids.map((value) => Math.min(value, NONE - 1));
    return { ...size, indices, colours: heat(), lines: false };
  }

  /** What the server knows of a field's network and pixel. */
  inside(map) {
    return this.board.api.get(`insides/${map.split(".")[2]}/`);
  }

  // masks

  async own(pane) {
    return this.board.layer(pane.number)?.read();
  }

  /** The masks of two panes, if they are there and have one class list. */
  async both(a, b) {
    const [one, other] = [this.board.pane(a), this.board.pane(b)];
    if (!one || !other || one.list !== other.list) return undefined;
    const masks = await Promise.all([this.own(one), this.own(other)]);
    return masks.every(Boolean) ? masks : undefined;
  }
}

/** 0 right, 1 false, 2 missed. About one class, pixels that have nothing to do with it are none. */
function mark(ids, truth, known, about) {
  return ids.map((id, i) => {
    const real = truth[i];
    if (!known[real]) return NONE;
    if (about === null) return id === real ? 0 : 1;
    if (id === about) return real === about ? 0 : 1;
    return real === about ? 2 : NONE;
  });
}

function heatKey({ little, much }) {
  const hex = (abgr) => `#${[abgr & 255, (abgr >> 8) & 255, (abgr >> 16) & 255].map((v) => v.toString(16).padStart(2, "0")).join("")}`;
  const colours = heat();
  return [[1, little], [127, ""], [NONE - 1, much]].map(([id, label]) => ({ colour: hex(colours[id]), label }));
}

/** Count votes beside the main thread. */
function vote(masks) {
  const worker = new Worker(new URL("./votes-worker.js", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(masks);
  }).finally(() => worker.terminate());
}
