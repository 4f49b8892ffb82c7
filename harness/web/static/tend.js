"use strict";
// Four small things: what is sent goes to the API as JSON; a page that something happened to is read again and morphed;
// keys; dark or light. The pages read well without any of it. It is there before the page is: what is pressed as soon as it
// is seen is heard, and the page is never seen in the wrong colours.

// ---------------------------------------------------------------- what is sent

async function send(method, address, body, signal) {
  const reply = await fetch(address, {
    method,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal,
  });
  const told = reply.status === 204 ? null : await reply.json();
  if (!reply.ok) throw Object.assign(new Error(told.detail), { type: told.type });
  return told;
}

// As text: of a skill's input every number stays as it was written, however long.
function bodyOf(form, submitter) {
  const told = new FormData(form, submitter);
  const fields = [...form.querySelectorAll("[data-kind]")];
  const values = new Map([...told].filter(([name]) => !name.startsWith(INPUT)).map(([name, value]) => [name, JSON.stringify(value)]));
  for (const { name, value } of form.querySelectorAll("[data-null]")) if (!value) values.set(name, "null");
  if (fields.length) values.set("input", inputOf(fields));
  return objectOf([...values]);
}

function objectOf(entries) {
  return `{${entries.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

const INPUT = "input:"; // before the name of each field of a skill's input: it is the skill's own, and may be any

// A skill's input as JSON, as its form has it; see form.py.
function inputOf(fields) {
  const entries = fields.map((field) => [field.name.slice(INPUT.length), valueOf(field)]);
  const [[name, value]] = entries;
  return name ? objectOf(entries.filter(([, json]) => json !== undefined)) : value ?? "null";
}

const READ = {
  text: (field) => JSON.stringify(field.value),
  integer: (field) => numeral(field.value, "integer"),
  number: (field) => numeral(field.value, "number"),
  choice: (field) => field.value,
  json: ({ value }) => { JSON.parse(value); return value; },
  lines: ({ value, dataset: { of } }) => `[${value.split("\n").filter((line) => line.trim()).map((line) => (of === "text" ? JSON.stringify(line) : numeral(line, of)))}]`,
};

function numeral(text, kind) {
  const number = kind === "integer" ? BigInt(text) : Number(text);
  if (kind === "number" && !Number.isFinite(number)) throw new Error(`${text} is no number`);
  return String(number);
}

function valueOf(field) {
  const { kind, nullable, given, default: known } = field.dataset;
  if (given !== undefined && isAsItCame(field)) return given || undefined;
  if (kind === "boolean") return String(field.checked);
  if (field.value.trim() || kind === "lines") return READ[kind](field);
  if (nullable !== undefined) return "null";
  return kind === "text" && known !== undefined ? '""' : undefined;
}

function isAsItCame(field) {
  const template = document.createElement("template");
  template.innerHTML = field.outerHTML; // without what was done in it
  const { value, checked } = template.content.firstChild;
  return field.value === value && field.checked === checked;
}

const WRONG = {
  integer: () => "A whole number, in digits.",
  number: () => "A number.",
  lines: ({ dataset: { of } }) => (of === "integer" ? "Whole numbers, one on each line." : "Numbers, one on each line."),
  json: (field, error) => `This is no JSON: ${error.message}`,
};

function wrongIn(field) {
  if (!field.value.trim()) return "";
  try {
    READ[field.dataset.kind](field);
    return "";
  } catch (error) {
    return WRONG[field.dataset.kind](field, error);
  }
}

function tellBeside(field) {
  const wrong = document.getElementById(`${field.id}-wrong`);
  if (wrong) wrong.textContent = field.validationMessage;
  field.ariaInvalid = String(!field.validity.valid);
}

document.addEventListener("input", ({ target }) => {
  if (!target.dataset.kind || target.dataset.kind === "boolean") return;
  target.setCustomValidity(wrongIn(target));
  tellBeside(target);
});

document.addEventListener("invalid", (event) => {
  if (!event.target.dataset.kind) return;
  event.preventDefault();
  tellBeside(event.target);
  event.target.form.querySelector(":invalid").focus();
}, { capture: true });

function say(text, bad = false) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.className = bad ? "bad" : "good";
}

async function attempt(element, act) {
  if (element.ariaBusy === "true") return;
  element.ariaBusy = "true";
  say("");
  try {
    await act();
  } catch (error) {
    say(error.message, true);
  } finally {
    element.ariaBusy = "false";
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.send) return;
  event.preventDefault();
  attempt(form, async () => {
    const told = await sent(form, event.submitter);
    if (told === undefined) return;
    if (form.dataset.verdict !== undefined) return verdict(form, told);
    if (form.dataset.then) location.href = form.dataset.then.replace("{id}", told.id);
    else refresh();
  });
});

// A form may have a script of its own: it hears what came of it, and may see to a refusal itself.
async function sent(form, submitter) {
  try {
    const told = await send(form.dataset.method || "POST", form.dataset.send, bodyOf(form, submitter));
    form.dispatchEvent(new CustomEvent("told", { detail: told }));
    return told;
  } catch (error) {
    if (form.dispatchEvent(new CustomEvent("refused", { detail: error, cancelable: true }))) throw error;
    return undefined;
  }
}

function verdict(form, told) {
  if (told.hash) form.elements.base.value = told.hash;
  const problems = told.report.problems;
  if (told.live) say(`Live as ${told.version.slice(0, 8)}.`);
  else say(problems.map((each) => `line ${each.line}: ${each.reason}${each.fix ? ` → ${each.fix}` : ""}`).join("\n"), true);
}

// What is said is sent by Ctrl and Enter, too.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches(".say textarea")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const one = event.target.closest("[data-post]");
  if (one) attempt(one, async () => { await send("POST", one.dataset.post, {}); refresh(); });
  const many = event.target.closest("[data-many-post]");
  if (many) attempt(many, () => sendMany(many));
});

async function sendMany(button) {
  const chosen = [...button.form.querySelectorAll("input[name=runs]:checked")].map((box) => box.value);
  if (!chosen.length) throw new Error("Choose runs first.");
  if (!confirm(button.dataset.sure.replace("{n}", chosen.length === 1 ? "1 run" : `${chosen.length} runs`))) return;
  const told = await send("POST", button.dataset.manyPost, { runs: chosen });
  const failed = told.filter((each) => !each.done);
  say(`${told.length - failed.length} of ${told.length} done. ${failed.map((each) => each.told).join("; ")}`, failed.length > 0);
  refresh();
}

// ---------------------------------------------------------------- what happens meanwhile

let wanted = 0; // the moment after which the page has to be gathered; Infinity: now, since something was done on it
let reading = false;

function refresh(moment = Infinity) {
  wanted = Math.max(wanted, moment);
  catchUp();
}

// The server paces this: what is read again because of a moment is gathered once for all who have the page open.
async function catchUp() {
  if (wanted <= Number(document.getElementById("page").dataset.since) || document.hidden || reading || isTyping()) return;
  const headers = wanted === Infinity ? {} : { "x-heard": wanted };
  wanted = 0;
  reading = true;
  try {
    await htmx.ajax("GET", location.pathname + location.search, { target: "#page", select: "#page", swap: "outerMorph", headers });
  } finally {
    reading = false;
    catchUp();
  }
}

// What a person has unfolded stays so.
htmx.registerExtension("unfolded", {
  htmx_before_morph_attr: (element, { attrName }) => !(attrName === "open" && element.matches("details")),
});

// How many approvals are open stands beside them in the navigation, which is not read again.
function tally() {
  const page = document.getElementById("page");
  new MutationObserver(() => {
    const told = document.querySelector("[data-waiting]");
    told.hidden = page.dataset.open === "0";
    told.firstChild.data = page.dataset.open;
  }).observe(page, { attributeFilter: ["data-open"] });
}

function isTyping() {
  const at = document.activeElement;
  return at !== null && at.matches("#page :is(input:not([type=checkbox], [type=radio]), textarea, select)");
}

function concerns(moment) {
  const about = document.getElementById("page").dataset.about;
  if (!about) return false;
  if (about === "*") return moment.topic !== "text";
  const [name, value] = about.split("=");
  return value ? moment[name] === value : about.split(" ").includes(moment.topic);
}

function listen() {
  const { about, since } = document.getElementById("page").dataset;
  if (!about) return;
  const live = new EventSource(`/live?since=${since}`);
  live.addEventListener("moment", (event) => {
    const moment = JSON.parse(event.data);
    if (!hear(moment) && concerns(moment)) refresh(Number(event.lastEventId));
  });
  live.addEventListener("again", (event) => refresh(Number(event.lastEventId)));
}

// What the agent says while it says it, and what it does; whether that is all there is to show of this moment.
function hear(moment) {
  const stream = document.querySelector("[data-stream]");
  if (stream === null || moment.run !== stream.dataset.stream) return false;
  if (moment.topic === "text") stream.append(moment.text);
  else if (moment.topic === "retry") stream.textContent = "";
  else if (moment.topic === "tool") stream.append(`\n✎ ${moment.summary || moment.name}\n`);
  else return moment.topic === "step";
  return true;
}

// A link within a page: what differs there changes in place, and the address with it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-morph]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  follow();
});
window.addEventListener("popstate", follow);

let shown = location.pathname + location.search;

function follow() {
  if (shown === location.pathname + location.search) return; // within the page
  shown = location.pathname + location.search;
  refresh();
}

document.addEventListener("visibilitychange", catchUp);
document.addEventListener("focusout", () => setTimeout(catchUp, 100));

// ---------------------------------------------------------------- keys

let going = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.composedPath()[0].matches("input, textarea, select, [contenteditable]")) return;
  const wasGoing = going;
  going = false;
  const place = wasGoing && /^[a-z]$/.test(event.key) && document.querySelector(`nav [data-key="${event.key}"]`);
  if (place) place.click();
  else if (event.key === "g") going = true;
  else if (event.key === "?") document.querySelector("[data-help]")?.click();
  else if (event.key === "/") search(event);
  else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
});

// Where a page has nothing to search in: in the runs.
function search(event) {
  const field = document.querySelector("[data-search]");
  event.preventDefault();
  if (field) field.focus();
  else location.href = "/runs#search";
}

function stops() {
  return [...document.querySelectorAll("table.rows tbody tr, table.waterfall tbody tr, article.card, .said article, .aside li")]
    .map((row) => row.querySelector("a")).filter(Boolean);
}

function step(by) {
  const links = stops();
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(links.length - 1, Math.max(0, at + by))];
  if (next) next.focus();
}

// Of the keys, those that do something on this page.
function help() {
  for (const told of document.querySelectorAll("[data-stepping]")) told.hidden = stops().length === 0;
  document.getElementById("keys").showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) help();
  if (event.target.closest("[data-theme-switch]")) switchTheme();
});

// ---------------------------------------------------------------- dark or light

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  localStorage.setItem("theme", dark ? "light" : "dark");
  applyTheme();
}

function applyTheme() {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}

applyTheme();
document.addEventListener("DOMContentLoaded", () => {
  tally();
  listen();
});
