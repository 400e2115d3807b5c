// Batches to the page: soon after a change, never a second one before the page has taken the first, nothing left out.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostMessage } from '../../../../backend/protocol/dashboard';
import { PageBatches } from '../../../../extension/dashboard/page-batches';

describe('batches', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Changes are numbers; `sent` has those of each batch, a batch's end as its number in words. */
  function page(waitMs = () => 40) {
    const pending: number[] = [];
    const sent: (number | string)[] = [];
    const batches = new PageBatches({
      waitMs,
      collect: () => pending.splice(0).map((id): HostMessage => ({ kind: 'refused', id, message: '' })),
      post: (message) => {
        if (message.kind === 'refused') sent.push(message.id);
        if (message.kind === 'batchEnd') sent.push(`end ${message.batch}`);
      },
    });
    const change = (id: number) => {
      pending.push(id);
      batches.changed();
    };
    return { batches, sent, change };
  }

  it('wait for more changes, and for the page', () => {
    const { batches, sent, change } = page();
    change(1);
    change(2);
    vi.advanceTimersByTime(39);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual([1, 2, 'end 1']);
    change(3);
    vi.advanceTimersByTime(60_000);
    change(4);
    expect(sent).toHaveLength(3);
    batches.taken(1);
    vi.advanceTimersByTime(40);
    expect(sent).toEqual([1, 2, 'end 1', 3, 4, 'end 2']);
    batches.taken(2);
    vi.advanceTimersByTime(60_000);
    expect(sent).toHaveLength(6);
  });

  it('that are asked for at once do not wait, and only the last one counts as taken', () => {
    const { batches, sent, change } = page();
    change(1);
    vi.advanceTimersByTime(40);
    change(2);
    batches.postNow();
    expect(sent).toEqual([1, 'end 1', 2, 'end 2']);
    change(3);
    batches.taken(1);
    vi.advanceTimersByTime(40);
    expect(sent).toHaveLength(4);
    batches.taken(2);
    vi.advanceTimersByTime(40);
    expect(sent.slice(4)).toEqual([3, 'end 3']);
  });

  it('with nothing to tell are not sent, and hold nothing up', () => {
    const { batches, sent, change } = page();
    batches.changed();
    vi.advanceTimersByTime(40);
    expect(sent).toEqual([]);
    change(1);
    vi.advanceTimersByTime(40);
    expect(sent).toEqual([1, 'end 1']);
  });

  it('come by a shorter wait when it has changed, and no more once disposed', () => {
    let wait = 400;
    const { batches, sent, change } = page(() => wait);
    change(1);
    wait = 40;
    batches.waitAnew();
    vi.advanceTimersByTime(40);
    expect(sent).toEqual([1, 'end 1']);
    batches.taken(1);
    change(2);
    batches.dispose();
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(2);
  });
});
