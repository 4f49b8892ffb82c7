// A table of days as a chart: a bar for each day, in it from below the dearest skills in the legend's order; a line for the
// cap. The table stays what it is drawn from.

import uPlot from "./uplot.js";

const DAY = 86_400; // seconds
const COLOURS = ["--busy", "--wait", "--off", "--faint", "--text"];

function draw(figure) {
  if (!figure.clientWidth) return; // hidden, until something is spent
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
  const money = (value) => (value === null || value === undefined ? "—" : `$${value.toFixed(value && value < 1 ? 4 : 2)}`);
  const bars = uPlot.paths.bars({ size: [0.6, 40] });
  const bar = (label, own, fill) => ({ label, value: (_, __, ___, at) => money(own[at]), fill, stroke: colour("--ground"), width: 1, paths: bars, points: { show: false } });
  // Each over what stands below it; the highest is drawn first.
  const sums = skills.map((_, upTo) => days.map((__, day) => skills.slice(0, upTo + 1).reduce((sum, skill) => sum + skill[day], 0) || null));
  const stack = skills.map((own, at) => ({ sum: sums[at], series: bar(names[at + 3], own, colour(COLOURS[at])) })).reverse();
  figure.replaceChildren();
  const chart = new uPlot({
    width: figure.clientWidth,
    height: 240,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    scales: { x: { range: (_, first, last) => [first - DAY / 2, last + DAY / 2] }, y: { range: (_, __, most) => [0, Math.max(most, near ? cap[0] : 0) * 1.08 || 1] } },
    axes: [{ ...axis, values: (_, times) => times.map((time) => new Date(time * 1000).toISOString().slice(5, 10)) }, { ...axis, size: 70, values: (_, values) => values.map((value) => `$${Number(value.toPrecision(3))}`) }],
    series: [
      { label: "Day", value: "{YYYY}-{MM}-{DD}" },
      bar(names[1], spent, colour("--accent")),
      ...stack.map((each) => each.series),
      ...(near ? [{ label: names[2], value: (_, value) => money(value), stroke: colour("--bad"), width: 2, dash: [10, 6], points: { show: false } }] : []),
    ],
    hooks: { setCursor: [(of) => { if (of.cursor.idx === null) today(of); }] },
  }, [days, spent.map((usd) => usd || null), ...stack.map((each) => each.sum), ...(near ? [cap] : [])], figure);
  today(chart);
}

// Where nobody points, the legend tells of the last day.
function today(chart) {
  chart.setLegend({ idx: chart.data[0].length - 1 });
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
