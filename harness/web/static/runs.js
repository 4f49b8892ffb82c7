// The list of runs: what is chosen in it, and views that are saved by a name. A view is an address, and kept in this browser.

const KEY = "views";
const page = document.getElementById("page");

function chosen() {
  return [...document.querySelectorAll("input[name=runs]:checked")].map((box) => box.value);
}

page.addEventListener("change", ({ target }) => {
  if (target.matches("[data-choose-all]")) for (const box of document.querySelectorAll("input[name=runs]")) box.checked = target.checked;
  count();
});

function count() {
  const number = chosen().length;
  document.querySelector("[data-count]")?.replaceChildren(`${number} chosen`);
}

page.addEventListener("click", ({ target }) => {
  if (target.closest("[data-compare]")) {
    const [b, a, ...more] = chosen(); // the newest is listed first
    if (!a || more.length) say("Choose two runs.", true);
    else location.href = `/runs/compare?a=${a}&b=${b}`;
  }
  const more = target.closest("[data-more]");
  if (more) {
    const wanted = new URLSearchParams(location.search);
    wanted.set("limit", more.dataset.more);
    location.search = wanted;
  }
});

// ---------------------------------------------------------------- saved views

const place = document.querySelector("[data-views]");
const saved = () => JSON.parse(localStorage.getItem(KEY) || "{}");

function keep(all) {
  localStorage.setItem(KEY, JSON.stringify(all));
  show();
}

function element(tag, text, more = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...more });
}

function show() {
  const here = filters();
  const links = Object.entries(saved()).map(([name, search]) => {
    const view = element("span", "", { className: "view" });
    const link = element("a", name, { href: `/runs?${search}` });
    if (search === here) link.setAttribute("aria-current", "page");
    view.append(link, element("button", "×", {
      type: "button", className: "quiet", ariaLabel: `Forget the view ${name}`, onclick: () => { const { [name]: gone, ...rest } = saved(); keep(rest); },
    }));
    return view;
  });
  place.replaceChildren(...links, ...(here && !Object.values(saved()).includes(here) ? [form(here)] : []));
}

function form(search) {
  const asked = element("form", "", { className: "actions" });
  const label = element("label", "Save these filters as ");
  label.append(element("input", "", { required: true, maxLength: 40, size: 14, autocomplete: "off" }));
  asked.append(label, " ", element("button", "Save", { className: "second" }));
  asked.addEventListener("submit", (event) => {
    event.preventDefault();
    keep({ ...saved(), [label.querySelector("input").value.trim()]: search });
  });
  return asked;
}

// What the address asks for, without the fields that were left empty.
function filters() {
  return new URLSearchParams([...new URLSearchParams(location.search)].filter(([, value]) => value)).toString();
}

count();
show();
