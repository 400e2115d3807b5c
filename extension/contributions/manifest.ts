// package.json's part that VS Code reads, made from the typed sources beside this file. Words that people read go to
// package.nls.json, under keys made from their place, so that a translation is one more file.
import { type CommandContribution, commandIds, commands } from './commands';
import { menus } from './menus';
import { restrictedSettings, type SettingContribution, settings } from './settings';
import { taskType } from './task';
import { customEditors, dashboardViewType, viewContainer, views, viewsWelcome } from './views';
import { walkthrough } from './walkthrough';

const iconPath = 'media/superrl.svg';
/** Written by the build from the zod schema that the backend checks with. */
const runFileSchemaPath = './dist/run-file.schema.json';
const fixtureSchemaPath = './dist/reward-fixture.schema.json';

function contributes(): Record<string, unknown> {
  return {
    commands: commandIds.map((command) => {
      const { title, icon, enablement }: CommandContribution = commands[command];
      return { command, title, category: 'SuperRL', ...(icon ? { icon } : {}), ...(enablement ? { enablement } : {}) };
    }),
    menus: menus(),
    viewsContainers: { activitybar: [{ id: viewContainer, title: 'SuperRL', icon: iconPath }] },
    views: { [viewContainer]: Object.entries(views).map(([id, view]) => ({ id, ...view, icon: iconPath })) },
    viewsWelcome,
    customEditors,
    configuration: {
      title: 'SuperRL',
      properties: Object.fromEntries(
        Object.entries(settings).map(([id, { restricted: _, ...setting }]: [string, SettingContribution], order) => [
          id,
          { ...setting, order },
        ]),
      ),
    },
    configurationDefaults: {
      'files.watcherExclude': { '**/runs/*/{samples,checkpoints}/**': true },
      'search.exclude': { '**/runs/*/{samples,checkpoints}/**': true },
    },
    languages: [{ id: 'jsonc', extensions: ['.superrl.json', '.reward.json'] }],
    jsonValidation: [
      { fileMatch: '*.superrl.json', url: runFileSchemaPath },
      { fileMatch: '*.reward.json', url: fixtureSchemaPath },
    ],
    taskDefinitions: [taskType],
    walkthroughs: [
      {
        id: walkthrough.id,
        title: walkthrough.title,
        description: walkthrough.description,
        steps: walkthrough.steps.map(({ markdown, ...step }) => ({ ...step, media: { markdown } })),
      },
    ],
  };
}

export interface Manifest {
  /** Fields of package.json. */
  readonly fields: Record<string, unknown>;
  /** package.nls.json. */
  readonly words: Record<string, string>;
}

export function createManifest(): Manifest {
  const words: Record<string, string> = {};
  const fields = {
    main: './dist/extension.cjs',
    extensionKind: ['workspace'],
    activationEvents: [
      `onWebviewPanel:${dashboardViewType}`,
      'workspaceContains:**/*.superrl.json',
      'workspaceContains:**/runs/*/run.json',
    ],
    capabilities: {
      untrustedWorkspaces: {
        supported: 'limited',
        description:
          'In restricted mode runs can be looked at. Training, rewards, Python and set-up need a trusted workspace, and paths from its settings are ignored.',
        restrictedConfigurations: restrictedSettings,
      },
      virtualWorkspaces: {
        supported: false,
        description: 'Training reads and writes real files and starts processes, which virtual workspaces do not have.',
      },
    },
    contributes: withWordsApart(contributes(), 'contributes', words),
  };
  return { fields: withWordsApart(fields, '', words) as Record<string, unknown>, words };
}

const wordFields = new Set([
  'title',
  'name',
  'contextualTitle',
  'displayName',
  'contents',
  'description',
  'markdownDescription',
  'enumDescriptions',
]);

/** The value with every text that a person reads replaced by its %key%. */
function withWordsApart(value: unknown, place: string, words: Record<string, string>): unknown {
  if (Array.isArray(value)) {
    return value.map((entry, index) => withWordsApart(entry, `${place}.${nameOf(entry) ?? index}`, words));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const at = key === 'contributes' || key === 'properties' ? place : place === '' ? key : `${place}.${key}`;
      if (!wordFields.has(key)) return [key, withWordsApart(inner, at, words)];
      if (Array.isArray(inner)) return [key, inner.map((text, index) => apart(`${at}.${index}`, String(text), words))];
      return [key, typeof inner === 'string' ? apart(at, inner, words) : withWordsApart(inner, at, words)];
    }),
  );
}

function apart(place: string, text: string, words: Record<string, string>): string {
  if (text.startsWith('%')) return text;
  const key = place.replace(/^contributes\./, '').replaceAll('superrl.', '');
  if (words[key] !== undefined && words[key] !== text) throw new Error(`Two texts for ${key}`);
  words[key] = text;
  return `%${key}%`;
}

/** What a list's entry is called in keys: commands and views keep their keys when another is put before them. */
function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  for (const field of ['command', 'id', 'type', 'viewType']) {
    const value = Reflect.get(entry, field);
    if (typeof value === 'string') return value;
  }
  return undefined;
}
