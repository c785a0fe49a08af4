// The scan page: takes what a scanner types, shows and sounds how each scan came out, and keeps what
// could not be sent until it can. Without this script the page is a form.

const root = document.querySelector('[data-scan]')
const part = name => root.querySelector(`[data-scan-${name}]`)
const field = root.querySelector('#code')

const SHOWN = 50 // scans on the page, the latest first
const AT_ONCE = 500 // scans in one request
const FIRST_PAUSE = 500 // before the next attempt, in ms; doubled up to LONGEST_PAUSE
const LONGEST_PAUSE = 15000
const SPEAK_EVERY = 1500 // a screen reader is told at most so often that all is well, in ms
const AFTER_SCAN = 80 // a Tab that follows a scan so soon belongs to the scanner, in ms

const CLASSES = {
  good: { symbol: '✓', words: 'Good' },
  duplicate: { symbol: '=', words: 'Duplicate' },
  unknown: { symbol: '?', words: 'Unknown' },
  wrong: { symbol: '✗', words: 'Wrong' }
}

// What was scanned and not answered yet stands in the browser's storage, one item for each scan, so
// that a scan is safe the moment it is made and costs the same however many wait.
const keep = root.dataset.scanKeep
const prefix = `${keep}:scan:`
const batchKey = `${keep}:batch`
const page = random()

const kept = []
let count = 0

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
}

/** A name that sorts by time, and that no other tab gives. */
function nextName() {
  count += 1
  return `${String(Date.now()).padStart(14, '0')}-${String(count).padStart(8, '0')}-${page}`
}

function restore() {
  const names = []
  for (let place = 0; place < localStorage.length; place++) {
    const key = localStorage.key(place)
    if (key.startsWith(prefix)) names.push(key.slice(prefix.length))
  }
  for (const name of names.sort()) kept.push({ name, code: localStorage.getItem(prefix + name) })
}

function take(code) {
  const scan = { name: nextName(), code }
  try {
    localStorage.setItem(prefix + scan.name, code)
  } catch {
    // Storage is full or forbidden: the scan is sent all the same, it only does not outlive the page.
  }
  kept.push(scan)
  send()
  tellConnection()
}

function forget(scans) {
  for (const scan of scans) localStorage.removeItem(prefix + scan.name)
  localStorage.removeItem(batchKey)
  kept.splice(0, scans.length)
}

// One request at a time carries everything that waits. Its key stands in the storage before it is
// sent: when its answer is lost, the same scans go again under the same key, and the server gives
// the first answer instead of counting twice.
let isSending = false
let pause = FIRST_PAUSE
let timer = null
let trouble = ''

function batch() {
  let begun = null
  try {
    begun = JSON.parse(localStorage.getItem(batchKey))
  } catch {
    begun = null
  }
  if (!begun || begun.first !== kept[0].name || begun.count > kept.length) {
    begun = { key: random(), first: kept[0].name, count: Math.min(kept.length, AT_ONCE) }
    try {
      localStorage.setItem(batchKey, JSON.stringify(begun))
    } catch {
      // As above.
    }
  }
  return { key: begun.key, scans: kept.slice(0, begun.count) }
}

async function send() {
  if (isSending || timer || !kept.length) return
  isSending = true
  const { key, scans } = batch()
  try {
    const answer = await fetch(root.dataset.scan, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify({ codes: scans.map(scan => scan.code) }),
      credentials: 'same-origin'
    })
    const said = await answer.json()
    if (answer.ok && !said.answers) {
      // The scans took effect and their answer was lost in a crash: only the count is left to show.
      forget(scans)
      window.location.reload()
      return
    }
    if (!answer.ok) throw new Refused(answer.status, said.detail)
    forget(scans)
    pause = FIRST_PAUSE
    trouble = ''
    show(said)
  } catch (error) {
    trouble = error instanceof Refused ? error.message : 'No connection.'
    timer = setTimeout(again, pause)
    pause = Math.min(pause * 2, LONGEST_PAUSE)
  }
  isSending = false
  tellConnection()
  send()
}

