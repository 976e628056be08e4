// Shows the tasks: asks /_sandbox/board every two seconds and repaints only the rows that changed.

const STATUSES = ["new", "pending", "in progress", "awaiting control", "completed", "deferred",
  "declined"];
const CLOSED = ["completed", "deferred", "declined"];
const POLL_MS = 2000;
const POLL_HIDDEN_MS = 10000;
const TYPING_MS = 120;

const byId = (id) => document.getElementById(id);
const shownRows = new Map(); // id -> { key, tr }
let status = "";
let version = "";
let firstPaint = true;
let pollTimer = 0;
let typingTimer = 0;
let lastRequest = 0;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const capitalized = (text) => text[0].toUpperCase() + text.slice(1);

function relativeTime(seconds) {
  const size = Math.abs(seconds);
  const [count, unit] = size < 5400 ? [size / 60, "minute"]
    : size < 129600 ? [size / 3600, "hour"]
    : size < 5184000 ? [size / 86400, "day"]
    : [size / 2592000, "month"];
  const text = plural(Math.max(1, Math.round(count)), unit);
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

function absoluteTime(iso) {
  const [, year, month, day, time] = /(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(iso);
  const name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[month - 1];
  return `${+day} ${name} ${year}, ${time}`;
}

function duration(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.round(seconds % 3600 / 60);
  const parts = [hours && `${hours} h`, minutes && `${minutes} min`].filter(Boolean);
  return parts.join(" ") || "under a minute";
}

const hue = (name) => [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);

function titleCell(row) {
  const cell = element("td", "title");
  cell.style.paddingLeft = `${14 + Math.min(row.depth, 6) * 24}px`;
  const classes = ["name", row.depth && "child", row.priority === 2 && "high"];
  const name = element("div", classes.filter(Boolean).join(" "));
  name.append(element("span", "", row.title));
  const note = element("div", "note");
  note.append(element("span", "num", `#${row.id}`));
  if (row.group) note.append(element("span", "", row.group));
  if (row.comments) note.append(element("span", "", plural(row.comments, "comment")));
  if (row.spent) note.append(element("span", "", `${duration(row.spent)} logged`));
  for (const tag of row.tags) {
    note.append(element("span", tag.startsWith("tasksync:") ? "tag marker" : "tag", tag));
  }
  cell.append(name, note);
  if (row.description) cell.title = row.description;
  return cell;
}

function responsibleCell(row) {
  const cell = element("td");
  const box = element("div", "who");
  const initials = row.who.split(" ").map((part) => part[0]).slice(0, 2).join("").toUpperCase();
  const face = element("span", "face", initials);
  face.style.background = `hsl(${hue(row.who)} 45% 42%)`;
  face.ariaHidden = "true";
  box.append(face, element("span", "", row.who));
  box.title = row.position;
  cell.append(box);
  return cell;
}

function statusCell(row) {
  const cell = element("td");
  const pill = element("span", "pill", capitalized(row.status));
  pill.dataset.s = row.status;
  cell.append(pill);
  return cell;
}

function deadlineCell(row) {
  const cell = element("td", "deadline");
  const due = element("div", "due");
  if (row.deadline) {
    due.append(element("span", "", (row.late ? "Overdue, " : "") + relativeTime(row.dueIn)),
      element("small", "", absoluteTime(row.deadline)));
  }
  cell.append(due);
  return cell;
}

function tableRow(row) {
  const classes = [row.late && "late", row.priority === 0 && "low",
    CLOSED.includes(row.status) && "done"];
  const tr = element("tr", classes.filter(Boolean).join(" "));
  tr.append(titleCell(row), responsibleCell(row), statusCell(row), deadlineCell(row));
  return tr;
}

function showRows(rows) {
  const body = byId("rows");
  const wanted = new Set();
  let next = body.firstChild;
  for (const row of rows) {
    const key = JSON.stringify({ ...row, dueIn: row.deadline && relativeTime(row.dueIn) });
    let shown = shownRows.get(row.id);
    wanted.add(row.id);
    if (!shown || shown.key !== key) {
      const tr = tableRow(row);
      if (!firstPaint) tr.classList.add("changed");
      if (shown) {
        if (next === shown.tr) next = tr;
        shown.tr.replaceWith(tr);
      }
      shown = { key, tr };
      shownRows.set(row.id, shown);
    }
    if (shown.tr === next) next = next.nextSibling;
    else body.insertBefore(shown.tr, next);
  }
  for (const [id, shown] of shownRows) {
    if (!wanted.has(id)) {
      shown.tr.remove();
      shownRows.delete(id);
    }
  }
}

function statusButton(value, label, count) {
  const button = element("button", "", label);
  button.type = "button";
  button.dataset.s = value;
  button.ariaPressed = String(value === status);
  button.append(element("b", "", count));
  button.onclick = () => { status = value; refresh(true); };
  return button;
}

function showStatuses(data) {
  const box = byId("statuses");
  const focused = document.activeElement?.dataset?.s;
  const all = [["", "All", data.total], ["overdue", "Overdue", data.overdue],
    ...STATUSES.map((value) => [value, capitalized(value), data.statuses[value] || 0])];
  const used = all.filter(([value, , count]) => !value || count || value === status);
  box.replaceChildren(...used.map(([value, label, count]) => statusButton(value, label, count)));
  if (focused !== undefined) box.querySelector(`[data-s="${focused}"]`)?.focus();
}

function showPeople(people) {
  const box = byId("who");
  const chosen = box.value;
  if (box.options.length !== people.length + 1) {
    box.replaceChildren(new Option("Everybody", ""),
      ...people.map((person) => new Option(person.name, person.id)));
    box.value = chosen;
  }
}

function showEmpty(data) {
  byId("empty").hidden = data.found > 0;
  document.querySelector("table").hidden = data.found === 0;
  const [heading, text, code] = byId("empty").querySelectorAll("h2, p, code");
  heading.textContent = data.total ? "Nothing matches" : "No tasks yet";
  text.textContent = data.total ? "No task fits this search."
    : "Apply a manifest to this portal, and its tasks appear here as they are made.";
  code.hidden = data.total > 0;
  code.textContent =
    `TASKSYNC_API_KEY=vibe_api_sandbox tasksync apply --portal ${location.origin}`;
}

function show(data) {
  showRows(data.rows);
  showStatuses(data);
  showPeople(data.people);
  byId("sum").textContent = data.found === data.total ? plural(data.total, "task")
    : `${data.found} of ${data.total} tasks`;
  const hiddenRows = data.found - data.rows.length;
  byId("more").hidden = hiddenRows <= 0;
  byId("more").textContent =
    `${plural(hiddenRows, "more task")} not shown. Search to narrow the list.`;
  showEmpty(data);
  firstPaint = false;
}

function showConnection(className, text) {
  byId("live").className = className;
  byId("live").textContent = text;
}

async function refresh(newSearch) {
  clearTimeout(pollTimer);
  const mine = ++lastRequest;
  const query = new URLSearchParams({ q: byId("q").value, status, who: byId("who").value });
  if (!newSearch && version) query.set("since", version);
  try {
    const data = await (await fetch(`/_sandbox/board?${query}`)).json();
    if (mine !== lastRequest) return;
    showConnection("", "live");
    if (!data.unchanged) {
      firstPaint = firstPaint || newSearch;
      show(data);
      version = data.version;
    }
  } catch {
    if (mine !== lastRequest) return;
    showConnection("off", "not reachable");
  }
  pollTimer = setTimeout(refresh, document.hidden ? POLL_HIDDEN_MS : POLL_MS);
}

byId("q").oninput = () => {
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => refresh(true), TYPING_MS);
};
byId("who").onchange = () => refresh(true);
document.onvisibilitychange = () => { if (!document.hidden) refresh(); };
refresh(true);
