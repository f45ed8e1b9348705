"use strict";
(() => {
  const number = (text) => {
    const found = parseFloat(text.replace(/[,+\s]/g, "").replace("−", "-"));
    return Number.isNaN(found) ? null : found;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (body) => body.rows[0].cells[column].textContent.trim();
        const bodies = [...table.tBodies].sort((one, other) => {
          const [a, b] = [number(key(one)), number(key(other))];
          if (column === 0) return key(one).localeCompare(key(other)) * (down ? -1 : 1);
          if (a === null || b === null) return (a === null) - (b === null);
          return down ? b - a : a - b;
        });
        table.append(...bodies);
      });
    });
  }
  const SVG = "http://www.w3.org/2000/svg";
  const join = (lists) => {
    lists.querySelector(":scope > svg")?.remove();
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("aria-hidden", "true");
    const box = lists.getBoundingClientRect();
    const columns = [...lists.querySelectorAll(".list")];
    columns.slice(1).forEach((right, at) => {
      const places = new Map([...columns[at].querySelectorAll("li")].map((li) => [li.dataset.uri, li]));
      for (const li of right.querySelectorAll("li")) {
        const other = places.get(li.dataset.uri);
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
  const show = (button, open) => {
    const detail = document.getElementById(button.getAttribute("aria-controls"));
    button.setAttribute("aria-expanded", String(open));
    detail.hidden = !open;
    if (open) join(detail.querySelector(".lists"));
  };
  const buttons = [...document.querySelectorAll("button.open")];
  for (const button of buttons) {
    show(button, false);
    button.addEventListener("click", () => show(button, button.getAttribute("aria-expanded") !== "true"));
  }
  addEventListener("resize", () => {
    for (const each of buttons) if (each.getAttribute("aria-expanded") === "true") show(each, true);
  });
})();