class Refused extends Error {
  constructor(status, detail) {
    super(status === 401 ? 'You are signed out: sign in on another tab.' : detail || `The server answered ${status}.`)
  }
}

function again() {
  clearTimeout(timer)
  timer = null
  send()
}

function tellConnection() {
  const line = part('connection')
  const waiting = kept.length === 1 ? '1 scan waits' : `${kept.length.toLocaleString('en-GB')} scans wait`
  const text = trouble ? `${trouble} ${waiting} here and will be sent.` : ''
  if (line.textContent !== text) line.textContent = text
  part('unsent').hidden = !trouble
}

// What came of the scans.
const counts = { good: 0, duplicate: 0, unknown: 0, wrong: 0 }

function show(said) {
  const number = value => value.toLocaleString('en-GB')
  part('hubs').textContent = number(said.list.hubs)
  part('expected').textContent = number(said.list.expected)
  part('left').textContent = number(Math.max(0, said.list.expected - said.list.hubs))
  part('results').hidden = false
  const list = part('list')
  for (const answer of said.answers) {
    counts[answer.class] += 1
    list.prepend(drawn(answer))
  }
  while (list.children.length > SHOWN) list.lastElementChild.remove()
  const texts = Object.entries(CLASSES).map(([name, { symbol, words }]) => `${symbol} ${words} ${number(counts[name])}`)
  part('counts').replaceChildren(...texts.map(text => element('li', '', text)))
  sound(said.answers)
  speak(said)
}

function element(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  made.textContent = text
  return made
}

function drawn(answer) {
  const { symbol, words } = CLASSES[answer.class]
  const item = element('li', `app-scan app-scan--${answer.class}`, '')
  item.dataset.class = answer.class
  const sign = element('span', 'app-scan__symbol', symbol)
  sign.setAttribute('aria-hidden', 'true')
  const text = element('span', '', `${words}: `)
  text.append(element('span', 'app-id', answer.hub || answer.code))
  item.append(sign, text, element('span', 'app-scan__message', answer.message))
  return item
}

// A screen reader hears at once what is not good; that all is well only now and then.
let spoken = 0

function speak(said) {
  const bad = said.answers.filter(answer => answer.class !== 'good')
  const last = bad.at(-1) || said.answers.at(-1)
  if (!last) return
  const text = `${CLASSES[last.class].words}. ${last.hub || last.code}. ${last.message}`
  const count = `${said.list.hubs} of ${said.list.expected}.`
  if (bad.length) part('alert').textContent = text
  else if (Date.now() - spoken > SPEAK_EVERY) {
    spoken = Date.now()
    part('said').textContent = `${text} ${count}`
  }
}

// Sounds are made here: for each class a melody of [hertz, seconds], which nobody takes for another.
const MELODIES = {
  good: ['sine', [1200, 0.06]],
  duplicate: ['triangle', [700, 0.08], [700, 0.08]],
  unknown: ['square', [220, 0.35]],
  wrong: ['sawtooth', [400, 0.15], [200, 0.3]]
}
const muteKey = 'hubstock-scan-muted'
let audio = null
let busyUntil = 0

function isMuted() {
  return localStorage.getItem(muteKey) === 'yes'
}

function sound(answers) {
  if (isMuted() || !window.AudioContext) return
  audio = audio || new AudioContext()
  if (audio.state === 'suspended') audio.resume().catch(() => {})
  const bad = answers.filter(answer => answer.class !== 'good').slice(0, 3)
  const heard = bad.length ? bad : answers.slice(0, 1)
  for (const answer of heard) play(MELODIES[answer.class])
}

