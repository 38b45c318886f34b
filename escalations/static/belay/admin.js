/* Governance pages: the pickers that Select2 draws say what they pick, and what is picked. */
"use strict";

function nameOf(select) {
  const label = select.labels && select.labels[0];
  const words = select.getAttribute("aria-label") || (label ? label.textContent : "");
  return words.trim().replace(/:$/, "");
}

function namePicker(picker) {
  const select = picker.previousElementSibling;
  if (!select || select.tagName !== "SELECT") return;
  const name = nameOf(select);
  const box = picker.querySelector("[role=combobox]");
  const shown = picker.querySelector(".select2-selection__rendered");
  const search = picker.querySelector(".select2-search__field");
  if (search) search.setAttribute("aria-label", name);
  if (!box || !name) return;
  box.setAttribute("aria-label", name);
  if (!shown || !shown.id) return;
  // Its own label, then the value it shows; the value alone is no text field.
  box.id = box.id || `${shown.id}-picker`;
  box.setAttribute("aria-labelledby", `${box.id} ${shown.id}`);
  shown.removeAttribute("role");
  shown.removeAttribute("aria-readonly");
}

function namePickers() {
  document.querySelectorAll("select + .select2-container").forEach(namePicker);
  document
    .querySelectorAll(".select2-dropdown .select2-search__field:not([aria-label])")
    .forEach((field) => field.setAttribute("aria-label", "Search"));
}

// Select2 draws when the page is ready, when a row is added, and when a list opens.
new MutationObserver(namePickers).observe(document, { childList: true, subtree: true });
document.addEventListener("DOMContentLoaded", namePickers);
