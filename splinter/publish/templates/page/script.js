"use strict";
(() => {
  const FIRST = 50; // rows at once, until somebody asks for all
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tools = document.getElementById("tools");
  const box = document.getElementById("words");
  const said = document.getElementById("found");
  const more = document.getElementById("more");
  const body = document.querySelector("#overview tbody");
  let isWhole = false;

  // every workstream by its anchor: what it is found by, its row, and all else of it
  const known = new Map();
  for (const element of all("[data-w]")) {
    const one = known.get(element.dataset.w) || { others: [] };
    known.set(element.dataset.w, one);
    if (element.tagName === "TR") {
      one.row = element;
    } else {
      one.others.push(element);
    }
    if (!one.text) {
      one.text = element.textContent.toLowerCase();
      one.outcome = element.dataset.outcome;
    }
  }

  function show() {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = tools.querySelector("input[name=outcome]:checked").value;
    let found = 0;
    let rows = 0;
    for (const one of known.values()) {
      const fits = (!outcome || one.outcome === outcome) && words.every((word) => one.text.includes(word));
      found += fits;
      rows += fits && one.row ? 1 : 0;
      one.fits = fits;
      one.others.forEach((element) => { element.hidden = !fits; });
    }
    let shown = 0;
    for (const row of body ? body.rows : []) {
      const fits = known.get(row.dataset.w).fits;
      shown += fits;
      row.hidden = !fits || (!isWhole && shown > FIRST);
    }
    const isAsked = words.length > 0 || outcome;
    said.textContent = isAsked ? `${found} of ${known.size} workstreams` : "";
    more.hidden = isWhole || rows <= FIRST;
    more.textContent = `Show all ${rows}`;
    for (const section of all("[data-list]")) {
      section.hidden = isAsked && !all("[data-w]", section).some((element) => !element.hidden);
    }
  }

  function sort(header, column) {
    const isDown = header.getAttribute("aria-sort") !== "descending";
    const value = (row) => row.cells[column].dataset.value || row.cells[column].textContent.trim().toLowerCase();
    const order = (one, other) => {
      const [a, b] = [value(one), value(other)];
      const numbers = [Number(a), Number(b)];
      return numbers.some(Number.isNaN) ? a.localeCompare(b) : numbers[0] - numbers[1];
    };
    all("th[aria-sort]").forEach((one) => one.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    body.append(...[...body.rows].sort((one, other) => (isDown ? -1 : 1) * order(one, other)));
    show();
  }

  function open() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) {
      return;
    }
    if (target.closest("[hidden]")) {
      box.value = "";
      tools.querySelector("input[name=outcome]").checked = true;
      show();
    }
    for (let one = target; one; one = one.parentElement) {
      if (one.tagName === "DETAILS") {
        one.open = true;
      }
    }
    target.scrollIntoView();
  }

  if (tools) {
    tools.hidden = false;
    tools.addEventListener("input", show);
    more.addEventListener("click", () => { isWhole = true; show(); });
    all("#overview th[data-sort]").forEach((header) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(header, header.cellIndex));
    });
    show();
    addEventListener("hashchange", open);
    open();
  }
  const toEnd = (pre) => { pre.scrollTop = pre.scrollHeight; }; // where a log says what went wrong
  document.addEventListener("toggle", (event) => { all("pre", event.target.closest(".log") || new DocumentFragment()).forEach(toEnd); }, true);
  addEventListener("beforeprint", () => all(".failure .tests-fold").forEach((one) => { one.open = true; }));
})();
