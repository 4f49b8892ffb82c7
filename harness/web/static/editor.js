// A skill's code in CodeMirror: the check's problems as marks while one types, Ctrl-S, and where somebody else has saved
// meanwhile, what differs from theirs. The textarea stays behind it, is what the form sends, and does without it.
//
// It lives in a shadow root: there CodeMirror gives its styles as sheets, which the pages' policy allows, and not as text.

import {
  basicSetup, Compartment, EditorState, EditorView, HighlightStyle, indentUnit, indentWithTab, keymap, lintGutter, python, setDiagnostics,
  syntaxHighlighting, tags, unifiedMergeView,
} from "./codemirror.js";

const CHECKED_AFTER = 400; // ms without a key

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.self], color: "var(--busy)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--wait)" },
  { tag: [tags.meta, tags.definition(tags.variableName), tags.definition(tags.className)], color: "var(--off)" },
  { tag: [tags.function(tags.definition(tags.variableName))], color: "var(--off)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
]);

const THEME = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--raised)", border: "1px solid var(--line)", borderRadius: ".4rem", fontSize: "13.5px" },
  "&.cm-focused": { outline: "2px solid var(--busy)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--text)", minHeight: "20rem" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { color: "var(--faint)", backgroundColor: "var(--raised)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--none) 40%, transparent)" },
  ".cm-activeLineGutter": { color: "var(--text)", backgroundColor: "var(--none)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--busy) 30%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--wait) 25%, transparent)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--none)", outline: "1px solid var(--faint)" },
  ".cm-foldPlaceholder": { color: "var(--faint)", backgroundColor: "var(--none)", border: "0", padding: "0 .4em" },
  ".cm-tooltip, .cm-panels": { color: "var(--text)", backgroundColor: "var(--raised)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--ground)", backgroundColor: "var(--accent)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-panel input, .cm-panel button, .cm-textfield, .cm-button": { color: "var(--text)", backgroundColor: "var(--ground)", backgroundImage: "none", border: "1px solid var(--line)" },
  ".cm-changedLine, .cm-insertedLine": { backgroundColor: "var(--added)" },
  ".cm-deletedChunk": { backgroundColor: "var(--removed)" },
  ".cm-chunkButtons button, .cm-chunkButtons button[name=accept], .cm-chunkButtons button[name=reject]": { padding: ".25rem .6rem", color: "var(--ground)", backgroundColor: "var(--accent)" },
});

function editor(area) {
  const host = document.createElement("div");
  host.className = "code-editor";
  area.after(host);
  area.hidden = true;
  const root = host.attachShadow({ mode: "open" });
  const theirs = new Compartment();
  const view = new EditorView({
    doc: area.value,
    root,
    parent: root,
    extensions: [
      keymap.of([indentWithTab]), // and Escape, then Tab, leaves
      basicSetup,
      python(),
      indentUnit.of("    "),
      syntaxHighlighting(COLOURS),
      THEME,
      lintGutter(),
      theirs.of([]),
      EditorState.phrases.of({ Accept: "Keep mine", Reject: "Take theirs" }),
      EditorView.contentAttributes.of({ "aria-label": area.dataset.code }),
      EditorView.editable.of(!area.readOnly),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }),
    ],
  });
  const beside = (text) => theirs.reconfigure(text === null ? [] : unifiedMergeView({ original: text, mergeControls: true }));
  return {
    focus: () => view.focus(),
    mark: (problems) => view.dispatch(setDiagnostics(view.state, problems.map((each) => placed(each, view.state.doc)))),
    goTo: (line) => {
      view.dispatch({ selection: { anchor: lineOf(view.state.doc, line).from }, scrollIntoView: true });
      view.focus();
    },
    compare: (text) => view.dispatch({ effects: beside(text) }),
  };
}

function lineOf(doc, number) {
  return doc.line(Math.min(Math.max(number, 1), doc.lines));
}

function placed(problem, doc) {
  const line = lineOf(doc, problem.line);
  const indented = line.text.length - line.text.trimStart().length;
  const from = line.from + Math.min(Math.max(problem.column - 1, indented), line.length);
  return { from, to: line.to, severity: "error", message: told(problem) };
}

