"use strict";
// Every table but that of the queries: it is all there, and its rows are put in order.
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
        const words = head.classList.contains("words");
        const key = (body) => body.rows[0].cells[column].textContent.trim();
        const bodies = [...table.tBodies].sort((one, other) => {
          if (words) return key(one).localeCompare(key(other)) * (down ? -1 : 1);
          const [a, b] = [number(key(one)), number(key(other))];
          if (a === null || b === null) return (a === null) - (b === null);
          return down ? b - a : a - b;
        });
        table.append(...bodies);
      });
    });
  }
})();