function play([form, ...notes]) {
  let at = Math.max(audio.currentTime, busyUntil)
  if (at > audio.currentTime + 1) return
  for (const [hertz, seconds] of notes) {
    const tone = new OscillatorNode(audio, { type: form, frequency: hertz })
    const volume = new GainNode(audio, { gain: 0.2 })
    tone.connect(volume).connect(audio.destination)
    tone.start(at)
    tone.stop(at + seconds)
    at += seconds + 0.03
  }
  busyUntil = at
}

function offerMute() {
  const button = part('mute')
  if (!window.AudioContext) return
  const draw = () => button.setAttribute('aria-pressed', String(isMuted()))
  button.hidden = false
  button.addEventListener('click', () => {
    localStorage.setItem(muteKey, isMuted() ? 'no' : 'yes')
    draw()
    field.focus()
  })
  draw()
}

// The field: Enter or Tab ends a code, and the field is ready for the next. An empty field lets the
// Tab key go on as ever, so that nobody is caught in it.
let scannedAt = 0

function endCode(event) {
  const code = field.value.trim()
  const isTab = event.key === 'Tab'
  if (isTab && (event.shiftKey || (!code && Date.now() - scannedAt > AFTER_SCAN))) return
  event.preventDefault()
  field.value = ''
  if (!code) return
  scannedAt = Date.now()
  take(code)
}

field.addEventListener('keydown', event => {
  if ((event.key === 'Enter' || event.key === 'Tab') && !event.isComposing) endCode(event)
})
field.form.addEventListener('submit', event => {
  event.preventDefault()
  const code = field.value.trim()
  field.value = ''
  field.focus()
  if (code) take(code)
})
field.addEventListener('paste', event => {
  const lines = event.clipboardData.getData('text').split(/\r?\n/).map(line => line.trim()).filter(Boolean)
  if (lines.length < 2) return
  event.preventDefault()
  lines.forEach(take)
})
// What is scanned while nothing has the focus goes into the field.
document.addEventListener('keydown', event => {
  const isCharacter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey
  if (isCharacter && document.activeElement === document.body) field.focus()
})
window.addEventListener('online', again)
part('discard').addEventListener('click', () => {
  forget([...kept])
  trouble = ''
  tellConnection()
  field.focus()
})

// The camera, where the browser reads bar codes. A code counts again once it has been out of sight.
const FORMATS = ['code_128', 'code_39', 'data_matrix', 'qr_code', 'ean_13']
const OUT_OF_SIGHT = 1500
let stream = null

async function offerCamera() {
  if (!('BarcodeDetector' in window) || !navigator.mediaDevices) return
  const known = await BarcodeDetector.getSupportedFormats().catch(() => [])
  const formats = FORMATS.filter(format => known.includes(format))
  if (!formats.length) return
  const button = part('camera')
  button.hidden = false
  button.addEventListener('click', () => (stream ? stopCamera(button) : startCamera(button, formats)))
}

async function startCamera(button, formats) {
  const video = part('video')
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  } catch {
    trouble = ''
    part('connection').textContent = 'The camera can’t be used: allow it in the browser, or scan into the field.'
    return
  }
  video.srcObject = stream
  video.hidden = false
  await video.play()
  button.setAttribute('aria-pressed', 'true')
  const detector = new BarcodeDetector({ formats })
  const seen = new Map()
  const look = async () => {
    if (!stream) return
    const found = await detector.detect(video).catch(() => [])
    const now = Date.now()
    for (const { rawValue } of found) {
      const code = rawValue.trim()
      if (code && now - (seen.get(code) || 0) > OUT_OF_SIGHT) take(code)
      if (code) seen.set(code, now)
    }
    setTimeout(look, 120)
  }
  look()
}

function stopCamera(button) {
  for (const track of stream.getTracks()) track.stop()
  stream = null
  part('video').hidden = true
  button.setAttribute('aria-pressed', 'false')
  field.focus()
}

restore()
offerMute()
offerCamera()
field.focus()
tellConnection()
send()
