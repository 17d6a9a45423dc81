"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const plain = (text) =>
    text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss").replace(/\s+/g, " ").trim();
  const controls = document.querySelector(".controls");
  const box = document.getElementById("search");
  const told = document.getElementById("count");
  const chips = all("button[data-topic]");
  const links = new Map(all("nav a[data-for]").map((link) => [link.dataset.for, link.parentElement]));
  let known = null;
  let topic = "";

  // Read once, when first asked: a page of thousands of articles opens without it.
  const stories = () =>
    (known ??= all(".story").map((story) => ({
      story,
      text: plain(story.textContent),
      topics: new Set(all(".topics li", story).map((item) => plain(item.textContent))),
      places: all("[id]", story).map((part) => part.id).concat(story.id),
      same: all("details.same", story).map((part) => [part, plain(part.textContent)]),
    })));

  const mark = (words) => {
    if (!globalThis.CSS?.highlights || typeof Highlight === "undefined") return;
    CSS.highlights.delete("found");
    const wanted = words.filter((word) => word.length > 1);
    if (!wanted.length) return;
    const ranges = [];
    for (const { story } of stories()) {
      if (story.hidden) continue;
      const walker = document.createTreeWalker(story, NodeFilter.SHOW_TEXT);
      while (walker.nextNode() && ranges.length < 2000) {
        const node = walker.currentNode;
        const text = node.data.toLowerCase();
        if (text.length !== node.data.length) continue;
        for (const word of wanted) {
          for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            ranges.push(range);
          }
        }
      }
    }
    CSS.highlights.set("found", new Highlight(...ranges));
  };

  const show = () => {
    const words = plain(box.value).split(" ").filter(Boolean);
    const holds = (text) => words.every((word) => text.includes(word));
    let number = 0;
    for (const { story, text, topics, places, same } of stories()) {
      const wanted = holds(text) && (!topic || topics.has(topic));
      story.hidden = !wanted;
      number += wanted ? 1 : 0;
      for (const [part, inside] of same) part.open = words.length > 0 && holds(inside);
      for (const place of places) {
        const line = links.get(place);
        if (line) line.hidden = !wanted;
      }
    }
    const total = stories().length;
    told.textContent = words.length || topic ? `${number} of ${total} shown` : "";
    document.getElementById("nothing").hidden = number > 0 || total === 0;
    mark(words);
  };

  let waiting = 0;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 60);
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      const wanted = plain(chip.dataset.topic);
      topic = topic === wanted ? "" : wanted;
      for (const each of chips) each.setAttribute("aria-pressed", String(plain(each.dataset.topic) === topic));
      show();
    });
  }
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== box && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box.focus();
    } else if (event.key === "Escape" && (box.value || topic)) {
      box.value = "";
      topic = "";
      for (const each of chips) each.setAttribute("aria-pressed", "false");
      show();
    }
  });
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const part of all("details:not([open])")) {
      part.open = true;
      opened.push(part);
    }
  });
  addEventListener("afterprint", () => {
    for (const part of opened.splice(0)) part.open = false;
  });
  controls.hidden = false;
})();
