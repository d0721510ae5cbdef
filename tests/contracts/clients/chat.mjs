// Reads answers with the real clients of chat UIs: node chat.mjs CLIENT PACKAGE, where CLIENT is ai, ag-ui or openai.
//
// Input, as JSON: a list of addresses. Output: for each, what the client made of the answer, and its errors.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , client, home] = process.argv
const load = async name => import(pathToFileURL(join(home, name)).href)

const readers = {
  // the transport of useChat, which checks every chunk, and the reducer that makes the message
  async ai(url) {
    const { DefaultChatTransport, readUIMessageStream } = await load('dist/index.mjs')
    const errors = [], told = [], types = []
    let message = null, reason = null
    const seen = new TransformStream({
      transform(chunk, controller) {
        types.push(chunk.type)
        if (chunk.type === 'error') told.push(chunk.errorText)
        if (chunk.type === 'finish') reason = chunk.finishReason
        controller.enqueue(chunk)
      },
    })
    try {
      const messages = [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }]
      const transport = new DefaultChatTransport({ api: url })
      const stream = await transport.sendMessages({ trigger: 'submit-message', chatId: 'c', messages })
      const onError = error => errors.push(error.message)
      for await (const next of readUIMessageStream({ stream: stream.pipeThrough(seen), onError })) message = next
    } catch (error) {
      errors.push(String(error))
    }
    for (const text of told) if (errors.includes(text)) errors.splice(errors.indexOf(text), 1)
    const parts = message?.parts ?? []
    const of = type => parts.filter(part => part.type === type)
    const calls = parts.filter(part => part.type.startsWith('tool-')).map(part => ({
      id: part.toolCallId, name: part.type.slice(5), input: part.input ?? part.rawInput ?? null, state: part.state,
      output: part.output ?? null, approval: part.approval?.id ?? null,
    }))
    return {
      errors, told, reason, calls, types,
      id: message?.id ?? null,
      text: of('text').map(part => part.text).join(''),
      reasoning: of('reasoning').map(part => part.text).join(''),
      open: [...of('text'), ...of('reasoning')].filter(part => part.state !== 'done').length,
      signatures: of('reasoning').map(part => part.providerMetadata?.jaystream?.signature ?? null),
      sources: parts.filter(part => part.type.startsWith('source-')).length,
      data: parts.filter(part => part.type.startsWith('data-')).map(({ type, data }) => [type, data ?? null]),
      usage: message?.metadata?.usage ?? null,
    }
  },

  // the agent, with its verification of the order of events
  async 'ag-ui'(url) {
    const { HttpAgent } = await load('dist/index.mjs')
    const errors = [], told = [], custom = []
    const agent = new HttpAgent({ url, threadId: 't' })
    let finished = null
    try {
      await agent.runAgent({ runId: 'r' }, {
        onRunErrorEvent({ event }) { told.push(event.message) },
        onRunFinishedEvent({ event }) { finished = event },
        onCustomEvent({ event }) { custom.push([event.name, event.value]) },
        onRunFailed({ error }) { errors.push(String(error)) },
      })
    } catch (error) {
      errors.push(String(error))
    }
    const messages = agent.messages
    const of = role => messages.filter(message => message.role === role)
    return {
      errors, told, custom, finished,
      text: of('assistant').map(message => message.content ?? '').join(''),
      reasoning: of('reasoning').map(message => message.content).join(''),
      signatures: of('reasoning').map(message => message.encryptedValue ?? null),
      calls: of('assistant').flatMap(message => message.toolCalls ?? []).map(call => (
        { id: call.id, name: call.function.name, arguments: call.function.arguments })),
      results: of('tool').map(message => [message.toolCallId, message.content]),
      pending: (agent.pendingInterrupts ?? []).map(each => each.id),
    }
  },

  // the helper that puts a whole completion together, and checks it
  async openai(url) {
    const { default: OpenAI } = await load('index.mjs')
    const api = new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 })
    const errors = [], told = []
    let completion = null, reasoning = ''
    try {
      const messages = [{ role: 'user', content: 'Hi' }]
      const runner = api.chat.completions.stream({ model: 'm', messages })
      runner.on('chunk', chunk => { reasoning += chunk.choices[0]?.delta?.reasoning_content ?? '' })
      completion = await runner.finalChatCompletion()
    } catch (error) {
      // what was told in the stream has a type; what the client finds wrong has none
      if (error.error?.type) told.push(error.error.message)
      else errors.push(String(error))
    }
    const message = completion?.choices[0]?.message
    return {
      errors, told, reasoning,
      reason: completion?.choices[0]?.finish_reason ?? null,
      text: message?.content ?? '',
      calls: (message?.tool_calls ?? []).map(call => (
        { id: call.id, name: call.function.name, arguments: call.function.arguments })),
      usage: completion?.usage ?? null,
    }
  },
}

let text = ''
process.stdin.setEncoding('utf8').on('data', part => { text += part }).on('end', async () => {
  const all = []
  for (const url of JSON.parse(text)) all.push(await readers[client](url))
  process.stdout.write(JSON.stringify(all), () => process.exit(0))
})
