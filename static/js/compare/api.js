/** Asking the REST interface for what the page's panels show, with the page's share link. */

export class Api {
  /** `data` as the page brings it: where the interface is, the share link's query, the token. */
  constructor({ api, query, token }) {
    Object.assign(this, { api, query, token });
  }

  async get(path) {
    return this.#json(await fetch(this.address(path)));
  }

  async post(path, body) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    return this.#json(await fetch(this.address(path), { method: "POST", headers, body: JSON.stringify(body) }));
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
    const answer = await fetch(this.address(path, query));
    if (!answer.ok) throw new Error(`${answer.status} ${path}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  address(path, query = {}) {
    const all = new URLSearchParams([...new URLSearchParams(this.query), ...Object.entries(query)]);
    return `${this.api}${path}${all.size ? `?${all}` : ""}`;
  }

  /** What an answer says; a refusal becomes an error with the server's sentence. */
  async #json(answer) {
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.detail ?? said.title ?? String(answer.status));
    return said;
  }
}
