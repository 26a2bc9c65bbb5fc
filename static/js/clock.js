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

  /** Milliseconds since the cluster's epoch. While playing never more than 1.5 s (wall) past the last message. */
  now() {
    if (!this.playing) return this.base;
    return this.base + Math.min(this.wall() - this.at, 1500) * this.speed;
  }
}
