// The reward of a fixture file under a debugger, with one of its cases as input.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import { readRewardFixture } from '../../protocol/reward-fixture';
import { fixtureSample } from '../../rewards/run-fixtures';
import type { Computation } from './computation';
import { debuggedOutcomes } from './debug-reward';

export const debugFixture: Computation<'debugFixture'> = async ({ fixtureFile, case: index, settings }, report) => {
  const { fixture } = readRewardFixture(readFileSync(fixtureFile, 'utf8'), fixtureFile);
  const one = fixture.cases[index];
  if (!one) {
    throw new SuperRlError('usage', `This fixture has no case ${index + 1}: it has ${fixture.cases.length}.`, {
      place: { file: fixtureFile },
    });
  }
  if (fixture.file === undefined) {
    throw new SuperRlError('usage', `The reward "${fixture.use}" is built in: its code is not in a file of yours.`, {
      place: { file: fixtureFile },
    });
  }
  const baseFolder = dirname(fixtureFile);
  const rewardFile = resolve(baseFolder, fixture.file);
  const samples = [fixtureSample(one, 0)];
  return debuggedOutcomes({ rewardFile, export: fixture.export, baseFolder, settings, samples }, report);
};
