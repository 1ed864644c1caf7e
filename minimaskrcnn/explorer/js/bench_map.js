// The map of the bench: its cells, the box to drag, the bins and the points where they are read.
//
//     screen = cells * scale;   a position i of the operators is drawn at i + 1/2, the middle of cell i

import { corner_at, moved, with_corner, STEP } from "./bench_moves.js";
import { viridis } from "./colours.js";
import { digits, element } from "./dom.js";

const ARROW_MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const READABLE = 34; // screen pixels of a cell from which its number is written

export class BenchMap {
  constructor(state, changed) {
    Object.assign(this, { state, changed, drag: null });
    this.canvas = element("canvas", { class: "bench-map", tabindex: 0, role: "application",
      "aria-label": "The map and the box; arrows move the box by 0.05 cells, Shift with arrows its lower right corner" });
    this.context = this.canvas.getContext("2d");
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.canvas.addEventListener("pointerdown", (event) => this.#down(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    this.canvas.addEventListener("pointerup", () => { this.drag = null; });
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Screen pixels per cell. */
  get scale() {
    const { map } = this.state;
    return Math.min(this.canvas.clientWidth / (map.width + 1), this.canvas.clientHeight / (map.height + 1));
  }

  #cell_at(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) / this.scale - 0.5, (event.clientY - frame.top) / this.scale - 0.5];
  }

  #down(event) {
    const [x, y] = this.#cell_at(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { x, y, box: this.state.box, corner: corner_at(this.state.box, x, y, 12 / this.scale) };
  }

  #move(event) {
    if (!this.drag) return;
    const [x, y] = this.#cell_at(event), { box, corner } = this.drag;
    this.state.box = corner < 0 ? moved(box, x - this.drag.x, y - this.drag.y) : with_corner(box, corner, x, y);
    this.changed();
  }

  #key(event) {
    const arrow = ARROW_MOVES[event.key], { box } = this.state;
    if (!arrow) return;
    event.preventDefault();
    const [dx, dy] = arrow;
    this.state.box = event.shiftKey ? with_corner(box, 3, box[2] + dx, box[3] + dy) : moved(box, dx, dy);
    this.changed();
  }

  draw() {
    const { canvas, context, state } = this, ratio = devicePixelRatio || 1;
    if (!canvas.clientWidth || !state.bins) return;
    Object.assign(canvas, { width: canvas.clientWidth * ratio, height: canvas.clientHeight * ratio });
    context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, 0.5 * ratio * this.scale, 0.5 * ratio * this.scale);
    this.#cells();
    state.bins.forEach((bin, i) => this.#bin(bin, i === state.chosen));
    this.#box();
    this.#points();
  }

  #cells() {
    const { map, slope, weights } = this.state, values = slope ? weights : map.values;
    const low = Math.min(...values), high = Math.max(...values), { context } = this;
    for (let i = 0; i < values.length; i++) {
      const x = i % map.width, y = Math.floor(i / map.width), share = (values[i] - low) / (high - low || 1);
      context.fillStyle = `rgb(${viridis(share).join(" ")})`;
      context.fillRect(x, y, 1, 1);
      if (this.scale >= READABLE) this.#number(values[i], x, y, share);
    }
  }

  #number(value, x, y, share) {
    const { context } = this;
    context.fillStyle = share > 0.6 ? "#000" : "#fff";
    context.font = "0.26px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText(digits(value), x + 0.5, y + 0.3);
  }

  /** A bin as it was cut; the chosen one is thick. */
  #bin({ edges }, is_chosen) {
    const shift = this.state.rule.sampling_ratio === null ? 0 : 0.5, [x1, y1, x2, y2] = edges.map((edge) => edge + shift);
    this.#outline(x1, y1, x2 - x1, y2 - y1, is_chosen ? 3 : 1, "#ffffff", []);
  }

  #box() {
    const [x1, y1, x2, y2] = this.state.box;
    this.#outline(x1, y1, x2 - x1, y2 - y1, 3, "#E69F00", [6, 4]);
    this.context.fillStyle = "#E69F00";
    const half = 4 / this.scale;
    for (const [x, y] of [[x1, y1], [x2, y1], [x1, y2], [x2, y2]]) {
      this.context.fillRect(x - half, y - half, 2 * half, 2 * half);
    }
  }

  #outline(x, y, wide, high, width, colour, dash) {
    const { context, scale } = this;
    for (const [line, stroke, pattern] of [[width + 2, "rgba(0,0,0,.7)", []], [width, colour, dash]]) {
      context.lineWidth = line / scale;
      context.strokeStyle = stroke;
      context.setLineDash(pattern.map((length) => length / scale));
      context.strokeRect(x, y, wide, high);
    }
    context.setLineDash([]);
  }

  /** Where the bins are read; the winner of a maximum is ringed. */
  #points() {
    const { bins, chosen } = this.state, { context, scale } = this;
    bins.forEach(({ points, winner }, b) => points.forEach(({ x, y }, i) => {
      context.beginPath();
      context.arc(x + 0.5, y + 0.5, (b === chosen ? 4.5 : 2.5) / scale, 0, 2 * Math.PI);
      context.fillStyle = b === chosen ? "#D55E00" : "#ffffff";
      context.fill();
      context.lineWidth = (i === winner ? 3 : 1) / scale;
      context.strokeStyle = i === winner ? "#ffffff" : "#000000";
      context.stroke();
    }));
  }
}
