// The two things a page cannot do by itself: an answer that comes word by word, and live progress.
"use strict";

const mark = document.body.dataset.csrf || "";

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let kept = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    kept += value;
    let end;
    while ((end = kept.indexOf("\n\n")) >= 0) {
      const event = { name: "message", data: "", id: "" };
      for (const line of kept.slice(0, end).split("\n")) {
        const at = line.indexOf(":");
        if (at < 1) continue;
        const field = line.slice(0, at);
        const text = line.slice(at + 1).trimStart();
        if (field === "event") event.name = text;
        if (field === "data") event.data += text;
        if (field === "id") event.id = text;
      }
      kept = kept.slice(end + 2);
      if (event.data) yield { ...event, data: JSON.parse(event.data) };
    }
  }
}

// What stands below a document's own title: the title is above it already.
function sectionOf(heading, title) {
  const [first, ...rest] = heading.split(" > ");
  return first.startsWith(title) ? rest.join(" > ") : heading;
}

function sourceOf(one) {
  const item = document.createElement("li");
  item.value = one.number;
  item.id = `source-${one.number}`;
  const title = document.createElement("h3");
  title.textContent = one.document + (one.page ? `, page ${one.page}` : "");
  const heading = document.createElement("p");
  heading.className = "hint";
  heading.textContent = sectionOf(one.heading, one.document);
  const passage = document.createElement("blockquote");
  passage.textContent = one.passage;
  item.append(title, heading, passage);
  return item;
}

async function ask(form) {
  const [button, state] = [form.querySelector("button"), document.getElementById("state")];
  const [text, sources] = [document.getElementById("text"), document.getElementById("sources")];
  const title = document.getElementById("sources-title");
  document.getElementById("answer").hidden = false;
  text.textContent = "";
  sources.replaceChildren();
  title.hidden = true;
  button.disabled = true;
  state.textContent = "Looking…";
  let ended = false;
  try {
    const response = await fetch("/api/v1/rag/ask", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": mark },
      body: JSON.stringify({ question: form.elements.question.value, stream: true }),
    });
    if (response.status === 401) { location.assign("/login"); return; }
    if (!response.ok) throw new Error((await response.json()).detail);
    for await (const event of eventsOf(response)) {
      if (event.name === "token") text.append(event.data.text);
      if (event.name === "citations") {
        sources.replaceChildren(...event.data.map(sourceOf));
        title.hidden = event.data.length === 0;
      }
      if (event.name === "error") throw new Error(event.data.detail);
      if (event.name === "done") {
        ended = true;
        document.getElementById("disclaimer").textContent = event.data.disclaimer;
        state.textContent = event.data.status === "ok" ? "Done" : "Passages only: no model answered";
        if (event.data.status === "no_evidence") state.textContent = "Not enough evidence";
      }
    }
    if (!ended) throw new Error("the connection was lost: ask again");
  } catch (error) {
    state.textContent = `Not answered: ${error.message}`;
  } finally {
    button.disabled = false;
  }
}

async function follow(section) {
  const bar = section.querySelector("progress");
  const count = section.querySelector(".count");
  let last = "";
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      const headers = last ? { "Last-Event-ID": last } : {};
      const response = await fetch(`/api/v1/jobs/${section.dataset.job}/events`, { headers });
      if (!response.ok) return;
      for await (const event of eventsOf(response)) {
        last = event.id || last;
        const done = (event.data.done || 0) + (event.data.failed || 0);
        bar.max = event.data.total || bar.max;
        bar.value = done;
        count.textContent = `${done} of ${bar.max}`;
        if (["done", "failed", "cancelled"].includes(event.name)) { location.reload(); return; }
      }
    } catch (error) {
      count.textContent = "waiting for the service…";
    }
    await new Promise((next) => setTimeout(next, 1000));
  }
}

const form = document.getElementById("ask");
if (form) form.addEventListener("submit", (event) => { event.preventDefault(); ask(form); });
document.querySelectorAll("[data-job]").forEach(follow);
