// Shows below the search box what it may become: links, which Tab and Enter choose.
const box = document.querySelector(".search input");
const list = document.querySelector(".suggestions");
let typed = 0;

box.addEventListener("input", async () => {
  const turn = ++typed;
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (turn !== typed) return; // the next key came soon
  const answer = await fetch("/suggest?" + new URLSearchParams({ q: box.value }));
  const suggestions = answer.ok ? await answer.json() : [];
  if (turn === typed) list.replaceChildren(...suggestions.map(makeLink));
});

function makeLink({ text, kind, url }) {
  const link = document.createElement("a");
  const label = document.createElement("span");
  link.href = url;
  link.textContent = text;
  label.textContent = kind;
  label.className = "dim";
  link.append(" ", label);
  return link;
}
