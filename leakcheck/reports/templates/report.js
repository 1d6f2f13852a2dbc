"use strict";
(() => {
  const table = document.getElementById("leaks");
  if (!table) return;
  const rows = [...table.tBodies];
  const headings = [...table.tHead.rows[0].cells];
  const search = document.getElementById("search");
  const kind = document.getElementById("kind");
  const state = document.getElementById("state");
  const shown = document.getElementById("shown");
  const numbers = new Set(["bytes", "objects"]);
  let sorted = { key: "bytes", down: true };

  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let bytes = 0n, count = 0;
    for (const row of rows) {
      const fits = words.every((word) => texts.get(row).includes(word))
        && (!kind.value || row.dataset.kind === kind.value)
        && (!state.value || row.dataset.state === state.value);
      row.hidden = !fits;
      if (fits) { count += 1; bytes += BigInt(row.dataset.bytes); }
    }
    shown.textContent = `${count} of ${rows.length} shown, ${bytes.toLocaleString("en")} bytes`;
  }

  function compare(a, b) {
    const [x, y] = [a.dataset[sorted.key], b.dataset[sorted.key]];
    if (!numbers.has(sorted.key)) return x.localeCompare(y, "en");
    const [m, n] = [BigInt(x), BigInt(y)];
    return m < n ? -1 : Number(m > n);
  }

  function sort(key, down) {
    sorted = { key, down };
    rows.sort((a, b) => (down ? compare(b, a) : compare(a, b)));
    table.append(...rows);
    for (const heading of headings) {
      if (heading.dataset.key === key) heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    }
  }

  // The page's address keeps what was chosen: #sort=objects&dir=up&search=TestX
  function remember() {
    const chosen = new URLSearchParams();
    if (sorted.key !== "bytes" || !sorted.down) {
      chosen.set("sort", sorted.key);
      chosen.set("dir", sorted.down ? "down" : "up");
    }
    for (const field of [search, kind, state]) if (field.value) chosen.set(field.id, field.value);
    history.replaceState(null, "", `#${chosen}`);
  }

  function recall() {
    const hash = location.hash.slice(1);
    const target = rows.find((row) => row.id === hash);
    if (target) {
      target.hidden = false;
      target.querySelector("details").open = true;
      target.scrollIntoView();
      return;
    }
    const chosen = new URLSearchParams(hash);
    for (const field of [search, kind, state]) field.value = chosen.get(field.id) || "";
    const known = headings.some((heading) => heading.dataset.key === chosen.get("sort"));
    sort(known ? chosen.get("sort") : "bytes", chosen.get("dir") !== "up");
    filter();
  }

  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    const key = heading.dataset.key;
    button.addEventListener("click", () => {
      sort(key, sorted.key === key ? !sorted.down : numbers.has(key));
      remember();
    });
  }
  for (const field of [search, kind, state]) {
    field.addEventListener("input", () => { filter(); remember(); });
  }
  const form = document.getElementById("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", recall);
  form.hidden = false;
  sort("bytes", true);
  filter();
  recall();
})();
