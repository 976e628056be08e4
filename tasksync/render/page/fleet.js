
(() => {
  const { el, plural, themes } = shared;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PAGE = 20, FOLDED = 5;
  const SIGN = { failed: "×", denied: "×", unknown: "?", unreadable: "?", partial: "!", refused: "!", stale: "!", locked: "!", interrupted: "‖", not_started: "○", something: "~", nothing: "✓" };
  const SORTS = { "": "Who needs attention", name: "Project", portal: "Portal", changes: "Most changes", code: "Exit code", time: "Slowest" };
  const shade = (one) => one.e === "something" && one.d ? "removes" : one.e;
  for (const [at, one] of data.projects.entries()) { one.at = at; one.hay = [one.n, one.p, one.o, one.w, one.t].join(" ").toLowerCase(); }
  for (const one of data.late) one.hay = [one.n, one.t, one.k, one.who].join(" ").toLowerCase();

  /* state: what is asked for, kept in the address so that a view can be shared */
  const state = { q: "", ending: "", sort: "", person: "" };
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(state)) state[name] = asked.get(name) || "";
  };
  const compare = {
    name: (a, b) => a.n.localeCompare(b.n), portal: (a, b) => a.o.localeCompare(b.o) || a.n.localeCompare(b.n),
    changes: (a, b) => b.m - a.m, code: (a, b) => (b.x ?? 3) - (a.x ?? 3), time: (a, b) => b.s - a.s,
  };
  const fits = () => {
    const needles = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    return (one) => needles.every((needle) => one.hay.includes(needle));
  };
  const render = () => {
    const shown = data.projects.filter(fits()).filter((one) => !state.ending || one.e === state.ending);
    const order = compare[state.sort];
    shown.sort((a, b) => (order ? order(a, b) : 0) || a.at - b.at);
    const asked = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
    try { history.replaceState(null, "", asked ? "#" + asked : location.pathname + location.search); } catch { /* a file may not */ }
    for (const card of document.querySelectorAll(".card")) card.setAttribute("aria-pressed", String(card.dataset.ending === state.ending));
    for (const id of ["q", "sort"]) if ($(id).value !== state[id]) $(id).value = state[id];
    $("clear").disabled = !asked;
    $("count").textContent = state.q || state.ending ? `${plural(shown.length, "project")} of ${data.projects.length.toLocaleString("en")}` : plural(data.projects.length, "project");
    list(shown, asked);
    lateTasks();
  };
  const list = (shown, asked) => {
    /* what has nothing to tell stands folded, unless it is what somebody asked for */
    const dull = state.ending || state.q || state.sort ? [] : shown.filter((one) => one.z);
    const folded = dull.length > FOLDED ? dull : [];
    const some = folded.length ? shown.filter((one) => !one.z) : shown;
    const parts = some.map(row);
    if (some.length) parts.unshift(el("div", { class: "columns", "aria-hidden": "true" }, ...["", "project", data.column, "exit", "time"].map((word) => el("span", {}, word))));
    if (folded.length) parts.push(others(folded));
    if (!parts.length) parts.push(empty(asked));
    $("list").replaceChildren(...parts);
  };
  const others = (folded) => {
    const details = el("details", { class: "others" }, el("summary", {}, `${folded.length.toLocaleString("en")} ${folded[0].t}`));
    details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) details.append(...folded.map(row)); });
    return details;
  };
  const empty = (asked) => asked && data.projects.length
    ? el("div", { class: "empty" }, el("h3", {}, "Nothing matches"), el("p", {}, "No project fits what is asked for."), el("button", { type: "button", class: "ghost", on: { click: clear } }, "Clear the filters"))
    : el("div", { class: "empty" }, el("h3", {}, "No projects"), el("p", {}, data.line));

  const row = (one) => {
    const bad = !["something", "nothing"].includes(one.e);
    const details = el("details", { class: `row project ${shade(one)}` },
      el("summary", {},
        el("span", { class: "sym", title: one.t }, SIGN[one.e] || "?", el("span", { class: "visually-hidden" }, one.t)),
        el("span", {}, el("span", { class: "name" }, one.n), el("span", { class: "at" }, [one.p, one.o].filter(Boolean).join(" on ")), el("div", { class: bad ? "brief bad" : "brief" }, one.w)),
        el("span", { class: "num signs" }, ...signs(one.c)),
        el("span", { class: "num exit" }, one.x === null ? "–" : String(one.x)),
        el("span", { class: "num time" }, one.u)));
    details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) details.append(body(one)); });
    return details;
  };
  const signs = (text) => text.split(" ").flatMap((part, at) => [at ? " " : "", part.startsWith("-") ? el("span", { class: "minus" }, part) : part]);
  const body = (one) => el("div", { class: "body" },
    el("p", { class: "facts" }, `${one.t}, exit code ${one.x === null ? "none" : one.x}`, one.h ? " · " : "", one.h ? el("a", { href: one.h }, "its own page") : null),
    one.r ? el("pre", { class: "own", tabindex: 0 }, ...one.r.trimEnd().split("\n").flatMap((line) => [...painted(line, one.o), "\n"])) : el("p", { class: "brief" }, "It has no report of its own."));
  const TONES = { "+": "create", "~": "update", "-": "delete", ">": "defer", "=": "adopt", ".": "forget" };
  /* the card of a task is an address of ours: whatever else is written like one stays text */
  const CARD = /(https:\/\/[a-z0-9.:-]+\/company\/personal\/user\/\d+\/tasks\/task\/view\/\d+\/)/;
  const linked = (line, portal) => line.split(CARD).map((part, at) => at % 2 && part.startsWith(`https://${portal}/`) ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part);
  const painted = (line, portal) => {
    const found = /^ {2,4}([+~>=.-]) (?!create )\S/.exec(line);
    if (found) return [el("span", { class: TONES[found[1]] }, line)];
    if (/^(?:Error:|Refused:|Apply incomplete|\d+ changes? (?:failed|in doubt))/.test(line)) return [el("span", { class: "bad" }, line)];
    return /^(?:Plan: |Project |Apply complete|Drift: )/.test(line) ? [el("span", { class: "strong" }, line)] : linked(line, portal);
  };

  const cards = () => {
    for (const [ending, count, word] of data.cards) $("cards").append(el("button", { type: "button", class: `card ${ending}`, "data-ending": ending, "aria-pressed": "false", on: { click: () => { state.ending = state.ending === ending ? "" : ending; render(); } } }, el("b", {}, count.toLocaleString("en")), el("span", {}, word)));
  };

  /* a status: what is late anywhere, by person of a portal */
  let drawn = 0, late = [];
  const lateTasks = () => {
    $("late").hidden = !data.late.length;
    const names = state.ending ? new Set(data.projects.filter((one) => one.e === state.ending).map((one) => one.n)) : null;
    late = data.late.filter(fits()).filter((one) => (!names || names.has(one.n)) && (!state.person || one.by === state.person));
    drawn = 0;
    $("late-count").textContent = late.length === data.late.length ? data.lateLine : `${plural(late.length, "late task")} of ${data.late.length.toLocaleString("en")}`;
    $("late-list").replaceChildren();
    for (const one of document.querySelectorAll("#people-list button")) one.setAttribute("aria-pressed", String(one.dataset.person === state.person));
    more();
  };
  const more = () => {
    $("late-list").append(...late.slice(drawn, drawn + PAGE).map(task));
    drawn = Math.min(drawn + PAGE, late.length);
    $("more").hidden = drawn === late.length;
    $("more").textContent = `Show ${Math.min(PAGE, late.length - drawn)} more of ${(late.length - drawn).toLocaleString("en")}`;
  };
  const task = (one) => el("div", { class: "task" },
    one.h ? el("a", { class: "name", href: one.h, target: "_blank", rel: "noopener noreferrer" }, one.t || one.k, el("span", { class: "out", "aria-hidden": "true" }, "↗")) : el("span", { class: "name" }, one.t || one.k),
    el("div", { class: "brief" }, el("span", { class: "by" }, `late ${one.l}`), ` · ${one.n} · ${one.who} · ${one.d}`));
  const people = (all) => {
    $("people-n").textContent = plural(data.people.length, "person", "people");
    const some = all ? data.people : data.people.slice(0, 8);
    $("people-list").replaceChildren(...some.map((one) => el("li", {}, el("button", { type: "button", "data-person": one.by, "aria-pressed": String(state.person === one.by), on: { click: () => { state.person = state.person === one.by ? "" : one.by; render(); } } },
      el("span", { class: "who", title: one.who }, one.who), el("span", { class: "n" }, one.n),
      el("span", { class: "what" }, el("span", { class: "by" }, `${one.late.toLocaleString("en")} late`), ` of ${one.open.toLocaleString("en")} open`)))));
    $("people-more").hidden = all || data.people.length <= 8;
    $("people-more").textContent = `Show all ${data.people.length.toLocaleString("en")}`;
  };

  const clear = () => { for (const name of Object.keys(state)) state[name] = ""; render(); };
  const listen = () => {
    let waiting = 0;
    $("q").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { state.q = $("q").value; render(); }, 120); });
    $("sort").addEventListener("change", () => { state.sort = $("sort").value; render(); });
    $("bar").addEventListener("submit", (event) => event.preventDefault());
    $("bar").addEventListener("reset", (event) => { event.preventDefault(); clear(); });
    $("more").addEventListener("click", more);
    $("people-more").addEventListener("click", () => people(true));
    addEventListener("hashchange", () => { recall(); render(); });
    document.addEventListener("keydown", keys);
  };
  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = ["INPUT", "SELECT"].includes(document.activeElement?.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); $("q").focus(); }
    else if (event.key === "Escape") { document.activeElement?.blur(); clear(); }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !typing && !document.activeElement?.closest(".own")) {
      const all = [...document.querySelectorAll("#list summary")];
      const at = all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      if (all.length) { event.preventDefault(); all[Math.max(0, Math.min(at, all.length - 1))].focus(); }
    }
  };

  themes();
  recall();
  for (const [value, word] of Object.entries(SORTS)) $("sort").append(el("option", { value }, word));
  cards();
  people(false);
  listen();
  $("bar").hidden = data.projects.length < 2;
  render();
  if (data.projects.length === 1) document.querySelector(".project").open = true;
  document.documentElement.dataset.ready = String(data.projects.length);
})();
