
(() => {
  const { el, plural, themes } = shared;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PAGE = 60, DAY = 86400;
  const KNOWN = ["new", "pending", "inProgress", "awaitingControl", "completed", "deferred", "declined"];
  const SIGN = { completed: "✓", deferred: "‖", declined: "×", awaitingControl: "?", inProgress: "▸" };
  const tone = (status) => KNOWN.includes(status) ? status : "other";
  const nameOf = (id) => id ? data.names[id] || `person ${id}` : "person not told";

  for (const one of data.tasks) one.hay = [one.t, one.k, one.i, one.s, nameOf(one.p)].join(" ").toLowerCase();

  /* state: what is asked for, kept in the address so that a view can be shared */
  const state = { q: "", person: "", status: "", stands: "", from: "", to: "" };
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(state)) state[name] = asked.get(name) || "";
  };
  let shown = [], drawn = 0;
  const matches = () => {
    const needles = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    return (one) => (!state.stands || (state.stands === "late" ? one.l : one.o))
      && (!state.person || String(one.p || 0) === state.person)
      && (!state.status || one.s === state.status)
      && (!state.from || (one.o && one.at !== null && one.at >= +state.from && one.at < +state.to))
      && needles.every((needle) => one.hay.includes(needle));
  };
  const render = () => {
    shown = data.tasks.filter(matches());
    drawn = 0;
    $("list").replaceChildren();
    for (const card of document.querySelectorAll(".card")) card.setAttribute("aria-pressed", String(card.dataset.stands === state.stands && card.dataset.status === state.status));
    for (const one of document.querySelectorAll("#people-list button")) one.setAttribute("aria-pressed", String(one.dataset.person === state.person));
    for (const id of ["q", "person", "status"]) if ($(id).value !== state[id]) $(id).value = state[id];
    const asked = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
    try { history.replaceState(null, "", asked ? "#" + asked : location.pathname + location.search); } catch { /* a file may not */ }
    $("clear").disabled = !asked;
    $("count").textContent = data.tasks.length ? (asked ? `${plural(shown.length, "task")} of ${data.tasks.length.toLocaleString("en")}` : plural(data.tasks.length, "task")) : "";
    if (shown.length) draw(PAGE); else $("list").append(empty(asked));
    more();
    chart();
  };
  const empty = (asked) => {
    if (asked && data.tasks.length) return el("div", { class: "empty" }, el("h3", {}, "Nothing matches"), el("p", {}, "No task fits what is asked for."), el("button", { type: "button", class: "ghost", on: { click: clear } }, "Clear the filters"));
    return el("div", { class: "empty" }, el("h3", {}, "No tasks"), el("p", {}, data.line));
  };
  const draw = (count) => {
    const part = document.createDocumentFragment();
    for (const one of shown.slice(drawn, drawn + count)) part.append(row(one));
    drawn = Math.min(drawn + count, shown.length);
    $("list").append(part);
  };
  const more = () => {
    const left = shown.length - drawn;
    $("more").hidden = !left;
    $("more").textContent = `Show ${Math.min(PAGE, left)} more of ${left.toLocaleString("en")}`;
  };

  const row = (one) => {
    const title = one.t || one.k;
    const name = one.h ? el("a", { class: "name", href: one.h, target: "_blank", rel: "noopener noreferrer" }, title, el("span", { class: "out", "aria-hidden": "true" }, "↗")) : el("span", { class: "name", tabindex: 0 }, title);
    const stands = one.l ? "late" : tone(one.s);
    const facts = [el("span", {}, nameOf(one.p)), el("span", {}, one.d), one.l ? el("span", { class: "by" }, `late ${one.l}`) : null].filter(Boolean);
    return el("div", { class: `task ${stands}` },
      el("span", { class: "sym", "aria-hidden": "true" }, one.l ? "!" : SIGN[one.s] || "○"),
      el("span", {}, name, el("span", { class: "k" }, one.k), el("div", { class: "brief" }, ...facts.flatMap((part, at) => at ? [" · ", part] : [part]))),
      el("span", { class: `side pill ${tone(one.s)}` }, one.s));
  };

  const cards = () => {
    const card = (count, word, shade, stands, status) => $("cards").append(el("button", { type: "button", class: `card ${shade}`, "data-stands": stands, "data-status": status, "aria-pressed": "false", on: { click: () => { const on = state.stands === stands && state.status === status; state.stands = on ? "" : stands; state.status = on ? "" : status; render(); } } }, el("b", {}, count.toLocaleString("en")), el("span", {}, word)));
    card(data.late, "late", "late", "late", "");
    card(data.open, "open", "open", "open", "");
    for (const [status, count] of data.statuses) card(count, status, tone(status), "", status);
  };
  const people = (all) => {
    $("people").hidden = !data.people.length;
    $("people-n").textContent = plural(data.people.length, "person", "people");
    const some = all ? data.people : data.people.slice(0, 6);
    const width = (part, one) => `width: ${(100 * part / one.tasks).toFixed(1)}%`;
    $("people-list").replaceChildren(...some.map((one) => el("li", {}, el("button", { type: "button", "data-person": String(one.id || 0), "aria-pressed": String(state.person === String(one.id || 0)), on: { click: () => { state.person = state.person === String(one.id || 0) ? "" : String(one.id || 0); render(); } } },
      el("span", { class: "who", title: nameOf(one.id) }, nameOf(one.id)), el("span", { class: "n" }, plural(one.tasks, "task")),
      el("span", { class: "what" }, `${one.open.toLocaleString("en")} open`, one.late ? ", " : null, one.late ? el("span", { class: "by" }, `${one.late.toLocaleString("en")} late`) : null),
      bars(one, width)))));
    $("people-more").hidden = all || data.people.length <= 6;
    $("people-more").textContent = `Show all ${data.people.length.toLocaleString("en")}`;
  };
  const bars = (one, width) => {
    const share = el("span", { class: "share", "aria-hidden": "true" });
    for (const [part, shade] of [[one.late, "late"], [one.open - one.late, "open"], [one.tasks - one.open, "completed"]]) {
      const bar = el("i", { class: shade }); bar.style.cssText = width(part, one); share.append(bar);
    }
    return share;
  };
  const options = (id, word, pairs) => $(id).append(el("option", { value: "" }, word), ...pairs.map(([value, text]) => el("option", { value }, text)));
  const callouts = () => { for (const note of data.notes) $("callouts").append(el("div", { class: "callout" }, el("strong", {}, "Note: "), note)); };

  /* the picture of deadlines: a column a day, a week or more; what is past stands in red */
  const label = (when) => new Date(when * 1000).toISOString().slice(0, 10);
  const chart = () => {
    const all = data.tasks.filter((one) => one.o && one.at !== null);
    $("time").hidden = !all.length;
    if (!all.length) return;
    $("legend").replaceChildren(...[["var(--delete)", "late"], ["var(--adopt)", "to come"]].map(([colour, word]) => { const mark = el("i"); mark.style.background = colour; return el("span", {}, mark, word); }));
    const filtered = { ...state };
    state.from = state.to = "";
    const dated = data.tasks.filter(matches()).filter((one) => one.o && one.at !== null);
    Object.assign(state, filtered);
    $("chart").replaceChildren(dated.length ? columns(dated) : el("p", { class: "hint" }, "No open task of these has a deadline."));
    const window = state.from ? ` Only ${label(+state.from)} to ${label(+state.to - 1)} is shown: Esc shows all.` : "";
    $("chart-hint").textContent = dated.length ? `${plural(dated.length, "open task")} with a deadline. Choose a column to see its tasks.${window}` : "";
  };
  const columns = (dated) => {
    const wide = Math.max(300, $("chart").clientWidth || 620), high = 220, foot = 22, left = 34, now = data.now;
    const times = dated.map((one) => one.at);
    const first = times.reduce((a, b) => Math.min(a, b), now), last = times.reduce((a, b) => Math.max(a, b), now);
    /* columns begin at this very moment and go both ways, so that none is late and to come at once */
    const span = (last - first) / DAY + 2, size = [1, 7, 30, 91, 365].find((one) => span / one <= Math.min(60, wide / 9)) || Math.ceil(span / 60);
    const step = size * DAY, before = Math.ceil((now - first) / step), after = Math.floor((last - now) / step) + 1, n = before + after, from = now - before * step;
    const counts = new Array(n).fill(0);
    for (const one of dated) counts[Math.min(n - 1, Math.floor((one.at - from) / step))] += 1;
    const top = counts.reduce((a, b) => Math.max(a, b)), w = (wide - left) / n, floor = high - foot, tall = (count) => count / top * (floor - 12);
    const unit = { 1: "day", 7: "week", 30: "30 days", 91: "quarter", 365: "year" }[size] || `${size} days`;
    const svg = el("svg", { viewBox: `0 0 ${wide} ${high}`, role: "group", "aria-label": `Deadlines of open tasks by ${unit}` });
    const every = Math.max(1, Math.ceil(n / Math.max(1, Math.floor(wide / 92))));
    for (let at = 0; at < n; at += 1) {
      const start = from + at * step, end = start + step, gap = Math.min(3, w * 0.2), on = state.from === String(start), late = at < before;
      const told = `${label(start)}${size > 1 ? " to " + label(end - 1) : ""}: ${plural(counts[at], "task")}${late ? " late" : ""}`;
      const choose = () => { state.from = on ? "" : String(start); state.to = on ? "" : String(end); render(); };
      if (at % every === 0 && left + at * w < wide - 70) svg.append(el("text", { x: left + at * w, y: high - 6 }, label(start)));
      if (!counts[at]) continue;
      svg.append(el("rect", { class: on ? "hit on" : "hit", x: left + at * w, y: 0, width: w, height: floor, tabindex: 0, role: "button", "aria-label": told, "aria-pressed": String(on), on: { click: choose, keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } } } }, el("title", {}, told)));
      svg.append(el("rect", { class: late ? "past" : "after", x: left + at * w + gap / 2, y: floor - tall(counts[at]), width: Math.min(w - gap, 48), height: tall(counts[at]), rx: Math.min(2, w / 4), "pointer-events": "none" }));
    }
    const here = left + before * w;
    svg.append(el("line", { class: "axis", x1: left, x2: wide, y1: floor, y2: floor }), el("line", { class: "now", x1: here, x2: here, y1: 2, y2: floor }), el("text", { x: left - 6, y: 14, "text-anchor": "end" }, String(top)), el("text", { x: left - 6, y: floor + 1, "text-anchor": "end" }, "0"));
    return svg;
  };

  addEventListener("hashchange", () => { recall(); render(); });
  const clear = () => { for (const name of Object.keys(state)) state[name] = ""; render(); };
  let wait; $("q").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(() => { state.q = $("q").value; render(); }, 90); });
  const move = (by) => {
    const names = [...document.querySelectorAll("#list .name")], at = names.indexOf(document.activeElement);
    if (by > 0 && at === names.length - 1 && drawn < shown.length) { draw(PAGE); more(); return move(by); }
    const next = names[Math.max(0, at + by)];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !typing) { event.preventDefault(); $("q").focus(); $("q").select(); }
    else if (event.key === "Escape") { if (typing) document.activeElement.blur(); clear(); }
    else if ((event.key === "ArrowDown" || (event.key === "j" && !typing)) && document.activeElement.tagName !== "SELECT") { event.preventDefault(); move(1); }
    else if ((event.key === "ArrowUp" || (event.key === "k" && !typing)) && document.activeElement.tagName !== "SELECT") { event.preventDefault(); move(-1); }
  });
  $("bar").addEventListener("submit", (event) => event.preventDefault());
  $("bar").addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  $("more").addEventListener("click", () => { draw(PAGE); more(); });
  $("people-more").addEventListener("click", () => people(true));
  for (const id of ["person", "status"]) $(id).addEventListener("change", () => { state[id] = $(id).value; render(); });
  addEventListener("beforeprint", () => { draw(shown.length); more(); });
  let resized; addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(chart, 120); });

  themes();
  cards();
  people(false);
  callouts();
  options("person", "Everybody", data.people.map((one) => [String(one.id || 0), nameOf(one.id)]));
  options("status", "Any status", data.statuses.map(([status]) => [status, status]));
  if (!data.tasks.length) $("bar").hidden = true;
  recall();
  render();
  document.documentElement.dataset.ready = String(data.tasks.length);
})();
