// Reads event streams with the EventSource of the package whose path is the first argument.
//
// Input, as JSON: a list of [address, names to listen for]. Output: for each, the events as [name, data, last event id].
// A stream is read until its connection ends; where the third member is true, until the server says to stop.

const { EventSource } = require(process.argv[2])

const read = ([url, names, reconnect]) => new Promise(done => {
  const source = new EventSource(url)
  const events = []
  for (const name of new Set(names)) {
    source.addEventListener(name, event => {
      if (typeof event.data === 'string') events.push([event.type, event.data, event.lastEventId])
    })
  }
  // an event that is named "error" arrives here as well, and is no failure
  source.addEventListener('error', event => {
    if (typeof event.data === 'string' || (reconnect && source.readyState !== 2)) return
    source.close()
    done(events)
  })
})

// undici's timer between two connections does not keep Node alive
const alive = setInterval(() => {}, 1000)

let text = ''
process.stdin.setEncoding('utf8').on('data', part => { text += part }).on('end', async () => {
  const all = []
  for (const job of JSON.parse(text)) all.push(await read(job))
  console.log(JSON.stringify(all))
  clearInterval(alive)
})
