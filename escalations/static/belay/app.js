/* Belay pages: clocks that tick, a queue that stays fresh, one-letter keys. Every action is a form or
   a link that works without this file; here they only become quicker. */
(function () {
  "use strict";
  const root = document.documentElement;
  const $ = (css, from) => (from || document).querySelector(css);
  const $$ = (css, from) => Array.from((from || document).querySelectorAll(css));
  const here = () => location.pathname + location.search;

  /* --- time: the server's, never this machine's ------------------------------------------- */
  let skew = 0;
  const sync = (epoch) => { if (epoch) skew = Number(epoch) - Date.now() / 1000; };
  const now = () => Date.now() / 1000 + skew;
  sync(root.dataset.now);

  function duration(seconds) { // the same words as the `duration` filter
    const s = Math.floor(Math.abs(seconds)), d = Math.floor(s / 86400);
    const h = Math.floor(s / 3600), m = Math.floor(s / 60);
    if (d) return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
    if (h) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
    return m >= 10 ? `${m} min` : `${m}:${String(s % 60).padStart(2, "0")}`;
  }

  const WORDS = { on_track: "On track", at_risk: "At risk", late: "Late" };
  const ICONS = { on_track: "clock", at_risk: "timer", late: "octagon-alert" };
  const say = (words) => { $("#say").textContent = words; };

  function tickClock(clock) {
    const data = clock.dataset, due = Number(data.due);
    if (!due || !WORDS[data.status]) return null; // paused and met clocks stand still
    const left = due - now();
    const status = left <= 0 ? "late" : data.warn && now() >= Number(data.warn) ? "at_risk" : "on_track";
    const text = left <= 0 ? `late by ${duration(left)}` : `${duration(left)} left`;
    const line = $("[data-text]", clock);
    if (line.textContent !== text) line.textContent = text;
    if (data.start) $("progress", clock).value = Math.min(100, (100 * (now() - data.start)) / (due - data.start));
    if (status === data.status) return null;
    data.status = status;
    clock.classList.remove("is-on-track", "is-at-risk", "is-late");
    clock.classList.add("is-" + status.replace("_", "-"));
    const use = $("use", clock), word = $("[data-word]", clock);
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#" + ICONS[status]));
    word.textContent = WORDS[status] + (clock.matches(".big") ? "" : ": ");
    if (status === "late") clock.closest("tr")?.classList.add("is-late");
    return `${data.clock}: ${WORDS[status].toLowerCase()}`;
  }
  function tick() {
    const changes = $$("[data-clock]").map(tickClock).filter(Boolean);
    if (changes.length) say(changes.slice(0, 3).join(". ") + (changes.length > 3 ? `. ${changes.length - 3} more` : ""));
    showLive();
    if (held && isFree()) { const html = held; held = null; swap(html); }
  }

  /* --- polling: 5 s while somebody works, 15 s idle, 60 s in a hidden tab ------------------ */
  let lastNews = Date.now(), lastTouch = Date.now(), held = null, timer = 0, isFailing = false;
  const source = () => $("#queue") || $("#timeline[data-poll-url]:not([data-poll-url=''])");
  function pause() {
    if (root.dataset.poll) return Number(root.dataset.poll);
    if (document.hidden) return 60000;
    return Date.now() - lastTouch < 30000 ? 5000 : 15000;
  }
  function showLive() {
    const live = $("[data-live]");
    if (!live || !source()) return;
    const age = Date.now() - lastNews, isStale = isFailing || !navigator.onLine || age > pause() * 2 + 5000;
    const words = !navigator.onLine ? `You are offline, last news ${Math.round(age / 1000)} s ago` : isStale ? `Not updating, last news ${Math.round(age / 1000)} s ago` : `Live, updated ${Math.round(age / 1000)} s ago`;
    live.classList.toggle("is-live", !isStale);
    live.classList.toggle("is-stale", isStale);
    $("span", live).textContent = words;
  }
  // Nothing may move under a hand: an open dialog, menu or form holds the new rows back.
  const isFree = () => !$("dialog[open], #q-rows details[open], #timeline details[open], .htmx-request");

  async function poll() {
    clearTimeout(timer);
    const at = source();
    if (!at) return;
    const url = new URL(at.dataset.pollUrl, location.href);
    url.searchParams.set("version", at.dataset.version);
    if (document.hidden && at.id === "timeline") url.searchParams.set("away", "1");
    try {
      const answer = await fetch(url, { headers: { "X-Requested-With": "XMLHttpRequest" }, redirect: "error" });
      if (answer.status !== 204 && answer.status !== 200) throw new Error(answer.status);
      const html = answer.status === 200 ? await answer.text() : "";
      lastNews = Date.now();
      isFailing = false;
      if (html) { if (isFree()) swap(html); else held = html; }
    } catch (error) { isFailing = true; }
    showLive();
    timer = setTimeout(poll, pause());
  }

  /* --- swapping rows without losing the reader's place ------------------------------------- */
  let cursor = null;
  const selected = new Set();
  function keep() {
    const at = document.activeElement, row = at?.closest?.("[data-row]");
    return {
      row: row?.dataset.row, key: at?.dataset?.k, index: row ? $$("[data-row]").indexOf(row) : -1,
      id: at?.id, known: new Set($$("[data-row]").map((r) => r.dataset.row)),
    };
  }
  function restore(kept) {
    const rows = $$("[data-row]");
    rows.forEach((row) => {
      row.classList.toggle("is-cursor", row.dataset.row === cursor);
      row.classList.toggle("is-new", !kept.known.has(row.dataset.row));
      const box = $("[data-k=x]", row);
      if (box) box.checked = selected.has(row.dataset.row);
    });
    if (kept.row) { // the row may have gone: the one now in its place is nearest
      const row = rows.find((r) => r.dataset.row === kept.row) || rows[Math.min(kept.index, rows.length - 1)];
      if (row) ($(`[data-k="${kept.key}"]`, row) || $("[data-k=t]", row)).focus({ preventScroll: true });
    } else if (kept.id && document.activeElement === document.body) document.getElementById(kept.id)?.focus({ preventScroll: true });
    $$("[data-row]").length && showBulk();
    const queue = $("#queue");
    if (queue) document.title = (queue.dataset.late !== "0" ? `(${queue.dataset.late}) late · ` : "") + queue.dataset.title + " · Belay";
  }
  function swap(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const fresh = $("#queue, #timeline", page), old = fresh && document.getElementById(fresh.id);
    if (!old) return;
    sync(fresh.dataset.now);
    const kept = keep();
    if (fresh.id === "timeline") {
      $("[data-changed]").hidden = fresh.dataset.version === $("[data-incident-version]").dataset.incidentVersion;
      old.replaceWith(fresh);
      window.htmx?.process(fresh);
    } else { // the filter form stays: somebody may be typing in it
      ["q-tiles", "q-tabs", "q-rows"].forEach((id) => {
        const part = $("#" + id, fresh);
        if (part) document.getElementById(id).replaceWith(part);
      });
      Object.assign(old.dataset, fresh.dataset);
      window.htmx?.process(old);
    }
    restore(kept);
    tick();
  }

  /* --- selection --------------------------------------------------------------------------- */
  function showBulk() {
    const bar = $("#bulk");
    if (!bar) return;
    $$("[data-row]").forEach((row) => {
      const box = $("[data-k=x]", row);
      if (box && box.checked) selected.add(row.dataset.row); else selected.delete(row.dataset.row);
    });
    const rows = $$("[data-row]").filter((row) => selected.has(row.dataset.row));
    bar.hidden = !rows.length;
    $("[data-bulk-count]").textContent = `${rows.length} selected`;
    $$("[data-bulk]", bar).forEach((part) => {
      const fitting = rows.filter((row) => row.dataset.can.split(" ").includes(part.dataset.bulk)).length;
      part.hidden = !fitting;
      $("[data-count]", part).textContent = fitting;
    });
  }

  /* --- keys: each clicks what is on the screen ---------------------------------------------- */
  function move(step) {
    const rows = $$("[data-row]"), at = rows.findIndex((r) => r.dataset.row === cursor);
    const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
    if (!row) return;
    cursor = row.dataset.row;
    rows.forEach((r) => r.classList.toggle("is-cursor", r === row));
    $("[data-k=t]", row).focus();
    row.scrollIntoView({ block: "nearest" });
  }
  function openHelp() {
    const help = $("#help");
    if (help && !help.open) help.showModal();
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return closeOpen(null);
    if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
    if (event.target.closest("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio])") || $("dialog[open]")) return;
    const row = event.target.closest("[data-row]") || (cursor && $(`[data-row="${cursor}"]`));
    const click = (el) => { if (el) { event.preventDefault(); el.click(); } };
    if (event.key === "j" || event.key === "k") { event.preventDefault(); move(event.key === "j" ? 1 : -1); }
    else if (event.key === "?") { event.preventDefault(); openHelp(); }
    else if (event.key === "/") { const q = $("#q"); if (q) { event.preventDefault(); q.focus(); q.select(); } }
    else if (event.key === "x") click(row && $("[data-k=x]", row));
    else if (event.key === "Enter" && event.target === document.body) click(row && $("[data-k=t]", row));
    else if (/^[a-z]$/.test(event.key)) click($(`[data-key="${event.key}"]`, row || $("#actions") || document.createElement("i")));
  });

  /* --- small things ------------------------------------------------------------------------ */
  function closeOpen(except) {
    $$(".menu[open], .act[open], .filter-fold[open], .view-change[open]").forEach((d) => {
      if (d === except) return;
      const hadFocus = d.contains(document.activeElement);
      d.open = false;
      if (hadFocus) $("summary", d).focus();
    });
  }
  function openAct() { // /incidents/7/#act-escalate opens that form
    const form = /^#act-[\w-]+$/.test(location.hash) && $(location.hash);
    const fold = form && form.closest("details");
    if (fold) fold.open = true;
    else if (form) $("textarea", form).focus();
  }
  function showTheme() {
    const choice = root.dataset.themeChoice, button = $("[data-theme-switch]");
    const names = { auto: ["sun-moon", "as the system"], light: ["sun", "light"], dark: ["moon", "dark"] };
    if (button) {
      const use = $("use", button);
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#" + names[choice][0]));
      $(".vh", button).textContent = "Theme: " + names[choice][1];
    }
    $$("[data-theme-set]").forEach((input) => { input.checked = input.value === choice; });
  }
  document.addEventListener("click", (event) => {
    const at = event.target;
    closeOpen(at.closest(".menu, .act, .filter-fold, .view-change"));
    if (at.closest("[data-help]")) { event.preventDefault(); openHelp(); }
    if (at.closest("[data-close]")) closeOpen(null);
    if (at.matches("dialog")) at.close();
    if (at.closest("[data-bulk-clear]")) { $$("[data-k=x]").forEach((box) => { box.checked = false; }); showBulk(); }
    if (at.closest("[data-theme-switch]")) {
      const order = ["auto", "light", "dark"];
      window.belayTheme.choose(order[(order.indexOf(root.dataset.themeChoice) + 1) % 3]);
      showTheme();
    }
    const goal = at.closest("[data-focus]")?.dataset.focus;
    if (goal) { event.preventDefault(); $(goal)?.focus(); $(goal)?.scrollIntoView({ block: "center" }); }
    const row = at.closest("[data-row]");
    if (row) cursor = row.dataset.row;
  });
  document.addEventListener("change", (event) => {
    const at = event.target;
    if (at.matches("[data-all]")) $$("[data-k=x]").forEach((box) => { box.checked = at.checked; });
    if (at.matches("[data-all], [data-k=x]")) showBulk();
    if (at.matches("[data-theme-set]")) { window.belayTheme.choose(at.value); showTheme(); }
  });
  document.addEventListener("toggle", (event) => { // opening a form puts the hand in its first field
    if (event.target.matches(".act[open]")) $("input:not([type=hidden]), textarea, select", event.target)?.focus();
  }, true);
  document.addEventListener("submit", (event) => {
    const next = $("[name=next]", event.target);
    if (next && event.target.id === "act") next.value = here();
    const button = event.submitter;
    if (button && event.target.method === "post") setTimeout(() => { button.disabled = true; setTimeout(() => { button.disabled = false; }, 4000); });
  });
  ["pointerdown", "keydown", "scroll"].forEach((kind) => addEventListener(kind, () => { lastTouch = Date.now(); }, { passive: true }));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  addEventListener("online", poll);
  addEventListener("offline", showLive);
  addEventListener("hashchange", openAct);

  function tell() { // good news leaves by itself, bad news stays
    say($("#messages").textContent.trim().replace(/\s+/g, " "));
    $$("#messages .note:not(.note-error, .note-warning)").forEach((note) => setTimeout(() => note.remove(), $(".undo", note) ? 10000 : 8000));
  }

  /* --- htmx: row actions answer with the page they redirect to ------------------------------- */
  let kept = null;
  document.addEventListener("htmx:configRequest", (event) => {
    if ("next" in event.detail.parameters) event.detail.parameters.next = here();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (target.id === "queue" && !xhr.responseText.includes('id="queue"')) {
      event.detail.shouldSwap = false;
      location.href = xhr.responseURL || here();
    }
    kept = keep();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "peek-body") $("#peek").showModal();
    else if (kept) { restore(kept); lastNews = Date.now(); tell(); }
    kept = null;
  });
  ["htmx:responseError", "htmx:sendError"].forEach((kind) => document.addEventListener(kind, (event) => {
    const status = event.detail.xhr?.status;
    const words = status ? `That did not work (${status}). Load the page again and look before you repeat it.` : "No connection. Nothing was sent.";
    const note = document.createElement("p");
    note.className = "note note-error";
    note.textContent = words;
    $("#messages").replaceChildren(note);
    say(words);
  }));

  showTheme();
  showBulk();
  openAct();
  tick();
  setInterval(tick, 1000);
  if (source()) timer = setTimeout(poll, pause());
})();
