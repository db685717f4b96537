// Texts whose words and the film's regions light each other up. All weights came with the page.

const MARKED = 3; // regions of a word, words of a region
const MOST_TINT = 0.32; // so that words stay readable

class Words {
  /**
   * `pick(text, word)` is told which word is looked at, (-1, -1) for none.
   * Texts are put in as text: nothing of a report is read as HTML.
   */
  constructor(data, pick) {
    Object.assign(this, { data, pick, pinned: null, buttons: [] });
    this.element = make("div", {
      className: "texts",
      attr: { role: "group", "aria-label": "Texts, word by word: arrow keys go from word to word" },
    });
    let group = null;
    data.texts.forEach((text, number) => {
      if (text.title) {
        group = make("p", {}, make("strong", { textContent: text.title }), " ");
        this.element.append(group);
      } else {
        group.append(" ");
      }
      group.append(...this._pieces(text, number));
    });
    if (this.buttons.length) this.buttons[0].tabIndex = 0;
    this.element.addEventListener("keydown", (event) => this._key(event));
    this.element.addEventListener("pointerleave", () => this._rest());
    this.element.addEventListener("focusout", () => this._rest());
  }

  /** Pieces between blanks stay on one line: a button would part a word from its full stop. */
  _pieces(text, number) {
    const parts = [];
    for (const [piece, word] of text.pieces) {
      const blank = /\s/.test(piece); // of an unread text the whole is one piece
      if (blank || !parts.length || typeof parts.at(-1) === "string") {
        parts.push(blank ? piece : make("span", { className: "together" }));
      }
      if (!blank) parts.at(-1).append(this._piece(piece, word, number));
    }
    return parts;
  }

  _piece(piece, word, number) {
    if (word === null) return document.createTextNode(piece);
    const button = make("button", {
      type: "button",
      className: "word",
      textContent: piece,
      tabIndex: -1,
      attr: { "aria-pressed": "false" },
    });
    const look = () => {
      if (!this.pinned) this.pick(number, word);
    };
    button.addEventListener("pointerenter", look);
    button.addEventListener("focus", look);
    button.addEventListener("click", () => this._pin(button, number, word));
    Object.assign(button, { word, piece });
    this.buttons.push(button);
    return button;
  }

  /** A click, a touch or Enter keeps a word; the same again lets it go. */
  _pin(button, number, word) {
    const again = this.pinned === button;
    this.pinned?.setAttribute("aria-pressed", "false");
    this.pinned = again ? null : button;
    button.setAttribute("aria-pressed", String(!again));
    this.pick(number, word);
  }

  unpin() {
    this.pinned?.setAttribute("aria-pressed", "false");
    this.pinned = null;
    this.pick(-1, -1);
  }

  _rest() {
    if (!this.pinned) this.pick(-1, -1);
  }

  _key(event) {
    const at = this.buttons.indexOf(event.target);
    const last = this.buttons.length - 1;
    const to = {
      ArrowRight: Math.min(at + 1, last),
      ArrowDown: Math.min(at + 1, last),
      ArrowLeft: Math.max(at - 1, 0),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === "Escape") this.unpin();
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the app's own arrow keys go from film to film
    this.buttons[at].tabIndex = -1;
    this.buttons[to].tabIndex = 0;
    this.buttons[to].focus();
  }

  /** The regions kept for a text, nearest to a word first: [place in its list, cosine]. */
  regionsOf(text, word) {
    const cosine = this.data.cosine[word];
    return this.data.texts[text].kept
      .map((region, place) => [place, cosine[region]])
      .sort((a, b) => b[1] - a[1])
      .slice(0, MARKED);
  }

  /** Tint words by their cosine with a region; the nearest are marked, and named. */
  matching(region) {
    const rows = this.buttons.map((button) => [button, this.data.cosine[button.word][region]]);
    const values = rows.map(([, cosine]) => cosine);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const nearest = [...rows].sort((a, b) => b[1] - a[1]).slice(0, MARKED);
    for (const [button, cosine] of rows) {
      const share = high > low ? (cosine - low) / (high - low) : 0;
      button.style.setProperty("--tint", `${100 * MOST_TINT * share}%`);
      button.classList.toggle("near", nearest.some(([one]) => one === button));
    }
    return nearest.map(([button, cosine]) => `${button.piece} ${cosine.toFixed(2)}`);
  }

  clear() {
    for (const button of this.buttons) {
      button.style.removeProperty("--tint");
      button.classList.remove("near");
    }
  }
}
