"""The page at `/`: the tasks as a person wants to see them.

One document with its style and its script, nothing from elsewhere; it asks `/_sandbox/board` every
two seconds and repaints only rows that changed.
"""

from __future__ import annotations

from tasksync.sandbox.web.http_messages import Response, WebRequest

_STYLE = """
:root { color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #12151b); --card: light-dark(#ffffff, #1a1e27);
  --ink: light-dark(#1c2330, #e7eaf0); --soft: light-dark(#5b6577, #9aa4b6);
  --line: light-dark(#e3e6ec, #2a303c); --hover: light-dark(#f1f4fa, #202634);
  --brand: light-dark(#2f5bea, #86a5ff); --late: light-dark(#c02637, #ff8a94);
  --shade: light-dark(#1c233012, #00000055); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 64px; }
header { display: flex; align-items: baseline; gap: 12px; flex-wrap: wrap; margin-bottom: 18px; }
h1 { font-size: 22px; letter-spacing: -.01em; margin: 0; }
h1 span { color: var(--brand); }
#sum { color: var(--soft); margin: 0; }
#live { margin-left: auto; color: var(--soft); font-size: 13px; display: flex; gap: 7px;
  align-items: center; }
#live::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: #23a566; }
#live.off::before { background: var(--late); }
form { display: flex; gap: 10px; flex-wrap: wrap; margin-bottom: 12px; }
input, select { font: inherit; color: inherit; background: var(--card); padding: 9px 12px;
  border: 1px solid var(--line); border-radius: 10px; min-height: 42px; }
input { flex: 1 1 260px; }
:focus-visible { outline: 2px solid var(--brand); outline-offset: 1px; }
#chips { display: flex; gap: 8px; flex-wrap: wrap; margin: 0 0 16px; }
#chips button { font: inherit; font-size: 13px; cursor: pointer; color: var(--soft);
  background: none; border: 1px solid var(--line); border-radius: 99px; padding: 4px 12px; }
#chips button:hover { background: var(--hover); }
#chips button[aria-pressed=true] { color: var(--card); background: var(--ink);
  border-color: var(--ink); }
#chips b { font-weight: 600; font-variant-numeric: tabular-nums; margin-left: 4px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  box-shadow: 0 1px 2px var(--shade), 0 8px 24px -18px var(--shade); overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-size: 12px; font-weight: 600; color: var(--soft); padding: 11px 14px;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 11px 14px; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: var(--hover); }
tbody tr.fresh { animation: fresh 1.6s ease-out; }
@keyframes fresh { from { background: color-mix(in srgb, var(--brand) 22%, transparent); } }
@media (prefers-reduced-motion: reduce) { tbody tr.fresh { animation: none; } }
td.title { min-width: 260px; }
.name { font-weight: 560; overflow-wrap: anywhere; display: flex; gap: 8px; }
.child::before { content: "\\21B3"; color: var(--soft); }
.high::after { content: "High"; font-size: 11px; font-weight: 650; color: var(--late);
  border: 1px solid currentColor; border-radius: 5px; padding: 0 5px; height: 18px;
  line-height: 16px; margin-top: 2px; }
.low .name { font-weight: 450; color: var(--soft); }
.done .name { color: var(--soft); }
.note { color: var(--soft); font-size: 13px; display: flex; gap: 6px 10px; flex-wrap: wrap;
  align-items: center; margin-top: 3px; }
.tag { background: var(--hover); border: 1px solid var(--line); border-radius: 6px;
  padding: 0 7px; font-size: 12px; line-height: 19px; color: var(--ink); }
.tag.marker { color: var(--soft); border-style: dashed; background: none; }
.num { color: var(--soft); font-variant-numeric: tabular-nums; }
.who { white-space: nowrap; display: flex; gap: 9px; align-items: center; }
.face { flex: none; width: 28px; height: 28px; border-radius: 50%; color: #fff; font-size: 11px;
  font-weight: 650; display: grid; place-items: center; }
.pill { --c: #6b7688; display: inline-flex; align-items: center; gap: 6px; white-space: nowrap;
  font-size: 13px; font-weight: 560; border-radius: 99px; padding: 2px 11px 2px 9px;
  color: color-mix(in srgb, var(--c) 72%, var(--ink));
  background: color-mix(in srgb, var(--c) 15%, transparent); }
.pill::before { content: ""; width: 7px; height: 7px; border-radius: 50%; background: var(--c); }
.pill[data-s="new"] { --c: #7b61d9; } .pill[data-s="in progress"] { --c: #2f7bea; }
.pill[data-s="awaiting control"] { --c: #d28a0b; } .pill[data-s="completed"] { --c: #1d9a5c; }
.pill[data-s="deferred"] { --c: #8a7a5c; } .pill[data-s="declined"] { --c: #c4374a; }
.due { white-space: nowrap; } .due small { display: block; color: var(--soft); }
.late .due > span { color: var(--late); font-weight: 600; }
#empty { padding: 64px 24px; text-align: center; color: var(--soft); }
#empty h2 { color: var(--ink); font-size: 18px; margin: 14px 0 4px; }
#empty p { margin: 0 auto 16px; max-width: 46ch; }
#empty code { display: inline-block; text-align: left; background: var(--hover); padding: 10px 14px;
  border-radius: 10px; border: 1px solid var(--line); color: var(--ink); font-size: 13px; }
#more { color: var(--soft); padding: 12px 14px; margin: 0; border-top: 1px solid var(--line); }
[hidden] { display: none !important; }
.hush { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 720px) {
  main { padding: 18px 14px 48px; } #live { margin-left: 0; }
  thead { display: none; } tr { display: grid; grid-template-columns: 1fr auto; gap: 6px 12px;
    padding: 12px 14px; border-bottom: 1px solid var(--line); }
  td { padding: 0; border: 0; min-width: 0 !important; } td.title { grid-column: 1 / -1;
    padding-left: 0 !important; }
  td.deadline { grid-column: 1 / -1; } .due small { display: inline; margin-left: 8px; } }
"""

