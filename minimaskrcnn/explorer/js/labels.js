// Words beside boxes, placed so that none hides another.
//
//     above the box, below it, or inside at its upper edge: the first of the three that is free
//
// What is drawn last lies on top and matters most, so it is placed first. Words without a free place are left out;
// a hover, or the arrow keys, still tell the box's numbers.

const PLATE_HEIGHT = 16; // pixels of the screen
const PLATE_MARGIN = 4; // left and right of the words

/** The words of one drawing, gathered until all boxes are there. */
export class Labels {
  #waiting = [];

  add(words, box, colour) {
    this.#waiting.push({ words, box, colour });
  }

  /** Draw them on a context whose unit is a pixel of the picture, and forget them. */
  draw({ context, scale, offset, canvas }) {
    const [left, top] = offset.map((value) => -value / scale); // the corner of the canvas, in the picture's pixels
    const [right, bottom] = [left + canvas.clientWidth / scale, top + canvas.clientHeight / scale];
    const taken = [];
    context.save();
    context.font = `${12 / scale}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    for (const { words, box: [x1, y1, , y2], colour } of this.#waiting.reverse()) {
      const wide = context.measureText(words).width + (2 * PLATE_MARGIN) / scale, high = PLATE_HEIGHT / scale;
      const x = Math.max(left, Math.min(x1, right - wide));
      const plates = [Math.max(y1 - high, top), y2, y1].map((y) => [x, y, x + wide, y + high]);
      const plate = plates.find((one) => one[3] <= bottom && !taken.some((other) => touch(one, other)));
      if (!plate) continue;
      taken.push(plate);
      context.fillStyle = "rgba(0,0,0,.8)";
      context.fillRect(plate[0], plate[1], wide, high);
      context.fillStyle = colour;
      context.fillText(words, plate[0] + PLATE_MARGIN / scale, plate[1] + high / 2);
    }
    context.restore();
    this.#waiting = [];
  }
}

function touch([ax1, ay1, ax2, ay2], [bx1, by1, bx2, by2]) {
  return ax1 < bx2 && bx1 < ax2 && ay1 < by2 && by1 < ay2;
}
