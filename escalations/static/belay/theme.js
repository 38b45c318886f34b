/* Runs in <head>, before the first paint. The theme is shared with the admin (same key, same JSON). */
(function () {
  "use strict";
  var root = document.documentElement;
  function read(key) {
    try { return JSON.parse(localStorage.getItem(key)); } catch (e) { return null; }
  }
  function show(theme) {
    root.classList.toggle("dark", theme === "dark");
    root.classList.toggle("light", theme === "light");
    root.dataset.themeChoice = theme;
  }
  var theme = read("adminTheme");
  show(theme === "dark" || theme === "light" ? theme : "auto");
  root.classList.add("js");
  window.belayTheme = {
    choose: function (theme) {
      show(theme);
      try { localStorage.setItem("adminTheme", JSON.stringify(theme)); } catch (e) { /* private mode */ }
    }
  };
})();
