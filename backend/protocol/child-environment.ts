// The environment of every child process: an allow-list (no tokens, no editor internals), and
// ELECTRON_RUN_AS_NODE exactly when the child's executable is the editor's own.

/** What the child is: only the trainer, and the server that starts it, need the GPU's variables. */
export type ChildKind = 'reward' | 'trainer' | 'server';

export type Environment = Readonly<Record<string, string | undefined>>;

const everyChild = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'LANG',
  'LC_*',
  'TMP',
  'TEMP',
  'TMPDIR',
  'SystemRoot',
  'APPDATA',
  'LOCALAPPDATA',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
];
// XDG_STATE_HOME: what the set-up of TensorFlow made and the server's record lie in the state folder.
const withGpu = [...everyChild, 'CUDA_*', 'NVIDIA_*', 'VK_*', 'TF_*', 'LD_LIBRARY_PATH', 'HF_HOME', 'XDG_STATE_HOME'];
const allowed: { readonly [Kind in ChildKind]: readonly string[] } = {
  reward: everyChild,
  trainer: withGpu,
  server: withGpu,
};

/**
 * The allowed part of `env`. On Windows names are compared without regard to case and keep their spelling.
 * `editorExecutable`: the child runs on the editor's own (Electron) executable; see runsOnEditor.
 */
export function childEnvironment(
  kind: ChildKind,
  platform: NodeJS.Platform,
  env: Environment,
  { editorExecutable = false }: { editorExecutable?: boolean } = {},
): Record<string, string> {
  const spelling = (name: string) => (platform === 'win32' ? name.toUpperCase() : name);
  const names = allowed[kind].map(spelling);
  const allows = (name: string) =>
    names.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && allows(spelling(name))) result[name] = value;
  }
  if (editorExecutable) result.ELECTRON_RUN_AS_NODE = '1';
  return result;
}

/** Whether an executable is the editor's: this process runs on Electron, and the child would too. */
export function runsOnEditor(
  executable: string,
  self: { readonly execPath: string; readonly versions: Environment } = process,
): boolean {
  return self.versions.electron !== undefined && executable === self.execPath;
}
