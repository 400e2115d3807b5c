// Beside the pointer, when it rests on a row's outcome: the newest group in short. It stays while the pointer is on it,
// and Escape takes it away.
import type { ViewedGroup } from '../../backend/protocol/rows-view';
import { rowHover } from './row-detail';
import { rowOf } from './row-grid';

const restMs = 350;
const leaveMs = 200;

export class OutcomeHover {
  private shown: HTMLElement | undefined;
  private row: number | undefined;
  private timer = 0;

  constructor(
    grid: HTMLElement,
    private readonly read: (row: number) => Promise<ViewedGroup | undefined>,
  ) {
    grid.addEventListener('pointerover', ({ target, clientX, clientY }) => {
      const isOutcome =
        target instanceof Element && target.classList.contains('row-outcome') && target.textContent !== '';
      const row = isOutcome ? rowOf(target) : undefined;
      if (row === undefined) this.hideSoon();
      else if (row !== this.row || !this.shown) this.showSoon(row, clientX, clientY);
    });
    grid.addEventListener('pointerleave', () => this.hideSoon());
    grid.addEventListener('scroll', () => this.hide());
  }

  hide(): void {
    clearTimeout(this.timer);
    this.shown?.remove();
    this.shown = undefined;
    this.row = undefined;
  }

  private hideSoon(): void {
    clearTimeout(this.timer);
    this.row = undefined;
    this.timer = window.setTimeout(() => this.hide(), leaveMs);
  }

  private showSoon(row: number, x: number, y: number): void {
    clearTimeout(this.timer);
    this.row = row;
    this.timer = window.setTimeout(() => void this.show(row, x, y), restMs);
  }

  private async show(row: number, x: number, y: number): Promise<void> {
    const group = await this.read(row).catch(() => undefined); // opening the row says why
    if (this.row !== row || !group) return;
    this.shown?.remove();
    const shown = rowHover(group);
    shown.addEventListener('pointerenter', () => clearTimeout(this.timer));
    shown.addEventListener('pointerleave', () => this.hideSoon());
    document.body.append(shown);
    const { width, height } = shown.getBoundingClientRect();
    const below = y + 16 + height <= window.innerHeight;
    shown.style.setProperty('--x', `${Math.max(Math.min(x, window.innerWidth - width - 8), 8)}px`);
    shown.style.setProperty('--y', `${below ? y + 16 : Math.max(y - 16 - height, 8)}px`);
    this.shown = shown;
  }
}
