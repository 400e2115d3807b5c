// Event listeners without `vscode`, so that the parts that have no user interface run in plain unit tests.

export interface Subscription {
  dispose(): void;
}

export class Listeners<T> {
  private readonly callbacks = new Set<(value: T) => void>();

  readonly on = (callback: (value: T) => void): Subscription => {
    this.callbacks.add(callback);
    return { dispose: () => void this.callbacks.delete(callback) };
  };

  fire(value: T): void {
    for (const callback of [...this.callbacks]) callback(value);
  }
}
