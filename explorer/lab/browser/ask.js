// Questions to the server: one on its way at a time, the newest next, those between are dropped.

class Asker {
  /** `answered(frame)`, `failed(sentence)` and `offline()`: the server has no such route. */
  constructor(handlers) {
    Object.assign(this, handlers);
    this.serial = 0;
    this.waiting = null;
    this.busy = false;
    this.times = [];
  }

  ask(question) {
    this.waiting = { ...question, serial: ++this.serial };
    if (!this.busy) this._next();
  }

  async _next() {
    this.busy = true;
    while (this.waiting) {
      const question = this.waiting;
      this.waiting = null;
      await this._send(question);
    }
    this.busy = false;
  }

  async _send(question) {
    const begun = performance.now();
    let answer;
    try {
      answer = await fetch(this.route, {
        method: "POST", headers: { "Content-Type": "application/json" }, credentials: "same-origin",
        body: JSON.stringify({ ...question, word: this.word }),
      });
    } catch {
      this.failed("The server does not answer; what you change is shown when it is back.");
      return;
    }
    if (answer.status === 204) return;
    const isJson = answer.headers.get("content-type")?.includes("json");
    if (!isJson) {
      this.offline();
      return;
    }
    const told = await answer.json();
    if (answer.ok) {
      this._count(performance.now() - begun);
      await this.answered(told);
    } else if (answer.status === 403) this.offline();
    else this.failed(told.error);
  }

  _count(spent) {
    this.times = [...this.times, spent].slice(-12);
  }

  /** Frames a second that the last answers would make. */
  get rate() {
    const sum = this.times.reduce((total, spent) => total + spent, 0);
    return sum ? (1000 * this.times.length) / sum : 0;
  }
}
