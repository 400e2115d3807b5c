// One step of a sequence of QuickPicks: a back button, a line under the active item that is worked out while the
// person looks at it, and items that open something else first ("Browse…").
import * as vscode from 'vscode';

export interface StepItem<T> extends vscode.QuickPickItem {
  /** Undefined for separators. */
  readonly value?: T;
}

export interface Step<T> {
  readonly title: string;
  readonly placeholder: string;
  readonly number: number;
  readonly of: number;
  readonly items: readonly StepItem<T>[] | Promise<readonly StepItem<T>[]>;
  /** A line about an item: mapping, rows, what is wrong. */
  readonly preview?: (value: T, signal: AbortSignal) => Promise<string | undefined>;
}

export type StepResult<T> = { readonly kind: 'picked'; readonly value: T } | { readonly kind: 'back' } | undefined;

const previewDelayMs = 100;

/** Undefined: the person pressed Escape. */
export async function pickStep<T>(step: Step<T>): Promise<StepResult<T>> {
  const pick = vscode.window.createQuickPick<StepItem<T>>();
  pick.title = step.title;
  pick.placeholder = step.placeholder;
  pick.step = step.number;
  pick.totalSteps = step.of;
  pick.matchOnDescription = true;
  pick.ignoreFocusOut = true;
  pick.keepScrollPosition = true;
  if (step.number > 1) pick.buttons = [vscode.QuickInputButtons.Back];
  const previews = new Previews(pick, step.preview);
  try {
    pick.busy = true;
    pick.show();
    const done = new Promise<StepResult<T>>((resolve) => {
      pick.onDidAccept(() => {
        const value = pick.selectedItems[0]?.value;
        if (value !== undefined) resolve({ kind: 'picked', value });
      });
      pick.onDidTriggerButton(() => resolve({ kind: 'back' }));
      pick.onDidHide(() => resolve(undefined));
      pick.onDidChangeActive(([item]) => previews.show(item));
    });
    pick.items = await step.items;
    pick.busy = false;
    return await done;
  } finally {
    previews.dispose();
    pick.dispose();
  }
}

class Previews<T> {
  private readonly known = new Map<T, string>();
  private timer: NodeJS.Timeout | undefined;
  private asking: AbortController | undefined;

  constructor(
    private readonly pick: vscode.QuickPick<StepItem<T>>,
    private readonly preview: Step<T>['preview'],
  ) {}

  show(item: StepItem<T> | undefined): void {
    const value = item?.value;
    if (!this.preview || value === undefined || this.known.has(value)) return;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.timer = setTimeout(() => void this.ask(value), previewDelayMs);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  private async ask(value: T): Promise<void> {
    const asking = new AbortController();
    this.asking = asking;
    this.pick.busy = true;
    const line = await this.preview?.(value, asking.signal);
    if (asking.signal.aborted) return;
    this.pick.busy = false;
    if (line === undefined) return;
    this.known.set(value, line);
    const items = this.pick.items.map((item) => (item.value === value ? { ...item, detail: line } : item));
    const active = items.find((item) => item.value === value);
    this.pick.items = items;
    if (active) this.pick.activeItems = [active];
  }
}

/** A heading between items. */
export function separator<T>(label: string): StepItem<T> {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
