// The page's half of the AI SDK's UI message stream: what useChat does, without a library and without a build.
"use strict"

const at = id => document.getElementById(id)
const [scroller, list, input] = [at("scroller"), at("messages"), at("input")]
const messages = []  // as useChat keeps them: {id, role, parts}
let followed = false  // whether the next drawing goes to the end, wherever the reader is
let running = null  // the AbortController of the answer that is being read

// Give the data of each event in a body of server-sent events, as soon as the event is complete.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const blocks = (rest + value).split("\n\n")
      rest = blocks.pop()
      for (const block of blocks) {
        const data = block.split("\n").filter(line => line.startsWith("data: ")).map(line => line.slice(6)).join("\n")
        if (data) yield data
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

// Take one part of the stream into a message. What is not known is left alone: later versions have more.
function take(message, part) {
  const { parts } = message
  const open = type => parts.findLast(one => one.type === type && one.id === part.id)
  const tool = () => parts.findLast(one => one.toolCallId === part.toolCallId)
  switch (part.type) {
    case "start": message.id = part.messageId ?? message.id; break
    case "start-step": parts.push({ type: "step-start" }); break
    case "text-start": parts.push({ type: "text", id: part.id, text: "", state: "streaming" }); break
    case "text-delta": open("text").text += part.delta; break
    case "text-end": open("text").state = "done"; break
    case "reasoning-start": parts.push({ type: "reasoning", id: part.id, text: "", state: "streaming" }); break
    case "reasoning-delta": open("reasoning").text += part.delta; break
    case "reasoning-end":
      Object.assign(open("reasoning"), { state: "done", providerMetadata: part.providerMetadata })
      break
    case "tool-input-start":
      parts.push({ type: `tool-${part.toolName}`, toolCallId: part.toolCallId, state: "input-streaming", written: "" })
      break
    case "tool-input-delta": tool().written += part.inputTextDelta; break
    case "tool-input-available":
    case "tool-input-error": {
      if (!tool()) parts.push({ type: `tool-${part.toolName}`, toolCallId: part.toolCallId })
      const failed = part.type === "tool-input-error"
      Object.assign(tool(), failed
        ? { state: "output-error", rawInput: part.input, errorText: part.errorText }
        : { state: "input-available", input: part.input })
      break
    }
    case "tool-output-available": Object.assign(tool(), { state: "output-available", output: part.output }); break
    case "tool-output-error": Object.assign(tool(), { state: "output-error", errorText: part.errorText }); break
    case "source-url": parts.push(part); break
    case "finish": message.metadata = { ...message.metadata, ...part.messageMetadata }; break
    case "message-metadata": message.metadata = { ...message.metadata, ...part.messageMetadata }; break
    case "error": throw new Error(part.errorText)
  }
}

// What the server is sent: without what only this page needs.
const sent = ({ id, role, parts, metadata }) =>
  ({ id, role, metadata, parts: parts.map(({ written, id: block, ...part }) => part) })

async function ask(text) {
  messages.push({ id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] })
  const answer = { id: crypto.randomUUID(), role: "assistant", parts: [] }
  const asked = messages.map(sent)
  messages.push(answer)
  const abort = running = new AbortController()
  const begun = performance.now()
  let first = 0
  followed = true
  show("waiting")
  try {
    const response = await fetch("/api/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "demo", messages: asked, trigger: "submit-message" }),
      signal: abort.signal,
    })
    if (!response.ok) throw new Error(await failure(response))
    for await (const data of events(response.body)) {
      if (data === "[DONE]") break
      first ||= performance.now()
      take(answer, JSON.parse(data))
      show("streaming")
    }
    end(answer, `first word after ${Math.round(first - begun)} ms${tokens(answer)}`)
  } catch (error) {
    if (!abort.signal.aborted) answer.error = error.message
    end(answer, abort.signal.aborted ? "stopped" : "failed")
  }
}

async function failure(response) {
  const body = await response.json().catch(() => ({}))
  return body.errors?.[0]?.detail ?? `The server answered ${response.status}`
}

const tokens = ({ metadata }) => {
  const usage = metadata?.usage ?? []
  const sum = name => usage.reduce((total, one) => total + (one[name] ?? 0), 0)
  return usage.length ? `, ${sum("input")} tokens in, ${sum("output")} out` : ""
}

