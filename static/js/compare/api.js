/** Asking the REST interface for what the page's panels show, with the page's share link. */

export class Api {
  /** `data` as the page brings it: where the interface is, the share link's query, the token. */
  constructor({ api, query, token, texts, user }) {
    Object.assign(this, { api, query, token, texts, user });
  }

  async get(path) {
    return this.#json(await this.#answer(path));
  }

  async post(path, body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    return this.#json(await this.#answer(path, { method: "POST", headers, body: JSON.stringify(body) }));
  }

  /** A job once it has ended; asked for again and again until then. */
  async ended(path) {
    for (;;) {
      const job = await this.get(path);
      if (!["QUEUED", "RUNNING"].includes(job.state)) return job;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async bytes(path, query = {}) {
    const answer = await this.#answer(path, {}, query);
    if (!answer.ok) throw new Error(this.#refusal(answer) ?? `${answer.status} ${path}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  address(path, query = {}) {
    const all = new URLSearchParams([...new URLSearchParams(this.query), ...Object.entries(query)]);
    return `${this.api}${path}${all.size ? `?${all}` : ""}`;
  }

  /** What browsers say themselves of a server that is away tells nobody what to do. */
  #answer(path, options, query) {
    return fetch(this.address(path, query), options).catch(() => {
      throw new Error(this.texts.offline);
    });
  }

  /** What was there when the page came is gone for this reader: signed out, or it was deleted. */
  #refusal({ status }) {
    const refused = status === 404 || (this.user && [401, 403].includes(status));
    return refused ? this.texts.signedOut : undefined;
  }

  /** What an answer says; a refusal becomes an error with the server's sentence. */
  async #json(answer) {
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(this.#refusal(answer) ?? said.detail ?? said.title ?? String(answer.status));
    return said;
  }
}
