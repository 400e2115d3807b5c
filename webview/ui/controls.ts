// The basic controls, by the webview UI toolkit. Its only importer: the toolkit is archived, and a swap for
// @vscode-elements/elements ends here (never load both, they share tag names).
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type Child, element } from './element';
import { type IconName, icon } from './icons';

export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeProgressRing(),
    vsCodeTextField(),
  );
}

export interface ButtonOptions {
  readonly label: string;
  readonly icon?: IconName;
  /** Shows the icon alone; the label is its name and tooltip. */
  readonly iconOnly?: boolean;
  readonly appearance?: 'primary' | 'secondary' | 'icon';
  readonly onClick: () => void;
}

export function button({ label, icon: name, iconOnly, appearance = 'secondary', onClick }: ButtonOptions): HTMLElement {
  const made = element(
    'vscode-button',
    {
      appearance: iconOnly ? 'icon' : appearance,
      title: iconOnly ? label : undefined,
      'aria-label': label,
      onclick: onClick,
    },
    iconOnly ? undefined : label,
  );
  if (name) {
    const drawn = icon(name);
    if (!iconOnly) drawn.setAttribute('slot', 'start');
    made.append(drawn);
  }
  return made;
}

export function setDisabled(control: HTMLElement, disabled: boolean): void {
  control.toggleAttribute('disabled', disabled);
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** A select with a visible label before it. */
export function dropdown(label: string, choices: readonly Choice[], onChange: (value: string) => void): HTMLElement {
  const control = element(
    'vscode-dropdown',
    { 'aria-label': label },
    ...choices.map((choice) => element('vscode-option', { value: choice.value }, choice.label)),
  );
  control.addEventListener('change', () => onChange(valueIn(control)));
  return element('label', { class: 'labelled' }, element('span', {}, label), control);
}

export function checkbox(label: string, checked: boolean, onChange: (checked: boolean) => void): HTMLElement {
  const control = element('vscode-checkbox', { checked }, label);
  control.addEventListener('change', () => onChange('checked' in control && control.checked === true));
  return control;
}

export interface TextFieldOptions {
  readonly label: string;
  readonly placeholder?: string;
  readonly size?: number;
  /** At Enter, or when the field is left with a changed value. */
  readonly onCommit?: (value: string) => void;
  /** At each Enter, with a changed value or not. */
  readonly onEnter?: (value: string) => void;
}

export function textField({ label, placeholder, size, onCommit, onEnter }: TextFieldOptions): HTMLElement {
  // The toolkit names the field by its content alone; the style sheet hides that, as a label stands or is evident.
  const control = element('vscode-text-field', { placeholder, size }, label);
  if (onCommit) control.addEventListener('change', () => onCommit(valueIn(control)));
  if (onEnter) {
    control.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') onEnter(valueIn(control));
    });
  }
  return control;
}

export function valueIn(control: HTMLElement): string {
  return 'value' in control && typeof control.value === 'string' ? control.value : '';
}

export function setValue(control: HTMLElement, value: string): void {
  if ('value' in control) control.value = value;
}

export function progressRing(label: string): HTMLElement {
  return element('vscode-progress-ring', { 'aria-label': label });
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly content: HTMLElement;
}

/** Tabs with the toolkit's keyboard handling and roles. */
export class Panels {
  readonly element: HTMLElement;
  readonly #tabs = new Map<string, { tab: HTMLElement; badge: HTMLElement }>();
  #active: string;

  readonly #onShow: (id: string) => void;

  constructor(label: string, panels: readonly Panel[], onShow: (id: string) => void) {
    this.#onShow = onShow;
    this.#active = panels[0]?.id ?? '';
    const children: Child[] = [];
    for (const { id, title } of panels) {
      const badge = element('span', { class: 'tab-count', hidden: true });
      const tab = element('vscode-panel-tab', { id: `tab-${id}` }, title, badge);
      this.#tabs.set(id, { tab, badge });
      children.push(tab);
    }
    for (const { id, content } of panels) children.push(element('vscode-panel-view', { id: `view-${id}` }, content));
    this.element = element('vscode-panels', { 'aria-label': label, activeid: `tab-${this.#active}` }, ...children);
    this.element.addEventListener('change', () => {
      // The attribute follows later than the property.
      if ('activeid' in this.element) this.#select(String(this.element.activeid).replace(/^tab-/, ''));
    });
  }

  get active(): string {
    return this.#active;
  }

  show(id: string): void {
    this.element.setAttribute('activeid', `tab-${id}`);
    this.#select(id);
  }

  #select(id: string): void {
    if (id === this.#active || !this.#tabs.has(id)) return;
    this.#active = id;
    this.#onShow(id);
  }

  /** A number after the title; 0: none. */
  setCount(id: string, count: number, name: string): void {
    const badge = this.#tabs.get(id)?.badge;
    if (!badge) return;
    badge.hidden = count === 0;
    badge.textContent = String(count);
    badge.setAttribute('aria-label', `${count} ${name}`);
  }
}
