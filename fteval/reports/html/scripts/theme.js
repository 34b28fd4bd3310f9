"use strict";
(() => {
  const theme = document.getElementById("theme"), root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const named = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `${theme.textContent} theme`); };
  try { const kept = localStorage.getItem("fteval-theme"); if (kept === "light" || kept === "dark") root.dataset.theme = kept; } catch { /* not kept */ }
  theme.hidden = false;
  named();
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    named();
    try { localStorage.setItem("fteval-theme", root.dataset.theme); } catch { /* not kept */ }
  });
})();
