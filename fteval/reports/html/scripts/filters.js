// Filters and orders the samples of one file, which are all in the page.
if (browse) (() => {
  const at = (id) => document.getElementById(id);
  const { data, articles, several } = browse, list = at("list"), form = at("filters");
  const texts = new Array(articles.length);
  const f = { candidate: at("f-candidate"), probe: at("f-probe"), metric: at("f-metric"), slice: at("f-slice"), text: at("f-text") };
  let order = articles.map((_, i) => i), sorted = "";

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
  browse.candidate = () => (f.candidate && +f.candidate.value) || data.chosen;
  const metricOf = (row) => {
    const known = data.probes[row[0]][1];
    return f.metric.value !== "" ? +f.metric.value : Math.max(known.findIndex((m) => m[2]), 0);
  };
  const move = (i) => {  // by how much the candidate is better than the base; null where that is not known
    const row = data.rows[i], m = metricOf(row), higher = data.probes[row[0]][1][m][1];
    const now = row[1][browse.candidate()][m];
    if (!several) return now === null ? null : higher ? now : -now;
    const before = row[1][0][m];
    return now === null || before === null ? null : higher ? now - before : before - now;
  };
  const kind = (by) => by === null ? "unscored" : !several ? "same" : by < 0 ? "worse" : by > 0 ? "better" : "same";
  const bits = { cut: 1, refused: 2, failed: 4 };
  const flagged = (i, bit) => {
    const flags = data.rows[i][2];
    return several && f.candidate && f.candidate.value === "0" ? flags.some((x) => x & bit) : ((flags[0] | flags[browse.candidate()]) & bit) !== 0;
  };
  const is = (i, show, by) => show === "all" || (bits[show] ? flagged(i, bits[show]) : kind(by) === show);
  const text = (i) => texts[i] ??= articles[i].textContent.toLowerCase();

  // --- filter and sort ---
  const rank = (by) => by === null ? [2, 0] : !several ? [0, by] : by < 0 ? [0, by] : by > 0 ? [1, -by] : [3, 0];
  const apply = () => {
    const show = form.elements.show.value, wanted = f.text.value.trim().toLowerCase(), moves = articles.map((_, i) => move(i));
    const key = `${browse.candidate()} ${f.probe.value} ${f.metric.value}`;
    if (sorted && sorted !== key) {
      const ranks = moves.map(rank);
      order = articles.map((_, i) => i).sort((a, b) => ranks[a][0] - ranks[b][0] || ranks[a][1] - ranks[b][1] || a - b);
      list.append(...order.map((i) => articles[i]));
    }
    sorted = key;
    const counts = {};
    browse.shown = [];
    for (const i of order) {
      const row = data.rows[i], article = articles[i];
      const inside = (f.probe.value === "" || row[0] === +f.probe.value) && (f.slice.value === "" || row[3].includes(+f.slice.value)) && (!wanted || text(i).includes(wanted));
      if (inside) for (const one of ["all", "worse", "better", "same", "unscored", "refused", "cut", "failed"]) if (is(i, one, moves[i])) counts[one] = (counts[one] || 0) + 1;
      const seen = inside && is(i, show, moves[i]), tone = kind(moves[i]);
      if (article.hidden === seen) article.hidden = !seen;
      if (article.className !== tone) article.className = tone;
      if (seen) browse.shown.push(i);
    }
    form.querySelectorAll(".count").forEach((one) => { one.textContent = (counts[one.dataset.of] || 0).toLocaleString("en"); });
    at("f-count").textContent = `${browse.shown.length.toLocaleString("en")} of ${articles.length.toLocaleString("en")} shown`;
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

  form.hidden = false;
  columns();
  apply();
  const follow = () => {
    const i = articles.findIndex((article) => "#" + article.id === location.hash);
    if (i < 0) return;
    if (articles[i].hidden) { form.reset(); metrics(); columns(); apply(); }
    browse.go(i);
  };
  addEventListener("hashchange", follow);
  follow();
})();
