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
    if (told?.report) verdict(told);
    if (form.dataset.verdict !== undefined) form.elements.base.value = told.hash || form.elements.base.value;
    else if (!form.dataset.then) await refresh();
    else if (told.live !== false) await go(form.dataset.then.replace("{id}", told.id));
  });
});

// What was pressed stays so until the page is left.
function go(address) {
  location.href = address;
  return new Promise((resolve) => { addEventListener("pagehide", resolve, { once: true }); });
}

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

function verdict({ live, version, approval, denied, report: { problems } }) {
  if (live) say(`Live as ${version.slice(0, 8)}.`);
  else if (approval) say("Not live yet: it waits for your yes to what it may do more. See Approvals.");
  else if (denied) say(`Not live: ${denied}`, true);
  else say(`Not live:\n${problems.map((each) => `line ${each.line}: ${each.reason}${each.fix ? ` → ${each.fix}` : ""}`).join("\n")}`, true);
}

// What is said is sent by Ctrl and Enter, too.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches(".say textarea")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const one = event.target.closest("[data-post]");
  if (one) attempt(one, () => post(one.dataset.post));
  const many = event.target.closest("[data-many-post]");
  if (many) attempt(many, () => sendMany(many));
});

async function post(address) {
  const told = await send("POST", address, {});
  if (told?.report) verdict(told);
  await refresh();
}

async function sendMany(button) {
  const chosen = [...button.form.querySelectorAll("input[name=runs]:checked")].map((box) => box.value);
  if (!chosen.length) throw new Error("Choose runs first.");
  if (!confirm(button.dataset.sure.replace("{n}", chosen.length === 1 ? "1 run" : `${chosen.length} runs`))) return;
  const told = await send("POST", button.dataset.manyPost, { runs: chosen });
  const failed = told.filter((each) => !each.done);
  say(`${told.length - failed.length} of ${told.length} done. ${failed.map((each) => each.told).join("; ")}`, failed.length > 0);
  await refresh();
}

// A button that has only just come to where it stands is not the one that was aimed at.
const AIMED_WITHIN = 600; // ms

function placesOfButtons() {
  const buttons = document.querySelectorAll("#page :is([data-send] button, [data-post])");
  return new Map([...buttons].map((button) => [button, `${Math.round(button.getBoundingClientRect().x)} ${Math.round(button.getBoundingClientRect().y)}`]));
}

function holdWhatCame(before) {
  for (const [button, place] of placesOfButtons()) {
    if (before.get(button) === place || button.ariaDisabled) continue;
    button.ariaDisabled = "true";
    setTimeout(() => { button.ariaDisabled = null; }, AIMED_WITHIN);
  }
}

document.addEventListener("htmx:before:swap", () => {
  const before = placesOfButtons();
  const changes = new MutationObserver(() => {
    changes.disconnect();
    holdWhatCame(before);
  });
  changes.observe(document.getElementById("page"), { attributes: true, childList: true, subtree: true });
});

document.addEventListener("click", (event) => {
  if (event.detail && event.target.closest("button[aria-disabled]")) { // by a pointer
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, { capture: true });

// ---------------------------------------------------------------- what happens meanwhile

let wanted = 0; // the moment after which the page has to be gathered; Infinity: now, since something was done on it
let reading = null; // what is over once the page is read
let isBehind = false; // it could not be read again

const AGAIN_AFTER = 2000; // ms

function refresh(moment = Infinity) {
  wanted = Math.max(wanted, moment);
  return catchUp();
}

function isWanted() {
  return wanted > Number(document.getElementById("page").dataset.since) && !document.hidden && !isTyping();
}

function catchUp() {
  if (reading === null && isWanted()) reading = readAgain();
  return reading;
}

async function readAgain() {
  try {
    do await read(); while (isWanted());
  } finally {
    reading = null;
  }
}

// The server paces this: what is read again because of a moment is gathered once for all who have the page open.
async function read() {
  const moment = wanted;
  const headers = moment === Infinity ? {} : { "x-heard": moment };
  wanted = 0;
  let wrong = "no answer";
  const asked = async (address, request) => {
    const reply = await fetch(address, request);
    wrong = reply.ok ? "" : reply.status; // which base.html has htmx not swap in
    return reply;
  };
  await htmx.ajax("GET", location.pathname + location.search, { target: "#page", select: "#page", swap: "outerMorph", headers, fetch: asked });
  if (wrong) {
    refused(moment, wrong);
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_AFTER); });
  } else if (isBehind) {
    isBehind = false;
    say("");
  }
}

function refused(moment, wrong) {
  wanted = Math.max(wanted, moment);
  isBehind = true;
  say(`What is shown may be old: the page can't be read again (${wrong}). It is tried on.`, true);
}

// What a person has unfolded stays so, and what was pressed.
htmx.registerExtension("unfolded", {
  htmx_before_morph_attr: (element, { attrName }) => !["aria-busy", "aria-disabled"].includes(attrName) && !(attrName === "open" && element.matches("details")),
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

let live = null; // while the page is seen: a browser has six connections for all pages of a host
let heard = 0; // the last moment

function listen() {
  const { about, since } = document.getElementById("page").dataset;
  if (document.hidden) {
    live?.close();
    live = null;
  } else if (about && live === null) {
    live = new EventSource(`/live?since=${heard || since}`);
    live.addEventListener("moment", (event) => {
      const moment = JSON.parse(event.data);
      heard = Number(event.lastEventId);
      if (!hear(moment) && concerns(moment)) refresh(heard);
    });
    live.addEventListener("again", (event) => {
      heard = Number(event.lastEventId);
      refresh(heard);
    });
  }
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

document.addEventListener("visibilitychange", () => {
  listen();
  catchUp();
});
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
