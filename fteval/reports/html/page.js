"use strict";
(() => {
  const at = (id) => document.getElementById(id);

  // --- theme ---
  const theme = at("theme"), root = document.documentElement;
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

  if (!at("data")) return;
  const data = JSON.parse(at("data").textContent);
  const list = at("list"), form = at("filters"), articles = [...list.children];
  const several = data.names.length > 1;
  const texts = new Array(articles.length);
  const f = { candidate: at("f-candidate"), probe: at("f-probe"), metric: at("f-metric"), slice: at("f-slice"), text: at("f-text") };
  let order = articles.map((_, i) => i), shown = order, sorted = "";

  // --- what can be chosen ---
  const option = (select, value, text) => { const o = document.createElement("option"); o.value = value; o.textContent = text; select.append(o); };
  if (f.candidate) {
    data.names.forEach((name, i) => { if (i) option(f.candidate, i, name); });
    f.candidate.options[data.chosen - 1].defaultSelected = true;
    option(f.candidate, 0, "all, side by side");
  }
  option(f.probe, "", "all");
  data.probes.forEach(([name], i) => option(f.probe, i, name));
  option(f.slice, "", "all");
  data.slices.forEach((name, i) => option(f.slice, i, name));
  f.slice.parentNode.hidden = !data.slices.length;
  const metrics = () => {
    const before = f.metric.value;
    f.metric.replaceChildren();
    option(f.metric, "", "headline metric");
    if (f.probe.value !== "") data.probes[f.probe.value][1].forEach(([name], i) => option(f.metric, i, name));
    if ([...f.metric.options].some((o) => o.value === before)) f.metric.value = before;
  };
  metrics();

  // --- what a sample is ---
  const candidate = () => (f.candidate && +f.candidate.value) || data.chosen;
  const metricOf = (row) => {
    const known = data.probes[row[0]][1];
    return f.metric.value !== "" ? +f.metric.value : Math.max(known.findIndex((m) => m[2]), 0);
  };
  const move = (i) => {  // by how much the candidate is better than the base; null where that is not known
    const row = data.rows[i], m = metricOf(row), higher = data.probes[row[0]][1][m][1];
    const now = row[1][candidate()][m];
    if (!several) return now === null ? null : higher ? now : -now;
    const before = row[1][0][m];
    return now === null || before === null ? null : higher ? now - before : before - now;
  };
  const kind = (by) => by === null ? "unscored" : !several ? "same" : by < 0 ? "worse" : by > 0 ? "better" : "same";
  const bits = { cut: 1, refused: 2, failed: 4 };
  const flagged = (i, bit) => {
    const flags = data.rows[i][2];
    return several && f.candidate && f.candidate.value === "0" ? flags.some((x) => x & bit) : ((flags[0] | flags[candidate()]) & bit) !== 0;
  };
  const is = (i, show, by) => show === "all" || (bits[show] ? flagged(i, bits[show]) : kind(by) === show);
  const text = (i) => texts[i] ??= articles[i].textContent.toLowerCase();

  // --- filter and sort ---
  const rank = (by) => by === null ? [2, 0] : !several ? [0, by] : by < 0 ? [0, by] : by > 0 ? [1, -by] : [3, 0];
  const apply = () => {
    const show = form.elements.show.value, wanted = f.text.value.trim().toLowerCase(), moves = articles.map((_, i) => move(i));
    const key = `${candidate()} ${f.probe.value} ${f.metric.value}`;
    if (sorted && sorted !== key) {
      const ranks = moves.map(rank);
      order = articles.map((_, i) => i).sort((a, b) => ranks[a][0] - ranks[b][0] || ranks[a][1] - ranks[b][1] || a - b);
      list.append(...order.map((i) => articles[i]));
    }
    sorted = key;
    const counts = {};
    shown = [];
    for (const i of order) {
      const row = data.rows[i], article = articles[i];
      const inside = (f.probe.value === "" || row[0] === +f.probe.value) && (f.slice.value === "" || row[3].includes(+f.slice.value)) && (!wanted || text(i).includes(wanted));
      if (inside) for (const one of ["all", "worse", "better", "same", "unscored", "refused", "cut", "failed"]) if (is(i, one, moves[i])) counts[one] = (counts[one] || 0) + 1;
      const seen = inside && is(i, show, moves[i]), tone = kind(moves[i]);
      if (article.hidden === seen) article.hidden = !seen;
      if (article.className !== tone) article.className = tone;
      if (seen) shown.push(i);
    }
    form.querySelectorAll(".count").forEach((one) => { one.textContent = (counts[one.dataset.of] || 0).toLocaleString("en"); });
    at("f-count").textContent = `${shown.length.toLocaleString("en")} of ${articles.length.toLocaleString("en")} shown`;
  };
  const columns = () => {
    if (!f.candidate) return;
    const only = +f.candidate.value;
    for (const article of articles) {
      [...article.querySelector(".cols").children].forEach((cell, i) => { cell.hidden = only !== 0 && i !== 0 && i !== only; });
    }
  };
  let waiting = 0;
  f.text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  form.addEventListener("change", (event) => {
    if (event.target === f.probe) metrics();
    if (event.target === f.candidate) columns();
    if (event.target !== f.text) apply();
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  // --- copying ---
  const exact = (element) => element === null ? null : element.dataset.t ? JSON.parse(element.dataset.t) : (element.querySelector(":scope > span") || element).textContent;
  const row = (i) => {
    const article = articles[i], found = data.rows[i], meta = article.querySelector(".meta code");
    const roles = [...article.querySelectorAll(".turn")].map((turn) => ({ role: turn.querySelector(":scope > b")?.textContent ?? "user", content: exact(turn) }));
    const columns = [...article.querySelectorAll(".cols > div")];
    const said = (k) => exact(columns[k].querySelector(".text:not(.more)"));
    const scores = (k) => Object.fromEntries(data.probes[found[0]][1].map(([name], m) => [name, found[1][k][m]]));
    const target = exact(article.querySelector(".target"));
    const one = { id: article.querySelector("h3 a").textContent, messages: roles, ...(target === null ? {} : { target }) };
    if (found[3].length) one.slices = Object.fromEntries(found[3].map((s) => data.slices[s].split(/=(.*)/s).slice(0, 2)));
    if (meta) one.metadata = JSON.parse(meta.textContent);
    one.output = said(candidate());
    return { ...one, probe: data.probes[found[0]][0], ...(several ? { base_output: said(0), base_scores: scores(0) } : {}), scores: scores(candidate()) };
  };
  const copy = async (rows, said) => {
    const text = rows.map((one) => JSON.stringify(row(one)) + "\n").join("");
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = said.textContent;
    said.textContent = `copied ${rows.length.toLocaleString("en")}`;
    setTimeout(() => { said.textContent = before; }, 1200);
  };
  at("f-copy").addEventListener("click", () => copy(shown, at("f-copy")));
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy as JSONL";

  // --- going through ---
  let here = -1;
  const place = () => shown.indexOf(here);
  const settle = (i) => { here = i; articles[i].querySelector("h3").append(button); };
  const go = (i) => { settle(i); articles[i].tabIndex = -1; articles[i].focus({ preventScroll: true }); articles[i].scrollIntoView({ block: "start" }); };
  const step = (by, wanted) => {
    for (let k = place() + by; k >= 0 && k < shown.length; k += by) if (wanted(shown[k])) return go(shown[k]);
  };
  const flip = (i) => several ? ["worse", "better"].includes(kind(move(i))) : true;
  const keys = {
    j: () => step(1, () => true), k: () => step(-1, () => true), n: () => step(1, flip), p: () => step(-1, flip),
    c: () => { if (place() >= 0) copy([here], button); }, "/": () => { f.text.focus(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input[type=search], textarea, select");
    if (typing && event.key === "Escape") event.target.blur();
    if (typing || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  button.addEventListener("click", () => copy([here], button));
  list.addEventListener("pointerenter", (event) => { const article = event.target.closest?.("article"); if (article) settle(articles.indexOf(article)); }, true);

  form.hidden = false;
  columns();
  apply();
  const follow = () => {
    const i = articles.findIndex((article) => "#" + article.id === location.hash);
    if (i < 0) return;
    if (articles[i].hidden) { form.reset(); metrics(); columns(); apply(); }
    go(i);
  };
  addEventListener("hashchange", follow);
  follow();
})();
