// Which function of a reward file is meant, and which of the two signatures it has.

export type RewardFunction = (...parameters: unknown[]) => unknown;

/** The functions of a module by export name, those on a CommonJS default object included. */
export function exportedFunctions(module: object): Map<string, RewardFunction> {
  const functions = new Map<string, RewardFunction>();
  const collect = (holder: object) => {
    for (const [name, value] of Object.entries(holder)) {
      if (typeof value === 'function' && !functions.has(name)) functions.set(name, value);
    }
  };
  collect(module);
  const main = 'default' in module ? module.default : undefined;
  if (typeof main === 'object' && main !== null) collect(main);
  functions.delete('module.exports');
  return functions;
}

/** The named export; without a name the default export, else the only one. */
export function chooseExport(
  functions: ReadonlyMap<string, RewardFunction>,
  wanted: string | undefined,
): { name: string; function: RewardFunction } | { problem: string } {
  const names = [...functions.keys()];
  const name = wanted ?? (functions.has('default') ? 'default' : names.length === 1 ? names[0] : undefined);
  const chosen = name === undefined ? undefined : functions.get(name);
  if (name !== undefined && chosen) return { name, function: chosen };
  if (names.length === 0) return { problem: 'This file exports no function. Export the reward function.' };
  const list = names.join(', ');
  return {
    problem:
      wanted === undefined
        ? `This file exports several functions (${list}). Say which with "export" in the run file.`
        : `This file exports no function "${wanted}". It exports ${list}; correct "export" in the run file.`,
  };
}

/**
 * batched: two or more parameters, (prompts, completions, columns); perCompletion: one, (sample). A
 * property `batched` (true or false) on the function decides where counting can't (rest, defaults).
 */
export function signatureOf(reward: RewardFunction): 'perCompletion' | 'batched' {
  const stated = 'batched' in reward ? reward.batched : undefined;
  const batched = typeof stated === 'boolean' ? stated : reward.length >= 2;
  return batched ? 'batched' : 'perCompletion';
}
