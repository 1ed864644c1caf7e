// The trail: the value of the middle bin while the box moves sideways by up to a cell, for every operator.
//
//     value(shift) of each rule, shift = -1, -0.95, ..., 1 cells
//
// An operator that rounds moves in steps; one that does not, smoothly.

import { STEP, moved } from "./bench_moves.js";
import { line_chart } from "./chart.js";
import { style_of } from "./colours.js";
import { digits } from "./dom.js";
import { RULES, look } from "./roi.js";

/** The chart for the box of this moment. */
export function trail_chart({ map, box, size }) {
  const middle = Math.floor(size / 2) * size + Math.floor(size / 2), count = Math.round(2 / STEP) + 1;
  const lines = Object.entries(RULES).map(([name, rule], i) => ({
    name, ...style_of(i),
    points: Array.from({ length: count }, (_, n) => {
      const shift = -1 + n * STEP;
      return [shift, look(map, moved(box, shift, 0), [size, size], 1, rule)[middle].value];
    }),
  }));
  const jumps = lines.map(({ name, points }) => `${name} ${digits(largest_step(points))}`).join(", ");
  return line_chart({ title: "The middle bin while the box moves sideways", x: "shift, cells", y: "value", lines,
    words: `Largest change in one step of 0.05 cells: ${jumps}.` });
}

function largest_step(points) {
  return Math.max(...points.slice(1).map(([, value], i) => Math.abs(value - points[i][1])));
}