function told(problem) {
  return problem.fix ? `${problem.reason} → ${problem.fix}` : problem.reason;
}

// ---------------------------------------------------------------- the form around it

function connect(form) {
  const area = form.querySelector("textarea[data-code]");
  const code = editor(area);
  const verdict = form.querySelector("[data-verdict-words]");
  const list = form.querySelector("[data-problems]");
  const address = `/api/skills/${form.dataset.skill}`;
  let saved = area.dataset.unsaved === undefined ? area.value : null;
  let sent = null;
  let waiting = null;
  let asked = new AbortController();

  function say(words, state = "") {
    verdict.className = `state ${state}`;
    verdict.textContent = words;
  }

  function show(problems) {
    code.mark(problems.filter((each) => each.file === area.dataset.code));
    list.replaceChildren(...problems.map(item));
  }

  function item(problem) {
    const entry = document.createElement("li");
    const place = document.createElement("button");
    place.type = "button";
    place.className = "link";
    place.textContent = problem.file === area.dataset.code ? `line ${problem.line}` : `${problem.file}:${problem.line}`;
    place.addEventListener("click", () => code.goTo(problem.line));
    entry.append(place, ` ${told(problem)}`);
    return entry;
  }

  async function check() {
    asked.abort();
    asked = new AbortController();
    try {
      const report = await send("POST", `${address}/check`, { text: area.value }, asked.signal);
      show(report.problems);
      if (report.problems.length) say(`✗ ${counted(report.problems.length)}; not saved`, "failed");
      else say("✓ passes its check; not saved", "succeeded");
    } catch (error) {
      if (error.name !== "AbortError") say(error.message, "failed");
    }
  }

  // What stands there was refused, and the page says so below: the places in it, too.
  async function mark() {
    code.mark((await send("POST", `${address}/check`, { text: area.value })).problems.filter((each) => each.file === area.dataset.code));
  }

  area.addEventListener("input", () => {
    clearTimeout(waiting);
    if (area.value === saved) return;
    waiting = setTimeout(check, CHECKED_AFTER);
  });

  if (saved === null) check();
  else if (document.querySelector("[data-refused]")) mark();

  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    asked.abort();
    if (form.ariaBusy !== "true") sent = area.value;
  }, { capture: true });

  form.addEventListener("told", ({ detail: { live, report, approval, denied, version } }) => {
    saved = sent;
    document.querySelector("[data-refused]")?.remove();
    code.compare(null);
    show(report.problems);
    if (live) say(`✓ saved, and live as ${version.slice(0, 8)}`, "succeeded");
    else if (approval) say("⏳ saved; it waits for your yes to what it may do more: see Approvals", "waiting");
    else if (denied) say(`✗ saved, and not live: ${denied}`, "failed");
    else say(`✗ saved, and not live: ${counted(report.problems.length)}. The version before goes on`, "failed");
    if (area.value !== saved) check();
  });

  form.addEventListener("refused", async (event) => {
    if (event.detail.type !== "urn:tend:conflict") return;
    event.preventDefault();
    let theirs;
    try {
      theirs = (await send("GET", `${address}/source`)).source;
    } catch (error) {
      if (error.type !== "urn:tend:not_found") return say(error.message, "failed");
      form.elements.base.value = "";
      return say("‼ somebody has deleted the file meanwhile: save again to write it anew", "waiting");
    }
    form.elements.base.value = theirs.hash;
    code.compare(theirs.text);
    say("‼ somebody else has saved meanwhile: what differs from theirs is marked. Take or keep each, and save again", "waiting");
  });

  form.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
    event.preventDefault();
    form.requestSubmit();
  });

  window.addEventListener("beforeunload", (event) => { if (area.value !== saved) event.preventDefault(); });
}

function counted(problems) {
  return problems === 1 ? "1 problem" : `${problems} problems`;
}

for (const form of document.querySelectorAll("form.editor")) connect(form);
for (const area of document.querySelectorAll("textarea[data-code][readonly]")) editor(area);
