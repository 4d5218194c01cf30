"use strict";
// Filters and sorts the examples; without it, all of them are there to read.
const form = document.querySelector(".filter");
const list = document.getElementById("list");
const drawn = [...list.children].map((article) => ({
  article,
  label: article.dataset.label,
  rows: [...article.querySelectorAll("[data-augmenter]")].map((row) => ({
    row,
    augmenter: row.dataset.augmenter,
    disagrees: row.hasAttribute("data-disagrees"),
    similarity: row.dataset.similarity ? Number(row.dataset.similarity) : Infinity,
    text: row.querySelector("[data-text]").textContent.toLowerCase(),
  })),
  disagrees: article.hasAttribute("data-disagrees"),
  text: article.querySelector("[data-text]").textContent.toLowerCase(),
}));

function apply() {
  const wanted = Object.fromEntries(new FormData(form));
  const words = wanted.search.toLowerCase().trim();
  let shown = 0;
  for (const example of drawn) {
    const inSource = example.text.includes(words);
    example.least = Infinity;
    let rows = 0;
    for (const one of example.rows) {
      const fits =
        (!wanted.augmenter || one.augmenter === wanted.augmenter) &&
        (!wanted.disagrees || one.disagrees) &&
        (inSource || one.text.includes(words));
      one.row.hidden = !fits;
      if (fits) {
        rows += 1;
        example.least = Math.min(example.least, one.similarity);
      }
    }
    const alone = !wanted.augmenter && inSource && (!wanted.disagrees || example.disagrees);
    const fits = (!wanted.label || [example.label, ...example.label.split(", ")].includes(wanted.label)) && (rows > 0 || alone);
    example.article.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  const order = wanted.order === "similarity" ? [...drawn].sort((a, b) => a.least - b.least) : drawn;
  list.append(...order.map((example) => example.article));
  form.querySelector("output").textContent = `${shown} of ${drawn.length}`;
}

form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(apply));
apply();
