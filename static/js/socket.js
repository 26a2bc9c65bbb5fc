/** The one WebSocket of a page: JSON both ways, acknowledgements, reconnection at 1, 2, 4, 8, 15 s with jitter. */
const NOT_YOURS = 4404; // the server's word for "no such cluster of yours": trying again would not help
const WAITS = [1000, 2000, 4000, 8000, 15000];

export class Socket {
  /** on: message(object) · state("connecting" | "live" | "lost" | "gone", seconds until the next try). */
  constructor(path, on) {
    this.path = path;
    this.on = on;
    this.tries = 0;
    this.received = 0;
    this.socket = null;
    this.connect();
    addEventListener("online", () => this.retryNow());
    addEventListener("pagehide", () => this.socket?.close());
    addEventListener("pageshow", (event) => event.persisted && this.retryNow());
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.timer);
    this.on.state("connecting", 0);
    const address = new URL(this.path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(address);
    this.socket.addEventListener("open", () => {
      this.tries = 0;
      this.received = 0;
      this.on.state("live", 0);
    });
    this.socket.addEventListener("message", (event) => this.take(event.data));
    this.socket.addEventListener("close", (event) => (event.code === NOT_YOURS ? this.on.state("gone", 0) : this.lost()));
  }

  take(data) {
    const message = JSON.parse(data);
    if (!this.received) setTimeout(() => this.acknowledge(), 8);
    this.received += 1;
    for (const one of Array.isArray(message) ? message : [message]) this.on.message(one);
  }

  acknowledge() {
    const n = this.received;
    this.received = 0;
    if (n) this.send({ type: "ack", n });
  }

  lost() {
    const wait = WAITS[Math.min(this.tries, WAITS.length - 1)] * (0.85 + Math.random() * 0.3);
    this.tries += 1;
    this.on.state("lost", Math.round(wait / 1000));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  retryNow() {
    if (this.socket.readyState === WebSocket.CLOSED) this.connect();
  }

  /** Sends; false when there is no connection. */
  send(message) {
    if (!this.open) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }
}