function end(answer, state) {
  running = null
  for (const part of answer.parts) {
    if (part.state === "streaming") part.state = "done"
    if (part.state === "input-streaming") Object.assign(part, { state: "output-error", errorText: "stopped" })
  }
  show(state)
  input.focus()
}

// What has changed since the last frame is drawn at once: hundreds of words per second stay smooth.
let drawing = false, state = "ready"
function show(now) {
  state = now
  if (!drawing) {
    drawing = true
    requestAnimationFrame(draw)
  }
}

function draw() {
  drawing = false
  const follows = followed || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60
  at("empty").hidden = messages.length > 0
  for (const message of messages.slice(Math.max(0, list.children.length - 1))) drawMessage(message)
  list.setAttribute("aria-busy", running !== null)
  at("state").textContent = state
  at("send").hidden = running !== null
  at("stop").hidden = running === null
  if (follows) scroller.scrollTop = scroller.scrollHeight
  followed = false
}

function drawMessage(message) {
  const index = messages.indexOf(message)
  let article = list.children[index]
  if (!article) {
    article = element("article", message.role)
    article.setAttribute("aria-label", message.role === "user" ? "You" : "The model")
    list.append(article)
  }
  article.classList.toggle("live", running !== null && index === messages.length - 1)
  const shown = message.parts.filter(part => part.type !== "step-start")
  if (message.error) shown.push({ type: "failure", text: message.error })
  shown.forEach((part, place) => {
    let box = article.children[place]
    if (!box) article.append(box = make(part))
    fill(box, part)
  })
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = text
  return made
}

function make(part) {
  if (part.type === "text") return element("p", "text")
  if (part.type === "failure") {
    const alert = element("p", "text bad")
    alert.setAttribute("role", "alert")
    return alert
  }
  if (part.type === "source-url") {
    const link = element("a", "", part.title ?? part.url)
    if (/^https?:/.test(part.url)) link.href = part.url
    link.rel = "noreferrer"
    return link
  }
  const box = element("details")
  box.append(element("summary"), part.type === "reasoning" ? element("p", "text") : element("dl"))
  if (part.type === "reasoning") box.open = true
  return box
}

const write = (node, text) => { if (node.textContent !== text) node.textContent = text }
const json = value => typeof value === "string" ? value : JSON.stringify(value)

function fill(box, part) {
  if (part.type === "text" || part.type === "failure") return write(box, part.text)
  if (part.type === "reasoning") {
    write(box.firstChild, part.state === "streaming" ? "Thinking\u2026" : "Thought")
    if (part.state !== "streaming" && !box.dataset.folded) [box.open, box.dataset.folded] = [false, "yes"]
    return write(box.lastChild, part.text)
  }
  if (!part.type.startsWith("tool-")) return
  const said = {
    "input-streaming": "is being called\u2026", "input-available": "is working\u2026", "output-available": "has answered",
    "output-error": "has failed",
  }[part.state]
  write(box.firstChild, `${part.type.slice(5)} ${said}`)
  const rows = [["called with", json(part.input ?? part.rawInput ?? part.written ?? "")]]
  if (part.state === "output-available") rows.push(["gave", json(part.output)])
  if (part.state === "output-error") rows.push(["failed", part.errorText, "bad"])
  rows.forEach(([term, text, name], row) => {
    const [dt, dd] = [box.lastChild.children[2 * row], box.lastChild.children[2 * row + 1]]
    if (dt) write(dt, term), write(dd, text)
    else box.lastChild.append(element("dt", "", term), element("dd", name, text))
  })
}

at("form").addEventListener("submit", event => {
  event.preventDefault()
  const text = input.value.trim()
  if (!text || running) return
  input.value = ""
  ask(text)
})
input.addEventListener("keydown", event => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
  event.preventDefault()
  at("form").requestSubmit()
})
const stop = () => running?.abort()
at("stop").addEventListener("click", stop)
document.addEventListener("keydown", event => { if (event.key === "Escape") stop() })
at("hints").addEventListener("click", event => {
  if (event.target.matches("button") && !running) ask(event.target.textContent)
})
