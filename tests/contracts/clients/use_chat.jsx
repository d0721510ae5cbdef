// A page as somebody would write it: React, and useChat of @ai-sdk/react as it is.
import { useChat } from "@ai-sdk/react"
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses } from "ai"
import { createRoot } from "react-dom/client"
import { useState } from "react"

function Part({ part, approve }) {
  if (part.type === "text") return <p className="text">{part.text}</p>
  if (part.type === "reasoning") return <p className="reasoning">{part.text}</p>
  if (!part.type.startsWith("tool-")) return null
  return (
    <section className="tool" data-state={part.state}>
      <b>{part.type.slice(5)}</b> {part.state} <code>{JSON.stringify(part.input)}</code>
      {part.state === "output-available" && <code className="output">{JSON.stringify(part.output)}</code>}
      {part.state === "output-error" && <code className="failed">{part.errorText}</code>}
      {part.state === "approval-requested" && (
        <button className="approve" onClick={() => approve({ id: part.approval.id, approved: true })}>Allow</button>
      )}
    </section>
  )
}

function Chat() {
  const [input, setInput] = useState("")
  const chat = useChat({
    transport: new DefaultChatTransport({ api: "/api/chat" }),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  })
  window.chat = chat
  return (
    <main>
      <h1>useChat <span id="status">{chat.status}</span></h1>
      {chat.messages.map(message => (
        <article key={message.id} className={message.role}>
          {message.parts.map((part, place) => (
            <Part key={place} part={part} approve={chat.addToolApprovalResponse} />
          ))}
        </article>
      ))}
      {chat.error && <p id="error" role="alert">{chat.error.message}</p>}
      <form onSubmit={event => { event.preventDefault(); chat.sendMessage({ text: input }); setInput("") }}>
        <input id="input" value={input} onChange={event => setInput(event.target.value)} />
        <button id="stop" type="button" onClick={chat.stop}>Stop</button>
      </form>
    </main>
  )
}

createRoot(document.getElementById("root")).render(<Chat />)
