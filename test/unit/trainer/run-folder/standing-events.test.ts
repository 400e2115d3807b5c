import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { RunEvent } from '../../../../backend/protocol/events';
import { dropSuperseded } from '../../../../backend/protocol/run-history';
import { readStandingEvents } from '../../../../backend/trainer/run-folder/standing-events';

const folder = mkdtempSync(join(tmpdir(), 'superrl-standing-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps what dropSuperseded keeps, for any history of resumes', () => {
  const moment = fc.record({ resumed: fc.boolean(), step: fc.integer({ min: 0, max: 6 }) });
  let run = 0;
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 30 }), (moments) => {
      const events = moments.map(({ resumed, step }, index): RunEvent => {
        const head = { seq: index + 1, ts: 0 };
        if (resumed) return { ...head, type: 'resumed', data: { fromStep: step } };
        return { ...head, type: 'note', data: { step, level: 'info', message: '' } };
      });
      const runFolder = join(folder, String(run++));
      mkdirSync(runFolder);
      writeFileSync(join(runFolder, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      expect([...readStandingEvents(runFolder)]).toEqual(dropSuperseded(events));
    }),
  );
});
