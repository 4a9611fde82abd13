// SPDX-License-Identifier: Apache-2.0
"use strict";
// Charts over time that show a part of it: dragging over one of them chooses what all charts of its
// group show. Buttons do the same for those who have no mouse.

const SMALLEST_DRAG = 6; // in pixels: less is a click

class Zoom {
  /** `whole` = [first, last] of the x axis; `range`, if given, is what is shown at first. */
  constructor(whole, range = whole) {
    this.whole = whole;
    this.range = range;
    this.entries = [];
    const actions = [
      ["Zoom in", () => this.scaled(0.5)], ["Zoom out", () => this.scaled(2)],
      ["Earlier", () => this.moved(-0.5)], ["Later", () => this.moved(0.5)],
      ["Show all", () => this.show(...this.whole)]];
    const buttons = actions.map(([text, action]) => {
      const button = el("button", { type: "button" }, text);
      button.addEventListener("click", action);
      return button;
    });
    this.controls = el("p", { class: "zoom" }, ...buttons, " or drag over a chart");
  }

  /** Makes a chart part of the group; the first one takes the buttons if nobody has placed them. */
  add(entry, box) {
    this.entries.push(entry);
    if (!this.controls.isConnected) box.before(this.controls);
    const mark = el("div", { class: "selection", hidden: "" });
    box.append(mark);
    entry.canvas.addEventListener("pointerdown", (event) => {
      if (event.button === 0) this.drag(entry, mark, event);
    });
  }

  /** Marks what is dragged over, and shows it when the button is released. */
  drag(entry, mark, start) {
    const { left } = entry.canvas.getBoundingClientRect();
    const pixels = (event) => [start, event].map(({ clientX }) => clientX - left)
      .sort((a, b) => a - b);
    const ended = new AbortController();
    const on = (type, action) => addEventListener(type, action, { signal: ended.signal });
    const end = () => {
      ended.abort();
      mark.hidden = true;
    };
    on("pointermove", (event) => {
      const [from, to] = pixels(event);
      mark.hidden = false;
      mark.style.left = `${entry.canvas.offsetLeft + from}px`;
      mark.style.width = `${to - from}px`;
    });
    on("pointerup", (event) => {
      end();
      const [from, to] = pixels(event);
      if (to - from < SMALLEST_DRAG) return;
      this.show(...[from, to].map((p) => entry.chart.scales.x.getValueForPixel(p)));
    });
    on("pointercancel", end);
  }

  scaled(factor) {
    const [first, last] = this.range;
    const middle = (first + last) / 2;
    this.show(middle - (factor * (last - first)) / 2, middle + (factor * (last - first)) / 2);
  }

  moved(share) {
    const [first, last] = this.range;
    const size = last - first;
    const start = Math.min(Math.max(first + share * size, this.whole[0]), this.whole[1] - size);
    this.show(start, start + size);
  }

  show(first, last) {
    this.range = [Math.max(first, this.whole[0]), Math.min(last, this.whole[1])];
    this.entries.forEach(draw);
  }
}
