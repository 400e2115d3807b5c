// The dashboard of one run: header, switch strip, and below them charts, samples, alarms, checkpoints, configuration.

import type { DashboardAction, DashboardHeader, DashboardMarks, HostMessage } from '../backend/protocol/dashboard';
import { appendSeries, type RunSeries } from '../backend/protocol/run-series';
import type { RewardComponent } from './charts/chart-kinds';
import { RunCharts } from './charts/run-charts';
import { SwitchStrip, stripColumns } from './charts/switch-strip';
import { Timeline } from './charts/timeline';
import { AlarmsView } from './details/alarms-view';
import { CheckpointsView } from './details/checkpoints-view';
import { ConfigurationView } from './details/configuration-view';
import { AlarmBanner } from './header/alarm-banner';
import { RunHeader } from './header/run-header';
import { situationOf } from './header/situation';
import { StartUp } from './header/start-up';
import type { Host } from './host';
import { SamplesView } from './samples/samples-view';
import { checkbox, Panels } from './ui/controls';
import { element } from './ui/element';

const syncKey = 'superrl-run';
/** Charts are drawn anew at most this often. */
const drawEveryMs = 100;
/** Going through steps by key reads samples only where one stays. */
const settleMs = 150;

export class RunView {
  readonly element: HTMLElement;
  readonly #timeline: Timeline;
  readonly #header: RunHeader;
  readonly #banner: AlarmBanner;
  readonly #startUp = new StartUp();
  readonly #strip: SwitchStrip;
  readonly #charts: RunCharts;
  readonly #samples: SamplesView;
  readonly #alarms: AlarmsView;
  readonly #checkpoints: CheckpointsView;
  readonly #configuration: ConfigurationView;
  readonly #panels: Panels;
  readonly #content: HTMLElement;
  #actions: readonly DashboardAction[] = [];
  #restricted = false;
  #shownHeader: DashboardHeader | undefined;
  #series: RunSeries | undefined;
  #marks: DashboardMarks = { evaluations: [], alarms: [], checkpoints: [], probes: [], log: [] };
  #evaluateEvery: number | undefined;
  #drawAt = 0;
  #drawTimer = 0;
  #settleTimer = 0;
  #chartsStale = false;

