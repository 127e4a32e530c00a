// Search works in a worker, and browsers start none for a page that is opened as a file. There an empty frame takes its
// place: it has the same two ways to speak, and is given what is said to it once its script has been read.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(script) {
      super()
      this.waiting = []
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      const inside = frame.contentWindow
      // What the script says is heard here.
      inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      inside.importScripts = (...scripts) => scripts.forEach(each => this.load(inside, new URL(each, script)))
      this.load(inside, script).onload = () => {
        this.heard = inside
        this.waiting.splice(0).forEach(data => this.postMessage(data))
      }
    }

    load(inside, script) {
      const element = inside.document.createElement("script")
      element.src = script
      element.async = false
      inside.document.body.append(element)
      return element
    }

    postMessage(data) {
      if (this.heard) this.heard.dispatchEvent(new MessageEvent("message", { data }))
      else this.waiting.push(data)
    }
  }
}
