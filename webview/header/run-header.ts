// The head of the dashboard: which run this is, its state, how far it is, on what it runs, and the controls.
import type { DashboardAction, DashboardHeader, WebviewMessage } from '../../backend/protocol/dashboard';
import { button } from '../ui/controls';
import { element, nodes, setText } from '../ui/element';
import { type IconName, icon } from '../ui/icons';
import { progressTexts } from './progress-text';
import { type ControlAction, controlsOf, stateNames } from './run-state';

const controls: Readonly<Record<ControlAction, { label: string; icon: IconName }>> = {
  pause: { label: 'Pause', icon: 'pause' },
  resume: { label: 'Resume', icon: 'play' },
  stop: { label: 'Stop', icon: 'stop' },
  checkpoint: { label: 'Save checkpoint now', icon: 'save' },
};

export class RunHeader {
  readonly element: HTMLElement;
  readonly #name = element('h1', {});
  readonly #state = element('span', { class: 'state', role: 'status' });
  readonly #method = element('span', { class: 'fact' });
  readonly #engine = element('span', { class: 'fact engine', tabindex: '0' });
  readonly #connection = element('span', { class: 'fact connection', role: 'alert', hidden: true });
  readonly #progress = element('div', {
    class: 'progress',
    role: 'progressbar',
    'aria-label': 'Budget used',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
  });
  readonly #bar = element('div', { class: 'progress-bar' });
  readonly #facts = element('div', { class: 'facts' });
  readonly #reason = element('p', { class: 'reason', hidden: true });
  readonly #buttons = new Map<ControlAction, HTMLElement>();
  readonly #compare: HTMLElement;
  readonly #log: HTMLElement;
  #askedEngine: string | undefined;

  constructor(post: (message: WebviewMessage) => void) {
    this.#progress.append(this.#bar);
    const toolbar = element('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Run' });
    for (const action of ['pause', 'resume', 'stop', 'checkpoint'] as const) {
      const made = button({
        ...controls[action],
        appearance: action === 'resume' ? 'primary' : 'secondary',
        onClick: () => post({ kind: 'control', action }),
      });
      this.#buttons.set(action, made);
      toolbar.append(made);
    }
    this.#compare = button({ label: 'Compare…', icon: 'compare', onClick: () => post({ kind: 'compareRuns' }) });
    this.#log = button({ label: 'Show log', icon: 'open', onClick: () => post({ kind: 'showLog' }) });
    toolbar.append(this.#compare, this.#log);
    this.element = element(
      'header',
      { class: 'run-header' },
      element(
        'div',
        { class: 'title-row' },
        this.#name,
        this.#state,
        this.#method,
        this.#engine,
        this.#connection,
        toolbar,
      ),
      element('div', { class: 'progress-row' }, this.#progress, this.#facts),
      this.#reason,
    );
  }

  show(header: DashboardHeader, actions: readonly DashboardAction[], restricted: boolean): void {
    setText(this.#name, header.name || 'Run');
    const { state } = header;
    this.#state.className = `state state-${state}`;
    setText(this.#state, stateNames[state]);
    this.#state.title = header.reason ?? '';
    setText(this.#method, header.method);
    this.#method.hidden = header.method === '';
    this.#showEngine(header);
    this.#showConnection(header);
    this.#showProgress(header);
    const can = controlsOf(header);
    for (const [action, made] of this.#buttons) made.hidden = !can.has(action) || !actions.includes(action);
    this.#compare.hidden = !actions.includes('compareRuns');
    this.#log.hidden = !(state === 'failed' || state === 'damaged') || !actions.includes('showLog');
    const notes = [
      // The end of a budget is told by the facts above.
      state === 'finished' ? '' : (header.reason ?? ''),
      restricted ? 'Restricted mode: trust this workspace to control the run.' : '',
    ].filter((text) => text !== '');
    this.#reason.hidden = notes.length === 0;
    setText(this.#reason, notes.join(' '));
  }

  /** What the run file asks for; another engine than that is a fallback, and said to be one. */
  setAskedEngine(asked: string | undefined): void {
    this.#askedEngine = asked;
  }

  #showEngine({ engine, engineReason }: DashboardHeader): void {
    const asked = this.#askedEngine;
    const fallback = asked !== undefined && asked !== 'auto' && asked !== engine;
    this.#engine.hidden = engine === '';
    const label = [engine, engineReason ?? ''].filter((text) => text !== '').join(': ');
    if (this.#engine.getAttribute('aria-label') === `Engine ${label}`) return;
    this.#engine.setAttribute('aria-label', `Engine ${label}`);
    this.#engine.classList.toggle('fallback', fallback);
    const reason = engineReason === undefined ? undefined : element('span', { class: 'engine-reason' }, engineReason);
    this.#engine.replaceChildren(...nodes([fallback && icon('warning'), engine, reason]));
  }

  #showConnection({ connection }: DashboardHeader): void {
    const words = { connected: '', connecting: 'Reconnecting to the backend…', lost: 'No connection to the backend' };
    this.#connection.hidden = connection.state === 'connected';
    const text = connection.message ?? words[connection.state];
    if (this.#connection.textContent !== text) this.#connection.replaceChildren(icon('warning'), text);
  }

  #showProgress(header: DashboardHeader): void {
    const percent = Math.round(100 * Math.min(1, Math.max(0, header.progress)));
    this.#bar.style.width = `${percent}%`;
    this.#progress.setAttribute('aria-valuenow', String(percent));
    const texts = progressTexts(header);
    this.#progress.setAttribute('aria-valuetext', texts.join(', '));
    while (this.#facts.children.length > texts.length) this.#facts.lastChild?.remove();
    texts.forEach((text, index) => {
      const place = this.#facts.children[index];
      if (place instanceof HTMLElement) setText(place, text);
      else this.#facts.append(element('span', {}, text));
    });
  }
}
