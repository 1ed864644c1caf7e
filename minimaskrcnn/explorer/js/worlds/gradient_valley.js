// The valley of the gradient check: a step too large cuts the curve, a step too small drowns in rounding.
//
//     slope(h) = (f(x + h) - f(x - h)) / 2h,   error = |slope(h) - f'(x)| / |f'(x)|
//     error ~ h^2 (from the curve) + eps / h (from rounding)

import { f32 } from "../boxes.js";
import { line_chart } from "../chart.js";
import { style_of } from "../colours.js";
import { element, fill, slider } from "../dom.js";
import { world } from "./world.js";

const X = 0.7, FLOOR = 1e-16; // an error of 0 is drawn here
const FUNCTION = (x) => x * x * Math.sin(3 * x), DERIVATIVE = 2 * X * Math.sin(3 * X) + 3 * X * X * Math.cos(3 * X);

/** The relative error of the central difference with step h; `round` is the precision of every value. */
export function difference_error(h, round) {
  const f = (x) => round(FUNCTION(round(x)));
  return Math.max(Math.abs((f(X + h) - f(X - h)) / (2 * h) - DERIVATIVE) / Math.abs(DERIVATIVE), FLOOR);
}

const PRECISIONS = { "float64, 16 digits": (value) => value, "float32, 7 digits": f32 };

/** The world of the gradient check. */
export function valley_world() {
  const chart = element("div", {}), state = { exponent: -1 };
  const tell = () => fill(chart, valley(10 ** state.exponent));
  const step = slider({ label: "step h", min: -9, max: 0, step: 0.25, value: state.exponent,
    format: (exponent) => (10 ** exponent).toExponential(1), on_change: (exponent) => { state.exponent = exponent; tell(); } });
  tell();
  return world({ id: "valley", name: "The valley of the gradient check",
    text: "The slope between two nearby points stands in for the derivative. Both a large and a tiny step go wrong, and " +
      "float32 cannot go far down: so gradients are checked in float64, with a step near 1e-5.",
    formula: "error ~ h^2 + eps / h", code: "testing.gradcheck" }, step, chart);
}

function valley(h) {
  const exponents = Array.from({ length: 73 }, (_, i) => -9 + i / 8);
  const lines = Object.entries(PRECISIONS).map(([name, round], i) => ({ name, ...style_of(i),
    points: exponents.map((exponent) => [exponent, Math.log10(difference_error(10 ** exponent, round))]) }));
  const chosen = { name: "your step", colour: "#ffffff", dash: [2, 3],
    points: [[Math.log10(h), -16], [Math.log10(h), 2]] };
  const errors = Object.entries(PRECISIONS).map(([name, round]) =>
    `${difference_error(h, round).toExponential(1)} in ${name}`);
  return line_chart({ title: "Error of the difference against the step, powers of ten", x: "log10 of h",
    y: "log10 of the error",
    lines: [...lines, chosen], ends: { x_low: -9, x_high: 0, y_low: -16, y_high: 2 },
    words: `With h = ${h.toExponential(1)} the relative error is ${errors.join(", ")}.` });
}
