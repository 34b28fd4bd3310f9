// Going through answers by keys, and copying them; what is shown, `filters.js` and `served.js` say.
const browse = document.getElementById("data") && (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const articles = [...document.getElementById("list").children], several = data.names.length > 1;
  const b = { data, articles, several, shown: articles.map((_, i) => i), here: -1, keys: {}, past: () => {}, candidate: () => data.chosen };
  b.tone = (i) => articles[i].className;

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
    one.output = said(b.candidate());
    return { ...one, probe: data.probes[found[0]][0], ...(several ? { base_output: said(0), base_scores: scores(0) } : {}), scores: scores(b.candidate()) };
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
  const all = document.getElementById("f-copy");
  all.hidden = false;
  all.addEventListener("click", () => copy(b.shown, all));
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy as JSONL";
  button.addEventListener("click", () => copy([b.here], button));

  // --- going through ---
  const place = () => b.shown.indexOf(b.here);
  b.settle = (i) => { b.here = i; articles[i].querySelector("h3").append(button); };
  b.go = (i) => { b.settle(i); articles[i].tabIndex = -1; articles[i].focus({ preventScroll: true }); articles[i].scrollIntoView({ block: "start" }); };
  b.flip = (i) => several ? ["worse", "better"].includes(b.tone(i)) : true;
  b.step = (by, wanted) => {
    for (let k = place() + by; k >= 0 && k < b.shown.length; k += by) if (wanted(b.shown[k])) return b.go(b.shown[k]);
    b.past(by, wanted);
  };
  Object.assign(b.keys, {
    j: () => b.step(1, () => true), k: () => b.step(-1, () => true), n: () => b.step(1, b.flip), p: () => b.step(-1, b.flip),
    c: () => { if (place() >= 0) copy([b.here], button); }, "/": () => { document.getElementById("f-text").focus(); },
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input[type=search], textarea, select");
    if (typing && event.key === "Escape") event.target.blur();
    if (typing || !Object.hasOwn(b.keys, event.key)) return;
    event.preventDefault();
    b.keys[event.key]();
  });
  document.getElementById("list").addEventListener("pointerenter", (event) => { const article = event.target.closest?.("article"); if (article) b.settle(articles.indexOf(article)); }, true);
  document.querySelectorAll(".keys").forEach((one) => { one.hidden = false; });
  return b;
})();
