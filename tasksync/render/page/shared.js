"use strict";
const shared = (() => {
  const $ = (id) => document.getElementById(id);
  /* what people wrote enters the page as text, never as markup */
  const el = (tag, attributes, ...children) => {
    const svg = ["svg", "g", "path", "line", "rect", "circle", "text", "title"].includes(tag);
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "on") for (const [what, how] of Object.entries(value)) node.addEventListener(what, how);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  };
  const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many || one + "s"}`;
  const day = (iso) => iso && Date.UTC(+iso.slice(0, 4), +iso.slice(5, 7) - 1, +iso.slice(8, 10));

  /* light, dark, or as the system has it; the button goes through the three */
  const themes = () => {
    const names = ["", "light", "dark"];
    const theme = (name) => {
      if (name) document.documentElement.dataset.theme = name; else delete document.documentElement.dataset.theme;
      $("theme-name").textContent = { "": "Auto", light: "Light", dark: "Dark" }[name];
    };
    let kept = ""; try { kept = localStorage.getItem("tasksync-theme") || ""; } catch { /* a file may have no storage */ }
    theme(names.includes(kept) ? kept : "");
    $("theme").addEventListener("click", () => {
      const next = names[(names.indexOf(document.documentElement.dataset.theme || "") + 1) % names.length];
      theme(next); try { localStorage.setItem("tasksync-theme", next); } catch { /* as above */ }
    });
  };
  return { el, plural, day, themes };
})();
