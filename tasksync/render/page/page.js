"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const PAGE = 60;
  const SYMBOL = { create: "+", update: "~", delete: "−", defer: ">", adopt: "=", forget: "." };
  const WORD = { create: "to add", update: "to change", delete: "to destroy", defer: "to defer", adopt: "to adopt", forget: "to forget" };

  const { el, plural, day } = shared;
  const DAY = 86400000;
  const person = new Map(data.people.map((one) => [one.id, one]));
  const nameOf = (id) => data.names[id] || `person ${id}`;

  for (const one of data.changes) {
    const values = one.f.map((f) => [f.n, f.b, f.a, f.d, (f.w || []).map((w) => w[1]).join("")].join(" "));
    one.hay = [one.k, one.t, one.i, one.s, one.w, one.x, ...values, ...one.o.map(nameOf)].join(" ").toLowerCase();
    one.was = day(one.d0); one.is = day(one.d1);
  }

  /* state: what is asked for, kept in the address so that a view can be shared */
  const state = { q: "", key: "", person: "", field: "", action: "", from: "", to: "" };
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(state)) state[name] = asked.get(name) || "";
  };
  let shown = [], listed = [], drawn = 0;

  const glob = (text) => new RegExp("^" + text.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*") + "$", "i");
  const matches = () => {
    const needles = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const key = state.key.includes("*") ? glob(state.key) : null, part = state.key.toLowerCase();
    const from = state.from && +state.from, to = state.to && +state.to;
    const at = (when) => when !== null && when !== undefined && when >= from && when < to;
    return (one) => (!state.action || one.a === state.action)
      && (!state.person || one.p.includes(+state.person))
      && (!state.field || one.f.some((f) => f.n === state.field))
      && (key ? key.test(one.k) : !part || one.k.toLowerCase().includes(part))
      && (!from || at(one.was) || at(one.is))
      && needles.every((needle) => one.hay.includes(needle));
  };

  /* like changes are one entry that folds open, until somebody looks for single ones */
  const entries = (changes) => {
    if (state.q || state.key || state.person || state.field || state.from) return changes;
    const out = [], open = new Map();
    for (const one of changes) {
      if (one.y === undefined) out.push(one);
      else if (open.has(one.y)) open.get(one.y).members.push(one);
      else { const group = { ...data.groups[one.y], members: [one] }; open.set(one.y, group); out.push(group); }
    }
    return out;
  };

  const render = () => {
    shown = data.changes.filter(matches());
    listed = entries(shown);
    drawn = 0;
    $("list").replaceChildren();
    for (const card of document.querySelectorAll(".card")) card.setAttribute("aria-pressed", String(card.dataset.action === state.action));
    for (const one of document.querySelectorAll("#people-list button")) one.setAttribute("aria-pressed", String(one.dataset.person === state.person));
    for (const id of ["q", "key", "person", "field"]) if ($(id).value !== state[id]) $(id).value = state[id];
    const asked = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
    try { history.replaceState(null, "", asked ? "#" + asked : location.pathname + location.search); } catch { /* a file may not */ }
    $("clear").disabled = !asked;
    $("count").textContent = data.changes.length ? (asked ? `${plural(shown.length, "change")} of ${data.changes.length.toLocaleString("en")}` : plural(data.changes.length, "change")) : "";
    if (shown.length) draw(PAGE); else $("list").append(empty(asked));
    more();
    chart(shown);
  };

  const empty = (asked) => {
    if (asked && data.changes.length) return el("div", { class: "empty" }, el("h3", {}, "Nothing matches"), el("p", {}, "No change of this plan fits what is asked for."), el("button", { type: "button", class: "ghost", on: { click: clear } }, "Clear the filters"));
    const tick = el("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.6", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" }, el("circle", { cx: 12, cy: 12, r: 9.5 }), el("path", { d: "M7.8 12.4l2.9 2.9 5.6-6.2" }));
    return el("div", { class: "empty" }, tick, el("h3", {}, "No changes"), el("p", {}, "The portal matches the manifest."));
  };

  const draw = (count) => {
    const part = document.createDocumentFragment();
    for (const one of listed.slice(drawn, drawn + count)) part.append(one.members ? group(one) : row(one));
    drawn = Math.min(drawn + count, listed.length);
    $("list").append(part);
  };
  const more = () => {
    const left = listed.length - drawn;
    $("more").hidden = !left;
    $("more").textContent = `Show ${Math.min(PAGE, left)} more of ${left.toLocaleString("en")}`;
  };

  const summed = (one, f) => {
    if (one.a === "create") return f.a;
    return f.d || (f.w ? "edited" : f.m ? f.m.map((m) => m[0] + m[1]).join(" ") : f.b === null ? f.a : `${f.b} → ${f.a}`);
  };
  const brief = (one) => {
    const telling = one.f.filter((f) => !(one.a === "create" && f.n === "title")), out = [];
    if (one.w) out.push(el("span", {}, one.w));
    if (one.x) out.push(el("span", { class: "lost" }, one.x));
    for (const f of telling.slice(0, 4)) {
      const what = summed(one, f);
      out.push(el("span", {}, el("b", {}, f.n), " " + (what.length > 64 ? what.slice(0, 63) + "…" : what)));
    }
    if (telling.length > 4) out.push(el("span", {}, `${telling.length - 4} more`));
    return el("div", { class: "brief" }, ...out.flatMap((part, at) => at ? [" · ", part] : [part]));
  };

  const group = (one) => {
    const told = one.c.flatMap(([name, what], at) => [at ? " · " : "", el("b", {}, name), " " + (what.length > 160 ? what.slice(0, 159) + "…" : what)]);
    const own = one.l.filter((name) => !one.c.some((pair) => pair[0] === name));
    const rest = own.length ? [told.length ? " · each its own " : "each its own ", own.join(", ")] : [];
    const head = el("summary", {}, sign(one.a),
      el("span", {}, el("span", { class: "k" }, plural(one.members.length, "task")), el("span", { class: "t" }, one.w), el("div", { class: "brief" }, ...told, ...rest)),
      el("span", { class: "side fold" }));
    const list = el("div", { class: "members" }), node = el("details", { class: `row group ${one.a}` }, head, list);
    const button = el("button", { type: "button", class: "ghost", on: { click: () => fill(PAGE) } });
    let filled = 0;
    const fill = (count) => {
      button.remove();
      list.append(...one.members.slice(filled, filled + count).map(row));
      filled = Math.min(filled + count, one.members.length);
      const left = one.members.length - filled;
      button.textContent = `Show ${Math.min(PAGE, left)} more of ${left.toLocaleString("en")}`;
      if (left) list.append(button);
    };
    node.fill = () => { fill(one.members.length); node.open = true; };
    node.addEventListener("toggle", () => { if (node.open && !filled) fill(PAGE); });
    return node;
  };
  const sign = (action) => el("span", { class: "sym", title: action }, el("span", { "aria-hidden": "true" }, SYMBOL[action] || ""), el("span", { class: "visually-hidden" }, action));

  const row = (one) => {
    const who = one.o.map(nameOf).join(", ");
    const head = el("summary", {}, sign(one.a),
      el("span", {}, el("span", { class: "k" }, one.k), el("span", { class: "t" }, one.t), brief(one)),
      el("span", { class: "side", title: who }, who));
    const node = el("details", { class: `row ${one.a}` }, head);
    node.addEventListener("toggle", () => { if (node.open && node.children.length === 1) node.append(body(one)); });
    return node;
  };

  const place = (text) => {
    const cut = text.lastIndexOf(":"), address = Object.hasOwn(data.files, text.slice(0, cut)) && data.files[text.slice(0, cut)];
    return address ? el("a", { href: `${address}#L${text.slice(cut + 1)}`, target: "_blank", rel: "noopener noreferrer" }, `${text} ↗`) : text;
  };
  const body = (one) => {
    const linked = data.cards && one.i && one.r;
    const task = linked ? el("a", { href: `${data.cards}${one.r}/tasks/task/view/${one.i}/`, target: "_blank", rel: "noopener noreferrer" }, `task ${one.i} ↗`) : one.i ? `task ${one.i}` : "new task";
    const facts = [place(one.s), one.w, one.u ? plural(one.u, "unchanged field") : ""].filter(Boolean).flatMap((fact) => [" · ", fact]);
    const rows = one.f.map((f) => el("tr", {}, el("th", { scope: "row" }, f.n), el("td", {}, ...value(one, f))));
    return el("div", { class: "body" }, el("p", { class: "facts" }, task, ...facts), one.x ? el("p", { class: "lost" }, one.x) : null, rows.length ? el("table", {}, el("tbody", {}, ...rows)) : null);
  };

  const value = (one, f) => {
    const tags = [f.d ? el("span", { class: "by" }, f.d) : null, f.g ? el("span", { class: "tag" }, f.g) : null];
    if (f.w) return [el("span", { class: "pre" }, ...f.w.map(([fate, text]) => fate === 0 ? text : el(fate < 0 ? "del" : "ins", { class: fate < 0 ? "gone" : "new" }, text))), ...tags];
    if (f.m) return [...f.m.flatMap(([sign, text]) => [el(sign === "-" ? "del" : "ins", { class: sign === "-" ? "gone" : "new" }, text), " "]), ...tags];
    if (f.b === null) return [el("span", { class: "pre" }, f.a), ...tags];
    return [el("span", { class: "old" }, f.b), el("span", { class: "arrow", "aria-label": "becomes" }, "→"), el("span", {}, f.a), ...tags];
  };

  /* the picture of deadlines: a line for each of a few tasks, columns by day, week or month for many */
  const chart = (changes) => {
    const dated = changes.filter((one) => one.was || one.is);
    const all = data.changes.some((one) => one.was || one.is);
    $("time").hidden = !all;
    if (!all) return;
    const few = dated.length <= 14;
    $("legend").replaceChildren(...(few ? [["var(--faint)", "before"], ["var(--adopt)", "after"], ["var(--delete)", "removed"]] : [["var(--adopt)", "after, above the line"], ["var(--faint)", "before, below it"]]).map(([colour, word]) => {
      const mark = el("i"); mark.style.background = colour; return el("span", {}, mark, word);
    }));
    $("chart").replaceChildren(dated.length ? (few ? lines(dated) : columns(dated)) : el("p", { class: "hint" }, "No deadline moves in what is shown."));
    const window = state.from ? ` Only ${label(+state.from)} to ${label(+state.to - DAY)} is shown: Esc shows all.` : "";
    $("chart-hint").textContent = dated.length ? plural(dated.length, "task") + (few ? "" : ". Choose a column to see its tasks.") + window : "";
  };
  const label = (when) => new Date(when).toISOString().slice(0, 10);
  const ticks = (from, to, x, y0, y1) => {
    const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const steps = [1, 2, 7, 14, 30, 91, 182, 365, 730, 3650], span = (to - from) / DAY;
    const most = Math.max(1, Math.min(7, Math.floor((x(to) - x(from)) / 56)));
    const step = steps.find((one) => span / one <= most) || Math.ceil(span / most), out = [];
    for (let when = from; when <= to; when += step * DAY) {
      const date = new Date(when), year = date.getUTCFullYear();
      out.push(el("line", { class: "grid", x1: x(when), x2: x(when), y1: y0, y2: y1 }));
      out.push(el("text", { x: x(when), y: y1 + 15, "text-anchor": "middle" }, step >= 182 ? `${months[date.getUTCMonth()]} ${year}` : `${date.getUTCDate()} ${months[date.getUTCMonth()]}`));
    }
    return out;
  };

  const lines = (dated) => {
    const wide = Math.max(300, $("chart").clientWidth || 620), left = Math.min(220, wide * 0.34), right = 70, h = 26;
    const times = dated.flatMap((one) => [one.was, one.is]).filter(Boolean);
    let from = Math.min(...times), to = Math.max(...times);
    if (from === to) { from -= 3 * DAY; to += 3 * DAY; }
    const x = (when) => left + (when - from) / (to - from) * (wide - left - right), high = dated.length * h;
    const svg = el("svg", { viewBox: `0 0 ${wide} ${high + 26}`, role: "img", "aria-label": `Deadlines of ${plural(dated.length, "task")}, before and after` }, ...ticks(from, to, x, 4, high + 2));
    const room = Math.floor(left / 7.6);
    dated.forEach((one, at) => {
      const y = at * h + h / 2 + 2, name = one.k.length > room ? "…" + one.k.slice(1 - room) : one.k;
      svg.append(el("text", { class: "name", x: 0, y: y + 4 }, el("title", {}, `${one.k}: ${one.d0 || "none"} → ${one.d1 || "none"}`), name));
      if (one.was && one.is) svg.append(el("line", { class: "span", x1: x(one.was), x2: x(one.is), y1: y, y2: y }));
      if (one.was) svg.append(el("circle", { class: one.a === "delete" ? "goes" : "was", cx: x(one.was), cy: y, r: 5 }));
      if (one.is) svg.append(el("circle", { class: "after", cx: x(one.is), cy: y, r: 5.5 }));
      const by = (one.f.find((f) => f.n === "deadline") || {}).d;
      if (by && one.is) svg.append(el("text", { class: "by", x: x(Math.max(one.was || one.is, one.is)) + 11, y: y + 4 }, by));
    });
    return svg;
  };

  const columns = (dated) => {
    const wide = Math.max(300, $("chart").clientWidth || 620), high = 300, foot = 22, left = 34;
    const times = dated.flatMap((one) => [one.was, one.is]).filter(Boolean);
    const first = times.reduce((a, b) => Math.min(a, b)), last = times.reduce((a, b) => Math.max(a, b));
    const span = (last - first) / DAY + 1, size = [1, 7, 30, 91, 365].find((one) => span / one <= Math.min(60, wide / 9)) || Math.ceil(span / 60);
    const from = first, n = Math.ceil(span / size), was = new Array(n).fill(0), is = new Array(n).fill(0);
    const slot = (when) => Math.floor((when - from) / DAY / size);
    for (const one of dated) { if (one.was) was[slot(one.was)] += 1; if (one.is) is[slot(one.is)] += 1; }
    const top = Math.max(...was, ...is), w = (wide - left) / n, half = (high - foot) / 2;
    const x = (when) => left + (when - from) / DAY / size * w, tall = (count) => count / top * (half - 8);
    const unit = { 1: "day", 7: "week", 30: "30 days", 91: "quarter", 365: "year" }[size] || `${size} days`;
    const svg = el("svg", { viewBox: `0 0 ${wide} ${high}`, role: "group", "aria-label": `Deadlines by ${unit}: after above the line, before below it` }, ...ticks(from, from + n * size * DAY, x, 0, high - foot));
    for (let at = 0; at < n; at += 1) {
      const start = from + at * size * DAY, end = start + size * DAY, gap = Math.min(3, w * 0.2), on = +state.from === start;
      const told = `${label(start)}${size > 1 ? " to " + label(end - DAY) : ""}: ${was[at]} before, ${is[at]} after`;
      const choose = () => { state.from = on ? "" : String(start); state.to = on ? "" : String(end); render(); };
      if (was[at] || is[at]) svg.append(el("rect", { class: on ? "hit on" : "hit", x: left + at * w, y: 0, width: w, height: high - foot, tabindex: 0, role: "button", "aria-label": told, "aria-pressed": String(on), on: { click: choose, keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); } } } }, el("title", {}, told)));
      if (is[at]) svg.append(el("rect", { class: "after", x: left + at * w + gap / 2, y: half - tall(is[at]), width: w - gap, height: tall(is[at]), rx: Math.min(2, w / 4), "pointer-events": "none" }));
      if (was[at]) svg.append(el("rect", { class: "before", x: left + at * w + gap / 2, y: half + 1, width: w - gap, height: tall(was[at]), rx: Math.min(2, w / 4), "pointer-events": "none" }));
    }
    svg.append(el("line", { class: "axis", x1: left, x2: wide, y1: half, y2: half }), el("text", { x: left - 6, y: 14, "text-anchor": "end" }, String(top)), el("text", { x: left - 6, y: half + 4, "text-anchor": "end" }, "0"));
    return svg;
  };

  /* the rest of the page */
  const cards = () => {
    for (const action of Object.keys(SYMBOL)) {
      const count = data.counts[action];
      if (!count && !["create", "update", "delete"].includes(action)) continue;
      $("cards").append(el("button", { type: "button", class: `card ${action}`, "data-action": action, "aria-pressed": "false", on: { click: () => { state.action = state.action === action ? "" : action; render(); } } }, el("b", {}, count.toLocaleString("en")), el("span", {}, WORD[action])));
    }
  };
  const people = (all) => {
    $("people").hidden = !data.people.length;
    $("people-n").textContent = plural(data.people.length, "person", "people");
    const some = all ? data.people : data.people.slice(0, 6);
    $("people-list").replaceChildren(...some.map((one) => el("li", {}, el("button", { type: "button", "data-person": one.id, "aria-pressed": String(state.person === String(one.id)), on: { click: () => { state.person = state.person === String(one.id) ? "" : String(one.id); render(); } } },
      el("span", { class: "who", title: nameOf(one.id) }, nameOf(one.id)), el("span", { class: "n" }, plural(one.total, "task")), el("span", { class: "what" }, one.what)))));
    $("people-more").hidden = all || data.people.length <= 6;
    $("people-more").textContent = `Show all ${data.people.length.toLocaleString("en")}`;
  };
  const options = (id, word, pairs) => $(id).append(el("option", { value: "" }, word), ...pairs.map(([value, text]) => el("option", { value }, text)));
  const callouts = () => {
    for (const one of data.refusals) $("callouts").append(el("div", { class: "callout bad" }, el("strong", {}, "Refused: "), el("span", { class: "pre" }, one.what), el("p", { class: "advice" }, one.advice)));
    if (data.drift.length) {
      const list = el("ul"), box = el("details", { class: "callout" }, el("summary", {}, el("strong", {}, `${plural(data.drifted, "task")} changed on the portal`), " since the last apply"), list);
      box.addEventListener("toggle", () => { if (!list.children.length) list.append(...data.drift.map((one) => el("li", {}, el("span", { class: "k" }, one.k), ` ${one.n}: ${one.b} → ${one.a}`))); });
      $("callouts").append(box);
    }
    if (data.notes.length > 4) $("callouts").append(el("details", { class: "callout" }, el("summary", {}, el("strong", {}, plural(data.notes.length, "note"))), el("ul", {}, ...data.notes.map((note) => el("li", {}, note)))));
    else for (const note of data.notes) $("callouts").append(el("div", { class: "callout" }, el("strong", {}, "Note: "), note));
  };

  addEventListener("hashchange", () => { recall(); render(); });
  const clear = () => { for (const name of Object.keys(state)) state[name] = ""; render(); };
  const typed = (id) => { let wait; $(id).addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(() => { state[id] = $(id).value; render(); }, 90); }); };
  const move = (by) => {
    const summaries = [...document.querySelectorAll("#list summary")].filter((one) => !one.closest(".group:not([open]) > .members")), at = summaries.indexOf(document.activeElement);
    if (by > 0 && at === summaries.length - 1 && drawn < listed.length) { draw(PAGE); more(); return move(by); }
    const next = summaries[Math.max(0, at + by)];
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
  for (const id of ["person", "field"]) $(id).addEventListener("change", () => { state[id] = $(id).value; render(); });
  typed("q"); typed("key");
  addEventListener("beforeprint", () => { draw(listed.length); more(); for (const one of document.querySelectorAll("#list .group")) one.fill(); });
  let resized; addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => chart(shown), 120); });

  shared.themes();

  cards();
  people(false);
  callouts();
  options("person", "Everybody", data.people.map((one) => [one.id, nameOf(one.id)]));
  options("field", "Any field", data.fields.map((name) => [name, name]));
  if (!data.changes.length) $("bar").hidden = true;
  recall();
  render();
  document.documentElement.dataset.ready = String(data.changes.length);
})();
