// A board with boxes to drag: SVG rectangles that follow the pointer, and the arrows when they have the focus.
//
// Arrows move a box, Shift with arrows moves its lower right corner.

import { moved, with_corner } from "../bench_moves.js";
import { svg } from "../chart.js";

const UNITS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HANDLE = 12; // units of the board: size of the corner that changes the size of a box

/** A board of `size` (height, width); `boxes` are {box, name, colour, dash}, and `changed()` follows every move. */
export function board([height, width], boxes, changed) {
  const made = svg("svg", { class: "board", viewBox: `0 0 ${width} ${height}`, role: "group",
    "aria-label": "Boxes to drag; arrows move a box, Shift with arrows its lower right corner" });
  const drawn = boxes.map((one) => draggable(made, one, () => { made.refresh(); changed(); }));
  made.refresh = () => drawn.forEach((box) => box.refresh());
  made.refresh();
  return made;
}

function draggable(parent, one, changed) {
  const shape = svg("rect", { fill: one.colour, "fill-opacity": 0.18, stroke: one.colour, "stroke-width": 2.5,
    "stroke-dasharray": one.dash.join(" ") });
  const handle = svg("rect", { fill: one.colour, width: HANDLE, height: HANDLE }), words = svg("text", {}, one.name);
  const group = svg("g", { tabindex: 0, role: "application", "aria-roledescription": "box" }, shape, handle, words);
  parent.append(group);
  group.addEventListener("pointerdown", (event) => follow(parent, one, event, event.target === handle, changed));
  group.addEventListener("keydown", (event) => {
    const step = UNITS[event.key], { box } = one;
    if (!step) return;
    event.preventDefault();
    one.box = event.shiftKey ? with_corner(box, 3, box[2] + step[0], box[3] + step[1]) : moved(box, ...step);
    changed();
  });
  group.refresh = () => {
    const [x1, y1, x2, y2] = one.box;
    place(shape, { x: x1, y: y1, width: x2 - x1, height: y2 - y1, opacity: one.faint ? 0.35 : 1 });
    place(handle, { x: x2 - HANDLE, y: y2 - HANDLE });
    place(words, { x: x1 + 4, y: y1 + 15 });
    words.textContent = one.words ?? one.name;
    group.setAttribute("aria-label", `${words.textContent}, from (${x1}, ${y1}) to (${x2}, ${y2})`);
  };
  return group;
}

function place(shape, attributes) {
  for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
}

/** Let a box, or its corner, follow the pointer until it is let go. */
function follow(parent, one, down, is_corner, changed) {
  const unit = () => parent.viewBox.baseVal.width / parent.getBoundingClientRect().width, start = one.box;
  const move = (event) => {
    const dx = (event.clientX - down.clientX) * unit(), dy = (event.clientY - down.clientY) * unit();
    one.box = is_corner ? with_corner(start, 3, start[2] + dx, start[3] + dy) : moved(start, dx, dy);
    changed();
  };
  parent.setPointerCapture(down.pointerId);
  parent.addEventListener("pointermove", move);
  parent.addEventListener("pointerup", () => parent.removeEventListener("pointermove", move), { once: true });
}
