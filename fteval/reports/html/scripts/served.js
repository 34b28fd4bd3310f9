// A page that is served: its server filters and orders, keys go on to the next page.
(() => {
  const form = document.getElementById("filters");
  if (form) form.addEventListener("change", (event) => { if (event.target.type !== "search") form.requestSubmit(); });
  if (!browse) return;
  browse.past = (by) => {
    const link = document.querySelector(by > 0 ? "a[rel=next]" : "a[rel=prev]");
    if (link) location.href = link.href.replace("#answers", by > 0 ? "#first" : "#last");
  };
  if (location.hash === "#first" && browse.articles.length) browse.go(0);
  if (location.hash === "#last" && browse.articles.length) browse.go(browse.articles.length - 1);
})();
// Judging: what somebody says goes to the server, and the page is shown anew with what counts by now.
(() => {
  const post = async (where, said) => {
    const reply = await fetch(where, { method: "POST", body: new URLSearchParams(said) });
    if (reply.ok) return true;
    const told = document.getElementById("said") || document.getElementById("f-count");
    told.textContent = `not kept: ${await reply.text()}`;
    return false;
  };
  document.querySelectorAll(".judging, .choices, form.ask").forEach((one) => { one.hidden = false; });

  // --- on any answer of a list ---
  const label = async (line, value) => {
    const { sample, side, metric } = line.dataset;
    if (await post("label", { sample, side, metric, value })) { history.replaceState(null, "", `#${sample}`); location.reload(); }
  };
  document.querySelectorAll(".judging button").forEach((one) => one.addEventListener("click", () => label(one.parentNode, one.value)));
  const press = (upper, word) => {
    const lines = browse.articles[browse.here]?.querySelectorAll(".judging") ?? [];
    const line = upper || lines.length === 1 ? lines[0] : lines[browse.data.chosen];
    [...(line?.querySelectorAll("button") ?? [])].find((one) => one.textContent === word)?.click();
  };
  if (browse) {
    for (const [key, word] of [["y", "right"], ["x", "wrong"], ["u", "undo"]]) {
      browse.keys[key] = () => press(false, word);
      browse.keys[key.toUpperCase()] = () => press(true, word);
    }
    const here = browse.articles.findIndex((one) => `#${one.id}` === location.hash);
    if (here >= 0) browse.go(here);
  }

  // --- on one after another ---
  const question = document.getElementById("question");
  if (!question) return;
  let sent = false;
  const choose = async (value) => {
    const { sample, side, metric, ask, last } = question.dataset;
    if (sent || (value === "undo" && !last)) return;
    sent = true;
    if (await post(ask, { sample: value === "undo" ? last : sample, side, metric, value, drawn: "1" })) location.reload();
    else sent = false;
  };
  question.querySelectorAll(".choices button").forEach((one) => one.addEventListener("click", () => choose(one.value)));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const one = question.querySelector(`.choices button[data-key="${CSS.escape(event.key)}"]`);
    if (one) { event.preventDefault(); one.click(); }
  });
})();