  constructor(host: Host) {
    const post = host.post.bind(host);
    const goTo = (step: number) => {
      this.#timeline.choose(step, true);
      // An alarm leads to the samples: they get the whole window.
      this.#panels.element.scrollIntoView({ block: 'start' });
    };
    this.#timeline = new Timeline(
      (step, open) => this.#chosen(step, open),
      (range) => post({ kind: 'setRange', range: range === null ? null : [range[0], range[1]] }),
    );
    const readTable = (columns: readonly string[], fromStep: number, limit: number) =>
      host.request({ kind: 'readTable', columns: [...columns], fromStep, limit });
    this.#header = new RunHeader(post);
    this.#banner = new AlarmBanner(goTo);
    this.#strip = new SwitchStrip(this.#timeline, syncKey, { columns: () => stripColumns, read: readTable });
    this.#charts = new RunCharts(this.#timeline, syncKey, readTable);
    this.#samples = new SamplesView(host, (step) => this.#timeline.choose(step, true));
    this.#alarms = new AlarmsView(goTo);
    this.#checkpoints = new CheckpointsView(post);
    this.#configuration = new ConfigurationView(post);
    const smooth = checkbox('Smooth lines', true, (checked) => this.#charts.setLook({ smooth: checked }));
    const hint = 'Click: samples of the step · drag: zoom · double-click: whole run';
    const waiting = element('p', { class: 'empty waiting' }, 'Charts appear after the first step.');
    this.#panels = new Panels(
      'Run',
      [
        {
          id: 'charts',
          title: 'Charts',
          content: element(
            'div',
            {},
            element('div', { class: 'bar look' }, smooth, element('span', { class: 'hint' }, hint)),
            waiting,
            this.#charts.element,
          ),
        },
        { id: 'samples', title: 'Samples', content: this.#samples.element },
        { id: 'alarms', title: 'Alarms and log', content: this.#alarms.element },
        { id: 'checkpoints', title: 'Checkpoints', content: this.#checkpoints.element },
        { id: 'configuration', title: 'Configuration', content: this.#configuration.element },
      ],
      (id) => this.#shown(id),
    );
    this.#content = element('div', { class: 'run-content' }, this.#strip.element, this.#panels.element);
    this.element = element(
      'div',
      { class: 'run' },
      this.#header.element,
      this.#banner.element,
      this.#startUp.element,
      this.#content,
    );
    this.#alarms.show(this.#marks);
    this.#showSituation();
  }

  handle(message: HostMessage): void {
    switch (message.kind) {
      case 'init':
        this.#actions = message.actions;
        this.#restricted = message.restricted;
        this.#samples.setInit(message.actions, message.maxSamplesShown);
        this.#configuration.setActions(message.actions);
        this.#showMarks();
        this.#showHeader();
        return;
      case 'header':
        this.#shownHeader = message.header;
        this.#showHeader();
        return;
      case 'series':
        this.#timeline.range = message.range;
        this.#setSeries(message.series);
        return;
      case 'append':
        this.#setSeries(this.#series ? appendSeries(this.#series, message.series) : message.series);
        return;
      case 'marks':
        this.#marks = message.marks;
        this.#showMarks();
        return;
      case 'configuration':
        this.#setConfiguration(message.record, message.end);
        return;
      default:
        return;
    }
  }

  rebuild(): void {
    this.#strip.rebuild();
    this.#charts.rebuild();
  }

  #showHeader(): void {
    if (!this.#shownHeader) return;
    this.#header.show(this.#shownHeader, this.#actions, this.#restricted);
    this.#showSituation();
  }

  #showSituation(): void {
    const situation = situationOf(this.#shownHeader, (this.#series?.lastStep ?? 0) > 0);
    this.#startUp.element.hidden = situation === undefined;
    // Configuration and log can be read before there is a step; the strip has nothing to show then.
    this.#strip.element.hidden = situation !== undefined;
    this.#content.classList.toggle('without-steps', situation !== undefined);
    this.#content.hidden = this.#shownHeader === undefined;
    if (situation) this.#startUp.show(situation, this.#shownHeader?.activity?.sinceMs);
  }

  #showMarks(): void {
    const { alarms, checkpoints, evaluations } = this.#marks;
    this.#strip.setMarks(this.#marks);
    this.#charts.setEvaluations(evaluations, this.#evaluateEvery);
    this.#alarms.show(this.#marks);
    const kept = this.#checkpoints.show(checkpoints, evaluations, this.#actions);
    const kinds = new Set(alarms.map(({ kind }) => kind)).size;
    this.#panels.setCount('alarms', kinds, kinds === 1 ? 'kind of alarm' : 'kinds of alarms');
    this.#panels.setCount('checkpoints', kept, kept === 1 ? 'checkpoint' : 'checkpoints');
    this.#banner.show(alarms);
  }

  #setSeries(series: RunSeries): void {
    this.#series = series;
    this.#timeline.lastStep = series.lastStep;
    this.#showSituation();
    this.#samples.setLastStep(series.lastStep);
    const wait = Math.max(0, this.#drawAt + drawEveryMs - performance.now());
    this.#drawTimer ||= window.setTimeout(() => requestAnimationFrame(() => this.#draw()), wait);
  }

  #draw(): void {
    this.#drawTimer = 0;
    if (!this.#series) return;
    this.#drawAt = performance.now();
    this.#strip.setSeries(this.#series);
    this.#chartsStale = this.#panels.active !== 'charts';
    if (!this.#chartsStale) this.#charts.setSeries(this.#series);
  }

  #setConfiguration(
    record: Readonly<Record<string, unknown>>,
    end: Readonly<Record<string, unknown>> | undefined,
  ): void {
    this.#configuration.show(record, end);
    const config = objectOf(record.config);
    const every = objectOf(config.eval).every;
    this.#evaluateEvery = typeof every === 'number' ? every : undefined;
    this.#header.setAskedEngine(typeof config.engine === 'string' ? config.engine : undefined);
    const { keep } = objectOf(config.checkpoint);
    this.#checkpoints.setKept(typeof keep === 'number' ? keep : undefined);
    this.#charts.setComponents(componentsOf(config.rewards));
    this.#showMarks();
    this.#showHeader();
  }

  #chosen(step: number, open: boolean): void {
    clearTimeout(this.#settleTimer);
    if (open) this.#panels.show('samples');
    if (open || this.#panels.active === 'samples') {
      this.#settleTimer = window.setTimeout(() => void this.#samples.showStep(step), open ? 0 : settleMs);
    }
  }

  #shown(id: string): void {
    if (id === 'charts' && this.#chartsStale) this.#draw();
    const { lastStep, chosen } = this.#timeline;
    if (id !== 'samples' || lastStep === 0) return;
    const step = chosen ?? lastStep;
    if (this.#samples.step !== step) this.#timeline.choose(step, true);
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function componentsOf(rewards: unknown): RewardComponent[] {
  if (!Array.isArray(rewards)) return [];
  return rewards.flatMap((reward) => {
    const { name, role } = objectOf(reward);
    return typeof name === 'string' && (role === 'correctness' || role === 'shaping') ? [{ name, role }] : [];
  });
}
