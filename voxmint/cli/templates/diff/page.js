"use strict";
(() => {
  const box = document.querySelector(".filter");
  const input = document.getElementById("filter");
  const said = document.getElementById("shown");
  const all = Array.from(document.querySelectorAll("[data-filter]"));
  if (all.length < 2) return;
  const texts = all.map((one) => one.textContent.toLowerCase());
  const apply = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    all.forEach((one, at) => {
      const fits = wanted.every((word) => texts[at].includes(word));
      one.hidden = !fits;
      if (fits) count += 1;
    });
    said.textContent = wanted.length ? `${count} of ${all.length} shown` : "";
  };
  input.addEventListener("input", apply);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      apply();
    }
  });
  // A link to an edit that the filter hides shows everything again.
  window.addEventListener("hashchange", () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.hidden) {
      input.value = "";
      apply();
      target.scrollIntoView();
    }
  });
  box.hidden = false;
})();
