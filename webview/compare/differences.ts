// What differs between the configurations of several runs. Pure.
import { flatten, valueText } from '../details/flatten';

export interface Difference {
  readonly path: string;
  /** By run, in their order. */
  readonly values: readonly string[];
}

/** Settings that are not the same in all runs, by path. */
export function differences(configurations: readonly Readonly<Record<string, unknown>>[]): Difference[] {
  const flat = configurations.map((configuration) => flatten(configuration));
  const paths = [...new Set(flat.flatMap((one) => [...one.keys()]))].sort();
  return paths.flatMap((path) => {
    const values = flat.map((one) => valueText(one.get(path)));
    return new Set(values).size > 1 ? [{ path, values }] : [];
  });
}