_BODY = """
<main>
<header><h1>tasksync <span>sandbox</span></h1><p id="sum" role="status"></p>
<p id="live">live</p></header>
<form role="search" onsubmit="return false">
<label class="hush" for="q">Search the tasks</label>
<input id="q" type="search" placeholder="Search title, person, tag or number" autocomplete="off">
<label class="hush" for="who">Responsible</label>
<select id="who"><option value="">Everybody</option></select></form>
<div id="chips" role="group" aria-label="Status"></div>
<div class="card"><table aria-label="Tasks"><thead><tr><th scope="col">Task</th>
<th scope="col">Responsible</th><th scope="col">Status</th><th scope="col">Deadline</th></tr>
</thead><tbody id="rows"></tbody></table><p id="more" hidden></p>
<div id="empty" hidden><svg width="64" height="64" viewBox="0 0 64 64" fill="none"
aria-hidden="true" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"
stroke-linejoin="round"><rect x="13"
y="9" width="38" height="46" rx="6"/><path d="M22 23l3 3 5-6M36 23h8M22 38l3 3 5-6M36 38h8"/></svg>
<h2></h2><p></p><code></code></div></div>
</main>
"""

_SCRIPT = """
const $ = (id) => document.getElementById(id), seen = new Map();
const order = ["new", "pending", "in progress", "awaiting control", "completed", "deferred",
  "declined"];
let status = "", version = "", first = true, timer = 0, turn = 0;
const make = (tag, cls, text) => { const e = document.createElement(tag);
  if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
const span = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
function relative(s) {
  const a = Math.abs(s), [n, u] = a < 5400 ? [a / 60, "minute"] : a < 129600 ? [a / 3600, "hour"]
    : a < 5184000 ? [a / 86400, "day"] : [a / 2592000, "month"];
  const t = span(Math.max(1, Math.round(n)), u); return s < 0 ? `${t} ago` : `in ${t}`; }
function absolute(iso) {
  const [, y, m, d, t] = /(\\d+)-(\\d+)-(\\d+)T(\\d+:\\d+)/.exec(iso);
  const month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[m - 1];
  return `${+d} ${month} ${y}, ${t}`; }
function hours(s) { const h = Math.floor(s / 3600), m = Math.round(s % 3600 / 60);
  return [h && `${h} h`, m && `${m} min`].filter(Boolean).join(" ") || "under a minute"; }
const hue = (name) => [...name].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 360, 7);
function paint(r) {
  const tr = make("tr", [r.late && "late", r.priority === 0 && "low",
    ["completed", "deferred", "declined"].includes(r.status) && "done"].filter(Boolean).join(" "));
  const title = make("td", "title");
  title.style.paddingLeft = `${14 + Math.min(r.depth, 6) * 24}px`;
  const name = make("div", `name${r.depth ? " child" : ""}${r.priority === 2 ? " high" : ""}`);
  name.append(make("span", "", r.title)); title.append(name);
  const note = make("div", "note"); note.append(make("span", "num", `#${r.id}`));
  if (r.group) note.append(make("span", "", r.group));
  if (r.comments) note.append(make("span", "", span(r.comments, "comment")));
  if (r.spent) note.append(make("span", "", `${hours(r.spent)} logged`));
  for (const t of r.tags)
    note.append(make("span", t.startsWith("tasksync:") ? "tag marker" : "tag", t));
  title.append(note); if (r.description) title.title = r.description;
  const who = make("td"), w = make("div", "who"), face = make("span", "face",
    r.who.split(" ").map((p) => p[0]).slice(0, 2).join("").toUpperCase());
  face.style.background = `hsl(${hue(r.who)} 45% 42%)`; face.ariaHidden = "true";
  w.append(face, make("span", "", r.who)); w.title = r.position; who.append(w);
  const st = make("td"), pill = make("span", "pill", r.status[0].toUpperCase() + r.status.slice(1));
  pill.dataset.s = r.status; st.append(pill);
  const dl = make("td", "deadline"), due = make("div", "due");
  if (r.deadline) due.append(make("span", "", (r.late ? "Overdue, " : "") + relative(r.dueIn)),
    make("small", "", absolute(r.deadline)));
  dl.append(due); tr.append(title, who, st, dl); return tr; }
function rows(list) {
  const body = $("rows"), keep = new Set(); let at = body.firstChild;
  for (const r of list) {
    const key = JSON.stringify({ ...r, dueIn: r.deadline && relative(r.dueIn) });
    let old = seen.get(r.id); keep.add(r.id);
    if (!old || old.key !== key) {
      const tr = paint(r); if (!first) tr.classList.add("fresh");
      if (old) { if (at === old.tr) at = tr; old.tr.replaceWith(tr); }
      seen.set(r.id, old = { key, tr }); }
    if (old.tr === at) at = at.nextSibling; else body.insertBefore(old.tr, at); }
  for (const [id, old] of seen) if (!keep.has(id)) { old.tr.remove(); seen.delete(id); } }
function chips(b) {
  const box = $("chips"), now = document.activeElement?.dataset?.s;
  const all = [["", "All", b.total], ["overdue", "Overdue", b.overdue],
    ...order.map((s) => [s, s[0].toUpperCase() + s.slice(1), b.statuses[s] || 0])];
  box.replaceChildren(...all.filter(([s, , n]) => !s || n || s === status).map(([s, word, n]) => {
    const c = make("button", "", word); c.type = "button"; c.dataset.s = s;
    c.ariaPressed = String(s === status); c.append(make("b", "", n));
    c.onclick = () => { status = s; ask(true); }; return c; }));
  if (now !== undefined) box.querySelector(`[data-s="${now}"]`)?.focus(); }
function people(list) {
  const box = $("who"), was = box.value;
  if (box.options.length !== list.length + 1) {
    box.replaceChildren(new Option("Everybody", ""),
      ...list.map((p) => new Option(p.name, p.id))); box.value = was; } }
function show(b) {
  rows(b.rows); chips(b); people(b.people);
  $("sum").textContent = b.found === b.total ? span(b.total, "task")
    : `${b.found} of ${b.total} tasks`;
  const cut = b.found - b.rows.length; $("more").hidden = cut <= 0;
  $("more").textContent = `${span(cut, "more task")} not shown. Search to narrow the list.`;
  $("empty").hidden = b.found > 0; document.querySelector("table").hidden = b.found === 0;
  const [h, p, code] = $("empty").querySelectorAll("h2, p, code");
  h.textContent = b.total ? "Nothing matches" : "No tasks yet";
  p.textContent = b.total ? "No task fits this search." :
    "Apply a manifest to this portal, and its tasks appear here as they are made.";
  code.hidden = b.total > 0; code.textContent =
    `TASKSYNC_API_KEY=vibe_api_sandbox tasksync apply --portal ${location.origin}`;
  first = false; }
async function ask(anew) {
  clearTimeout(timer); const mine = ++turn;
  const told = new URLSearchParams({ q: $("q").value, status, who: $("who").value });
  if (!anew && version) told.set("since", version);
  try {
    const b = await (await fetch(`/_sandbox/board?${told}`)).json();
    if (mine !== turn) return;
    $("live").className = ""; $("live").textContent = "live";
    if (!b.unchanged) { first = first || anew; show(b); version = b.version; }
  } catch { if (mine !== turn) return;
    $("live").className = "off"; $("live").textContent = "not reachable"; }
  timer = setTimeout(ask, document.hidden ? 10000 : 2000); }
let typing; $("q").oninput = () => { clearTimeout(typing);
  typing = setTimeout(() => ask(true), 120); };
$("who").onchange = () => ask(true);
document.onvisibilitychange = () => { if (!document.hidden) ask(); };
ask(true);
"""

_PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tasksync sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body>{_BODY}<script>{_SCRIPT}</script></body></html>
""".encode()
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:",
    "Cache-Control": "no-cache",
}


def answer(request: WebRequest) -> Response:
    """The page itself; 405 for anything but a look at it."""
    if request.method != "GET":
        return Response(405, {"Allow": "GET"})
    return Response(200, _HEADERS, _PAGE)
