"use strict";
// The queries: a row for each, drawn when it is wanted, and the lists of those that are opened.
(async () => {
  const table = document.querySelector("table.queries");
  if (!table) return;
  if (typeof DecompressionStream === "undefined") {
    table.caption.textContent = "This browser cannot unpack the queries (those since 2023 can); nuthatch compare show tells the same.";
    return;
  }
  const PAGE = 100;
  const packed = [...document.querySelectorAll("script.packed")];
  const unpack = async (script) => {
    const bytes = Uint8Array.from(atob(script.textContent), (each) => each.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  const index = await unpack(packed[0]);
  const blocks = new Map();
  const listsOf = async (at) => {
    const block = Math.floor(at / index.size);
    if (!blocks.has(block)) blocks.set(block, unpack(packed[1 + block]));
    return (await blocks.get(block))[at % index.size];
  };

  const make = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const bdi = (text) => make("bdi", {}, text);

  const choice = document.getElementById("compared");
  const compared = () => (choice ? Number(choice.value) : 1);
  const gap = (at) => {
    const values = index.rows[at][1], other = values[compared()];
    return typeof other === "number" && typeof values[0] === "number" ? other - values[0] : null;
  };
  const shared = (at) => index.rows[at][3][compared()] ?? null;
  const keys = {
    query: (at) => index.rows[at][0],
    difference: gap,
    size: (at) => (gap(at) === null ? null : Math.abs(gap(at))),
    shared,
    value: (at, system) => index.rows[at][1][system],
  };

  const values = (at) => index.systems.map((_, system) => {
    const value = index.rows[at][1][system], state = index.rows[at][2][system];
    const cell = make("td", { "data-label": index.systems[system] }, value === null ? state || "–" : value.toFixed(3));
    if (value !== null && state) cell.append(make("small", {}, state));
    return cell;
  });
  const drawn = new Map();
  const row = (at) => {
    if (!drawn.has(at)) drawn.set(at, fresh(at));
    return drawn.get(at);
  };
  const fresh = (at) => {
    const found = gap(at), common = shared(at);
    const open = make("button", { type: "button", class: "open", "aria-expanded": "false" }, bdi(index.rows[at][0]));
    const sign = found > 0 ? "plus" : found < 0 ? "minus" : "";
    const size = Math.abs(found), digits = size && size < 0.001 ? size.toPrecision(2) : size.toFixed(3);
    const shown = found === null ? "–" : (found < 0 ? "−" : "+") + digits;
    const cells = index.judged ? values(at) : [];
    if (index.systems.length > 1) {
      if (index.judged) cells.push(make("td", { class: sign, "data-label": "difference" }, shown));
      cells.push(make("td", { "data-label": "overlap" }, common === null ? "–" : `${Math.round(100 * common)}%`));
    }
    const body = make("tbody", {}, make("tr", {}, make("th", { scope: "row", class: "words" }, open), ...cells));
    open.addEventListener("click", () => toggle(body, open, at));
    return body;
  };

  const toggle = async (body, open, at) => {
    const opened = open.getAttribute("aria-expanded") !== "true";
    open.setAttribute("aria-expanded", String(opened));
    if (!opened) return body.rows[1]?.remove();
    const lists = await listsOf(at);
    if (body.rows[1] || open.getAttribute("aria-expanded") !== "true") return;
    const shown = make("div", { class: "lists" }, ...lists.map((_, system) => list(lists, system)));
    const columns = body.rows[0].cells.length;
    body.append(make("tr", { class: "detail" }, make("td", { colspan: columns }, shown)));
    join(shown);
  };
  const list = (lists, system) => {
    const documents = lists[system];
    return make("div", { class: "list" }, make("h3", {}, bdi(index.systems[system])),
      documents.length ? make("ol", {}, ...documents.map((each) => item(each, lists, system))) : make("p", {}, "no hits"));
  };
  const item = ([uri, title, grade, rung, pieces], lists, system) => {
    const level = grade === null ? "x" : Math.min(3, Math.max(0, grade));
    const told = grade === null ? "not judged" : `grade ${grade}`;
    const text = pieces.map(([piece, marked]) => (marked ? make("mark", {}, piece) : piece));
    const places = lists.flatMap((other, number) => {
      const rank = number === system ? -1 : other.findIndex((each) => each[0] === uri);
      return rank < 0 ? [] : [`${index.systems[number]} ${rank + 1}`];
    });
    const place = places.join(", ") || `only ${index.systems[system]}`;
    const made = make("li", {},
      make("p", { class: "title" }, bdi(title || uri), " ", make("span", { class: `grade g${level}` }, told)),
      make("p", { class: "snippet", dir: "auto" }, ...text),
      make("p", { class: "place" }, bdi(place), ...(rung ? [" · ", bdi(rung)] : [])));
    made.uri = uri;
    return made;
  };

  const SVG = "http://www.w3.org/2000/svg";
  const join = (lists) => {
    lists.querySelector(":scope > svg")?.remove();
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("aria-hidden", "true");
    const box = lists.getBoundingClientRect();
    const columns = [...lists.querySelectorAll(".list")];
    columns.slice(1).forEach((right, at) => {
      const places = new Map([...columns[at].querySelectorAll("li")].map((li) => [li.uri, li]));
      for (const li of right.querySelectorAll("li")) {
        const other = places.get(li.uri);
        if (!other) continue;
        const a = other.getBoundingClientRect(), b = li.getBoundingClientRect();
        if (b.left < a.right) continue;
        const [x1, x2] = [a.right - box.left + 4, b.left - box.left - 26];
        const [y1, y2] = [a.top - box.top + 12, b.top - box.top + 12];
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", `M${x1},${y1} C${(x1 + x2) / 2},${y1} ${(x1 + x2) / 2},${y2} ${x2},${y2}`);
        svg.append(path);
      }
    });
    lists.append(svg);
  };

  let order = index.rows.map((_, at) => at), shown = PAGE, sorting = index.judged ? ["size", 0, true] : ["shared", 0, false];
  const more = document.getElementById("more"), search = document.getElementById("search");
  const matching = () => {
    const wanted = search.value.trim().toLowerCase();
    return wanted ? order.filter((at) => index.rows[at][0].toLowerCase().includes(wanted)) : order;
  };
  const draw = (from = 0) => {
    const found = matching();
    if (!from) [...table.tBodies].forEach((each) => each.remove());
    table.append(...found.slice(from, shown).map(row));
    more.hidden = found.length <= shown;
    more.textContent = `Show more of ${found.length.toLocaleString("en")} queries`;
  };
  const sort = () => {
    const [name, system, down] = sorting;
    const key = index.rows.map((_, at) => keys[name](at, system));
    order.sort((one, other) => {
      const [a, b] = [key[one], key[other]];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      const less = typeof a === "string" ? a.localeCompare(b) : a - b;
      return (down ? -less : less) || one - other;
    });
    draw();
  };
  const heads = [...table.tHead.rows[0].cells];
  for (const head of heads) {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sorting = [head.dataset.key, Number(head.dataset.system), down];
      shown = PAGE;
      sort();
    });
  }
  search.addEventListener("input", () => { shown = PAGE; draw(); });
  more.addEventListener("click", () => { shown += 2 * PAGE; draw(shown - 2 * PAGE); });
  choice?.addEventListener("change", () => {
    const name = index.systems[compared()];
    drawn.clear();
    for (const figure of document.querySelectorAll("figure[data-system]")) figure.hidden = figure.dataset.system !== name;
    sort();
  });
  addEventListener("resize", () => table.querySelectorAll(".lists").forEach(join));
  sort();
})();
