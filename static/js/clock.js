/** Virtual time between two clock messages: what the server said last, carried on by the wall clock. */
export class Clock {
  constructor(wall = () => performance.now()) {
    this.wall = wall;
    this.set({ now: 0, playing: false, speed: 1 });
  }

  set({ now, playing, speed }) {
    this.base = now ?? this.now();
    this.at = this.wall();
    this.playing = playing ?? this.playing;
    this.speed = speed ?? this.speed;
  }

  /** Milliseconds since the cluster's epoch; while playing the wall clock carries it on at the chosen speed. */
  now() {
    return this.playing ? this.base + (this.wall() - this.at) * this.speed : this.base;
  }
}
