// A line chart as SVG: axes, lines told apart by colour and dash, and a sentence that says what they show.

import { digits, element } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg", WIDE = 420, HIGH = 240, LEFT = 44, BOTTOM = 34, TOP = 10, RIGHT = 22;

/** Lines {name, colour, dash, points: [[x, y]]}; `words` are read out and shown below. */
export function line_chart({ title, x, y, lines, words, ends }) {
  const all = lines.flatMap(({ points }) => points);
  const { x_low, x_high, y_low, y_high } = ends ?? ends_of(all);
  const across = (value) => LEFT + ((value - x_low) / (x_high - x_low || 1)) * (WIDE - LEFT - RIGHT);
  const up = (value) => HIGH - BOTTOM - ((value - y_low) / (y_high - y_low || 1)) * (HIGH - BOTTOM - TOP);
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${title}. ${words}` },
    svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${HIGH - BOTTOM}H${WIDE - RIGHT}` }),
    ...[x_low, (x_low + x_high) / 2, x_high].map((value) =>
      text(digits(value), across(value), HIGH - BOTTOM + 14, "middle")),
    ...[y_low, y_high].map((value) => text(digits(value), LEFT - 5, up(value) + 4, "end")),
    text(x, (LEFT + WIDE) / 2, HIGH - 4, "middle"), text(y, LEFT + 6, TOP + 8, "start"),
    ...lines.map(({ colour, dash, points }) => svg("path", { fill: "none", stroke: colour, "stroke-width": 2.5,
      "stroke-dasharray": dash.join(" "),
      d: points.map(([px, py], i) => `${i ? "L" : "M"}${across(px)} ${up(py)}`).join("") })));
  return element("figure", { class: "chart" }, element("figcaption", {}, title), picture, chart_legend(lines),
    element("p", {}, words));
}

function ends_of(points) {
  const xs = points.map(([px]) => px), ys = points.map(([, py]) => py);
  return { x_low: Math.min(...xs), x_high: Math.max(...xs), y_low: Math.min(...ys), y_high: Math.max(...ys) };
}

function chart_legend(lines) {
  return element("ul", { class: "legend" }, lines.map(({ name, colour, dash }) => element("li", {},
    svg("svg", { viewBox: "0 0 36 8", class: "key", "aria-hidden": "true" }, svg("path", { d: "M0 4H36", stroke: colour,
      "stroke-width": 3, "stroke-dasharray": dash.join(" ") })), name)));
}

/** An element of SVG. */
export function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function text(words, x, y, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, words);
}
