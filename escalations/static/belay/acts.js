/* Dialogs of acts: htmx brings the form and its effect, this opens and closes them. Without it each
   button is a link to a page of its own. A native dialog keeps focus inside and gives it back. */
(function () {
  "use strict";
  const $ = (css, from) => (from || document).querySelector(css);
  // An offer that would be refused is taken away.
  setTimeout(() => document.querySelectorAll("[data-undo]").forEach((button) => button.remove()), 10000);

  const dialog = $("#act");
  if (dialog) {
    let opener = null;
    const first = () => $("#act-body :is(input:not([type=hidden]), textarea, select, button)")?.focus();
    document.addEventListener("click", (event) => {
      const at = event.target.closest("[data-act]");
      if (at) opener = at;
      if (event.target.closest("[data-act-close]") && dialog.open) { event.preventDefault(); dialog.close(); }
    });
    // These stay here: the rest of the page listens for rows that are swapped.
    dialog.addEventListener("htmx:beforeSwap", (event) => {
      event.stopPropagation();
      if (!event.detail.xhr.responseText.includes("data-act-sheet")) { // signed out meanwhile
        event.detail.shouldSwap = false;
        location.href = opener?.href || location.href;
      }
    });
    dialog.addEventListener("htmx:afterSettle", (event) => {
      event.stopPropagation();
      if (dialog.open || !$("#act-body form")) return;
      $("#act-title").textContent = opener?.dataset.actTitle || "Act";
      dialog.showModal();
      first();
    });
    dialog.addEventListener("close", () => {
      $("#act-body").replaceChildren();
      opener?.focus();
    });
    const openByAddress = () => { // /incidents/7/#act-escalate opens that dialog
      const verb = /^#act-([\w-]+)$/.exec(location.hash)?.[1];
      const at = verb && $(`[data-act="${verb}"]`);
      if (at && window.htmx) at.click();
    };
    addEventListener("hashchange", openByAddress);
    if (document.readyState === "complete") openByAddress(); else addEventListener("load", openByAddress);
  }
})();
