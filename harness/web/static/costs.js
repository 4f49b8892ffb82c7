// A table of days as a chart: bars of what was spent, a line for the cap, and the dearest skills, told apart by their dashes
// as well as by their colours. The table stays what it is drawn from.

import uPlot from "./uplot.js";

const DAY = 86_400; // seconds
const DASHES = [[2, 3], [8, 4], [12, 3, 2, 3], [1, 5], [5, 5]];
const COLOURS = ["--busy", "--wait", "--off", "--good", "--faint"];

function draw(figure) {
  const table = document.getElementById(figure.dataset.chart);
  const rows = [...table.tBodies[0].rows];
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const days = rows.map((row) => Date.parse(row.querySelector("time").dateTime) / 1000);
  const columns = names.slice(1).map((_, at) => rows.map((row) => Number(row.cells[at + 1].firstElementChild.value)));
  const highest = Math.max(...columns[0]);
  const [spent, cap, ...skills] = columns;
  const near = cap[0] <= 3 * highest; // else the cap's line would press all else to the ground
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const money = (value) => (value === null || value === undefined ? "—" : `$${value.toFixed(value < 1 ? 4 : 2)}`);
  figure.replaceChildren();
  new uPlot({
    width: figure.clientWidth,
    height: 240,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { x: { range: (_, first, last) => [first - DAY / 2, last + DAY / 2] }, y: { range: (_, __, most) => [0, Math.max(most, near ? cap[0] : 0) * 1.08 || 1] } },
    legend: { markers: { width: 2, dash: (_, at) => (at > 1 ? "dashed" : "solid") } },
    axes: [axis, { ...axis, size: 70, values: (_, values) => values.map((value) => `$${Number(value.toPrecision(3))}`) }],
    series: [
      { label: "Day", value: "{YYYY}-{MM}-{DD}" },
      { label: names[1], value: (_, value) => money(value), fill: `${colour("--accent")}66`, stroke: colour("--accent"), paths: uPlot.paths.bars({ size: [0.6, 40] }), points: { show: false } },
      ...(near ? [{ label: names[2], value: (_, value) => money(value), stroke: colour("--bad"), width: 2, dash: [10, 6], points: { show: false } }] : []),
      ...skills.map((_, at) => ({ label: names[at + 3], value: (__, value) => money(value), stroke: colour(COLOURS[at]), width: 2, dash: DASHES[at], points: { show: false } })),
    ],
  }, [days, spent, ...(near ? [cap] : []), ...skills], figure);
}

function drawAll() {
  for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
}

let waiting = null;
const soon = () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); };

drawAll();
addEventListener("resize", soon);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
new MutationObserver(soon).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
for (const figure of document.querySelectorAll("[data-chart]")) {
  new MutationObserver(soon).observe(document.getElementById(figure.dataset.chart), { subtree: true, childList: true, characterData: true, attributes: true });
}
