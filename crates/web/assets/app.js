// What a script adds to pages that work without one.
import { initAll } from './vendor/govuk-frontend/govuk-frontend.min.js'

/** A region that the server redraws while a job goes on; `done` loads the page afresh. */
function followProgress(region) {
  const events = new EventSource(region.dataset.progress)
  events.addEventListener('progress', event => {
    region.innerHTML = event.data
  })
  events.addEventListener('done', event => {
    events.close()
    if (event.data) window.location.assign(event.data)
    else window.location.reload()
  })
  window.addEventListener('pagehide', () => events.close())
}

/** A button that copies the text of the element whose id it names. */
function offerCopy(button) {
  const source = document.getElementById(button.dataset.copy)
  if (!source || !navigator.clipboard) return
  const label = button.textContent
  const said = document.createElement('span')
  said.className = 'govuk-visually-hidden'
  said.setAttribute('role', 'status')
  button.after(said)
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(source.textContent.trim())
    button.textContent = 'Copied'
    said.textContent = 'Copied'
    setTimeout(() => {
      button.textContent = label
      said.textContent = ''
    }, 3000)
  })
}

/** Only a table that does scroll needs a stop for the keyboard. */
function stopWhereItScrolls(region) {
  const look = () => {
    if (region.scrollWidth > region.clientWidth) region.tabIndex = 0
    else region.removeAttribute('tabindex')
  }
  new ResizeObserver(look).observe(region)
  look()
}

initAll()
document.querySelectorAll('[data-progress]').forEach(followProgress)
document.querySelectorAll('[data-copy]').forEach(offerCopy)
document.querySelectorAll('.app-scroll').forEach(stopWhereItScrolls)
