// What all charts of a run share: the steps shown, the step chosen, and how one is chosen or zoomed to.

export type StepRange = readonly [number, number];

export class Timeline {
  /** Zoomed to these steps; null: the whole run. */
  range: StepRange | null = null;
  lastStep = 0;
  chosen: number | undefined;
  readonly #redraw = new Set<() => void>();

  /** @param onChoose a step was clicked or reached by key; @param onZoom the person marked a range */
  constructor(
    private readonly onChoose: (step: number, open: boolean) => void,
    private readonly onZoom: (range: StepRange | null) => void,
  ) {}

  /** Limits of the x axis. */
  get shown(): StepRange {
    const [from, to] = this.range ?? [1, Math.max(this.lastStep, 1)];
    return [from - 0.5, to + 0.5];
  }

  /** @param open also show its samples */
  choose(step: number, open: boolean): void {
    this.chosen = Math.min(Math.max(1, Math.round(step)), Math.max(1, this.lastStep));
    for (const redraw of this.#redraw) redraw();
    this.onChoose(this.chosen, open);
  }

  zoom(range: StepRange | null): void {
    if (range === null) {
      this.onZoom(null);
      return;
    }
    const from = Math.max(1, Math.round(range[0]));
    const to = Math.min(this.lastStep, Math.round(range[1]));
    if (to > from) this.onZoom([from, to]);
  }

  onChange(redraw: () => void): () => void {
    this.#redraw.add(redraw);
    return () => this.#redraw.delete(redraw);
  }
}
