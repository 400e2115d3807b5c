// Which run used a reward file, also after its folder was moved.
import { describe, expect, it } from 'vitest';
import { fileRewards, RunRewards } from '../../../../extension/rewards/run-rewards';

const record = {
  runFile: '/made/here/a.superrl.json',
  config: {
    rewards: [
      { name: 'solved', role: 'correctness', file: 'solved.reward.ts', export: 'solved' },
      { name: 'form', role: 'shaping', use: 'format' },
    ],
  },
};

describe('file rewards of a run', () => {
  it('are those with a file, beside the run file', () => {
    const found = fileRewards('/runs/r1', record, () => false);
    expect(found).toEqual([
      { run: '/runs/r1', component: 'solved', file: '/made/here/solved.reward.ts', export: 'solved' },
    ]);
  });

  it('are found beside the run that was moved with its folder', () => {
    const [found] = fileRewards('/moved/runs/r1', record, (path) => path === '/moved/solved.reward.ts');
    expect(found?.file).toBe('/moved/solved.reward.ts');
  });

  it('finds the newest run that used a function, and asks each run once', async () => {
    let asked = 0;
    const request = async (_method: string, { run }: { run: string }) => {
      asked++;
      const other = { ...record, config: { rewards: [{ name: 'other', role: 'correctness', file: 'other.ts' }] } };
      return { record: run === '/x/runs/new' ? other : record };
    };
    const runs = ['/x/runs/new', '/x/runs/old'].map((run) => ({ run, state: 'finished' }));
    const rewards = new RunRewards({ connection: { request } as never, runs: () => runs as never });
    expect((await rewards.newest('/made/here/solved.reward.ts', 'solved'))?.run).toBe('/x/runs/old');
    expect(await rewards.newest('/made/here/solved.reward.ts', 'another')).toBeUndefined();
    // Without "export" the only function is meant.
    expect((await rewards.newest('/made/here/other.ts', 'anything', true))?.run).toBe('/x/runs/new');
    expect(await rewards.newest('/made/here/other.ts', 'anything', false)).toBeUndefined();
    expect(asked).toBe(2);
  });
});
