// What can be picked at a stage: a map and one of its channels, or a level.
//
// A channel is one pattern that the network looks for; those that vary most over this picture are recorded.

import { choice, digits, element, fill, slider } from "./dom.js";

/** The controls of the present stage; nothing where there is nothing to pick. */
export function picker(app) {
  const made = element("div", { class: "picker" });
  const opacity = () => slider({ label: "strength of the map", min: 0, max: 1, step: 0.05, value: app.opacity,
    format: digits, on_change: (value) => { app.opacity = value; app.look(); } });
  const level = () => choice({ label: "level", value: app.level, options: levels_of(app),
    on_change: (value) => set_level(app, Number(value)) });
  const shown = {
    backbone: () => [...map_choices(app, "backbone"), opacity()],
    pyramid: () => [...map_choices(app, "pyramid"), opacity()],
    cell: () => [level()],
    level: () => [level(), opacity()],
  };
  made.refresh = () => {
    const { controls } = app.stage;
    if (made.dataset.controls === String(controls)) return;
    made.dataset.controls = String(controls);
    fill(made, shown[controls]?.() ?? []);
  };
  return made;
}

function levels_of({ trace }) {
  return trace.levels.map(({ name, stride }, i) => [i, `${name}, stride ${stride[0]}`]);
}

/** Another level: the chosen cell stays over the same place of the picture. */
function set_level(app, level) {
  const before = app.trace.levels[app.level].stride, after = app.trace.levels[level].stride;
  app.cell = app.cell.map((place, axis) => Math.floor(((place + 0.5) * before[axis]) / after[axis]));
  app.level = level;
  app.refresh();
}

/** Two choices: a map of the backbone or the pyramid, and a channel of it. */
function map_choices(app, part) {
  const maps = app.trace.maps.filter((map) => map.part === part);
  if (!maps.includes(app.map)) Object.assign(app, { map: maps[0], channel: 0 });
  const words = element("p", { class: "range" });
  const which = choice({ label: "channel", value: app.channel, options: [], on_change: (place) => {
    app.channel = Number(place);
    describe();
    app.look();
  } });
  const describe = () => {
    const { low, high, height, width } = app.trace.channel(app.map, app.channel);
    words.textContent = `${app.map.shape[0]} channels of ${height}x${width} cells. Dark is ${digits(low)}, bright ` +
      `${digits(high)}, in 8 bits.`;
  };
  const list_channels = () => {
    fill(which.querySelector("select"), app.map.channels.map((channel, place) =>
      element("option", { value: place }, `channel ${channel}`)));
    describe();
  };
  const map = choice({ label: "map", value: maps.indexOf(app.map), options: maps.map(({ name }, i) => [i, name]),
    on_change: (i) => {
      Object.assign(app, { map: maps[i], channel: 0 });
      list_channels();
      app.look();
    } });
  list_channels();
  which.set(app.channel);
  return [map, which, words];
}
