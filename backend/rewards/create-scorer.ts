// A run's scorer: built-in components are scored in this process, user functions in the reward hosts.
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment, runsOnEditor } from '../protocol/child-environment';
import { SuperRlError } from '../protocol/errors';
import type { RewardConfig } from '../protocol/run-config';
import type { RewardOutcome } from '../protocol/sample';
import { makeBuiltIn } from './built-in/built-in-rewards';
import type { HostLanguage, HostLaunch } from './host/host-process';
import { RewardHost } from './host/reward-host';
import type { RewardSample, StoredScorer } from './scorer';

/** The bundled hosts. typescript-hook.mjs must lie beside the Node host. */
export interface HostFiles {
  readonly node: string;
  readonly python: string;
}

/** For debugging reward functions: the same hosts and loader, started under a debugger, without time limits. */
export interface ScorerDebugging {
  /** Arguments before the host's file, such as `--inspect-brk=127.0.0.1:0`. */
  readonly nodeArguments?: readonly string[];
  /** Such as `-m debugpy --listen 127.0.0.1:5678 --wait-for-client`. */
  readonly pythonArguments?: readonly string[];
  /** Gets the inspector's ws:// address when a Node host listens. */
  readonly onInspector?: (url: string) => void;
}

export interface ScorerOptions {
  readonly rewards: readonly RewardConfig[];
  /** Folder that reward files are relative to, and that they run in: that of the run file. */
  readonly baseFolder: string;
  /** Default: the executable of this process. */
  readonly nodePath?: string | undefined;
  /** Default: python3, on Windows python, from the PATH. */
  readonly pythonPath?: string | undefined;
  /** Largest resident size of a host with its children; default 1024. */
  readonly memoryMb?: number | undefined;
  /** Time limit of one call in milliseconds, in place of each reward's own. */
  readonly timeoutMs?: number | undefined;
  /** Default: beside the running bundle. */
  readonly hostFiles?: HostFiles | undefined;
  readonly debugging?: ScorerDebugging | undefined;
}

/** One component's scoring; never throws for what a reward function does. */
interface ComponentScorer {
  readonly score: (samples: readonly RewardSample[]) => Promise<RewardOutcome[]>;
  /** Only where a host scores. */
  readonly scoreStored?: StoredScorer['scoreStored'];
}

/** Throws SuperRlError: config for options, reward (with the place) for a function that can't be loaded. */
export async function createScorer(options: ScorerOptions): Promise<StoredScorer> {
  const hosts = new Map<HostLanguage, RewardHost>();
  const close = async () => {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  };
  const hostOf = (language: HostLanguage) => {
    const host = hosts.get(language) ?? startable(language, options);
    hosts.set(language, host);
    return host;
  };
  const scorers: ComponentScorer[] = [];
  try {
    for (const reward of options.rewards) {
      const limited = { ...reward, timeoutMs: options.timeoutMs ?? reward.timeoutMs };
      scorers.push(await componentOf(limited, options.baseFolder, hostOf));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    components: options.rewards.map(({ name, weight, role }) => ({ name, weight, role })),
    async score(samples) {
      const byComponent = await Promise.all(scorers.map((scorer) => scorer.score(samples)));
      return samples.map((_, index) => byComponent.flatMap((outcomes) => outcomes[index] ?? []));
    },
    async scoreStored(stored) {
      const [only] = scorers.length === 1 ? scorers : [];
      return only?.scoreStored?.(stored);
    },
    close,
  };
}

async function componentOf(
  reward: RewardConfig,
  baseFolder: string,
  hostOf: (language: HostLanguage) => RewardHost,
): Promise<ComponentScorer> {
  if (reward.use !== undefined) {
    const scoreSample = makeBuiltIn(reward.name, reward.use, reward.options, reward.timeoutMs);
    return { score: async (samples) => samples.map(scoreSample) };
  }
  const file = resolve(baseFolder, reward.file ?? '');
  if (reward.options !== undefined)
    throw new SuperRlError(
      'config',
      `Reward "${reward.name}": options are for built-in rewards; ${reward.file} is yours, so put them in the file.`,
    );
  if (!existsSync(file))
    throw new SuperRlError(
      'reward',
      `Reward "${reward.name}": there is no such file. Paths are relative to the run file.`,
      {
        place: { file },
      },
    );
  const host = hostOf(languageOf(reward.name, file));
  const userFunction = await host.load(file, reward.export);
  return {
    score: (samples) => host.score(userFunction, samples, reward.timeoutMs),
    scoreStored: (stored) => host.scoreStored(userFunction, stored, reward.timeoutMs),
  };
}

const languages: Readonly<Record<string, HostLanguage>> = {
  '.ts': 'node',
  '.mts': 'node',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.py': 'python',
};

function languageOf(name: string, file: string): HostLanguage {
  const language = languages[extname(file).toLowerCase()];
  if (language) return language;
  throw new SuperRlError(
    'reward',
    `Reward "${name}": files of type "${extname(file)}" can't hold rewards. Use ${Object.keys(languages).join(', ')}.`,
    { place: { file } },
  );
}

/** A host that starts its process when first used. */
function startable(language: HostLanguage, options: ScorerOptions): RewardHost {
  const { debugging, memoryMb = 1024 } = options;
  const files = options.hostFiles ?? bundledHosts();
  const script = files[language];
  if (!existsSync(script))
    throw new SuperRlError(
      'internal',
      'The reward host is missing from the installation. Build it with npm run build.',
      {
        place: { file: script },
      },
    );
  const [command, own] =
    language === 'node'
      ? [
          options.nodePath ?? process.execPath,
          [`--max-old-space-size=${memoryMb}`, ...(debugging?.nodeArguments ?? [])],
        ]
      : [
          options.pythonPath ?? (process.platform === 'win32' ? 'python' : 'python3'),
          ['-X', 'utf8', ...(debugging?.pythonArguments ?? [])],
        ];
  const launch: HostLaunch = {
    language,
    command,
    commandArguments: [...own, script],
    workingFolder: options.baseFolder,
    env: childEnvironment('reward', process.platform, process.env, {
      editorExecutable: language === 'node' && runsOnEditor(command),
    }),
    onInspector: debugging?.onInspector,
  };
  return new RewardHost(launch, memoryMb, debugging === undefined);
}

function bundledHosts(): HostFiles {
  const beside = (name: string) => fileURLToPath(new URL(`./${name}`, import.meta.url));
  return { node: beside('reward-host.mjs'), python: beside('python_host.py') };
}
