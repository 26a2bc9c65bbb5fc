/* Classic, blocking, before first paint: the stored palette and scale, else what the system prefers. */
(function () {
  var root = document.documentElement;
  var stored = {};
  try { stored = JSON.parse(localStorage.getItem("clusterscope") || "{}"); } catch (error) { stored = {}; }
  var system = matchMedia("(prefers-contrast: more)").matches ? "contrast" : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = stored.theme || system;
  if (stored.scale === "projector") root.dataset.scale = "projector";
})();
