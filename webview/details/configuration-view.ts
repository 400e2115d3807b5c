// The configuration that the run stored, with every default explicit, by section; and where and with what it ran.
import type { DashboardAction, WebviewMessage } from '../../backend/protocol/dashboard';
import { button, textField } from '../ui/controls';
import { element } from '../ui/element';
import { flatten, valueText } from './flatten';

export class ConfigurationView {
  readonly element: HTMLElement;
  readonly #actions = element('div', { class: 'toolbar' });
  readonly #body = element('div', {});
  #record: Readonly<Record<string, unknown>> = {};
  #end: Readonly<Record<string, unknown>> | undefined;
  #wanted = '';

  constructor(private readonly post: (message: WebviewMessage) => void) {
    const search = textField({ label: 'Find a setting', placeholder: 'Find a setting', onCommit: () => undefined });
    search.addEventListener('input', () => {
      this.#wanted = 'value' in search ? String(search.value).toLowerCase() : '';
      this.#draw();
    });
    this.element = element(
      'div',
      { class: 'details' },
      element('div', { class: 'bar' }, search, this.#actions),
      this.#body,
    );
  }

  show(record: Readonly<Record<string, unknown>>, end: Readonly<Record<string, unknown>> | undefined): void {
    this.#record = record;
    this.#end = end;
    this.#draw();
  }

  setActions(actions: readonly DashboardAction[]): void {
    this.#actions.replaceChildren(
      ...(actions.includes('openConfiguration')
        ? [button({ label: 'Open as JSON', icon: 'open', onClick: () => this.post({ kind: 'openConfiguration' }) })]
        : []),
      ...(actions.includes('revealFolder')
        ? [button({ label: 'Reveal run folder', icon: 'folder', onClick: () => this.post({ kind: 'revealFolder' }) })]
        : []),
    );
  }

  #draw(): void {
    const { config, ...about } = this.#record;
    const sections = [
      ...sectionsOf(config, 'run file'),
      ...sectionsOf(this.#end && { end: this.#end }, 'end'),
      ...sectionsOf(about, 'about'),
    ].flatMap(({ title, entries }) => {
      const found = entries.filter(([path, value]) =>
        `${title}.${path} ${valueText(value)}`.toLowerCase().includes(this.#wanted),
      );
      return found.length > 0 ? [section(title, found)] : [];
    });
    const empty =
      Object.keys(this.#record).length === 0
        ? 'The stored configuration is being read…'
        : `No setting matches “${this.#wanted}”.`;
    this.#body.replaceChildren(
      ...(sections.length > 0
        ? [element('div', { class: 'settings' }, ...sections)]
        : [element('p', { class: 'empty' }, empty)]),
    );
  }
}

type Entries = readonly (readonly [string, unknown])[];

/** One section for each object at the top, and one for all plain values there. */
function sectionsOf(value: unknown, plainTitle: string): { title: string; entries: Entries }[] {
  if (typeof value !== 'object' || value === null) return [];
  const plain: [string, unknown][] = [];
  const sections: { title: string; entries: Entries }[] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null) sections.push({ title: key, entries: [...flatten(inner)] });
    else plain.push([key, inner]);
  }
  return plain.length > 0 ? [{ title: plainTitle, entries: plain }, ...sections] : sections;
}

function section(title: string, entries: Entries): HTMLElement {
  const rows = entries.map(([path, value]) =>
    element('div', {}, element('dt', {}, path), element('dd', {}, valueText(value))),
  );
  return element('section', { 'aria-label': title }, element('h3', {}, title), element('dl', {}, ...rows));
}
