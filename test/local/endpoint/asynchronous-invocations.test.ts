import { describe, expect, it, vi } from 'vitest';
import type { AsynchronousInvocationDeclaration } from '../../../local/declarations.ts';
import { asynchronousInvocations } from '../../../local/endpoint/asynchronous-invocations.ts';
import type { Invocation } from '../../../local/invocation.ts';
import { fakeClock } from '../../support/clock.ts';

const MINUTE = 60_000;
const SWEEP = 'arn:aws:lambda:us-east-1:000000000000:function:Parley-Sweep';
const failed: Invocation = { ok: false, errorType: 'Error', errorMessage: 'thrown' };

/** Until everything that is only waiting for promises has run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Invocations that end as the given outcomes say, one after the other, and then succeed. */
function fixture(outcomes: readonly Invocation[] = [], settings: Partial<AsynchronousInvocationDeclaration>[] = []) {
  const clock = fakeClock();
  const start = clock.now();
  const activity = { note: vi.fn(), warn: vi.fn(), detail: vi.fn() };
  const tries: { readonly at: number; readonly event: unknown }[] = [];
  const invocations = asynchronousInvocations(
    settings.map((one) => ({ functionArn: SWEEP, maximumRetries: 2, maximumAgeMs: 360 * MINUTE, ...one })),
    {
      clock,
      activity,
      async invoke(_functionArn, event) {
        tries.push({ at: clock.now() - start, event });
        return outcomes[tries.length - 1] ?? { ok: true, payload: null };
      },
    },
  );
  /** Lets time pass, and what it wakes come to its end. */
  const pass = async (ms: number) => {
    await settled();
    clock.advance(ms);
    await settled();
  };
  const enqueue = (event: unknown) => invocations.enqueue(SWEEP, event, 'schedule Rule');
  return { clock, activity, tries, invocations, pass, enqueue, times: () => tries.map(({ at }) => at) };
}

describe('an event that nobody waits for', () => {
  it('reaches its function at once, and once', async () => {
    const { enqueue, tries, pass, clock, activity } = fixture();
    enqueue({ n: 1 });
    await pass(10 * MINUTE);
    expect(tries).toEqual([{ at: 0, event: { n: 1 } }]);
    expect(clock.next).toBeUndefined();
    expect(activity.warn).not.toHaveBeenCalled();
  });

  it('does not wait for another', () => {
    const { enqueue, tries } = fixture();
    enqueue(1);
    enqueue(2);
    expect(tries.map(({ event }) => event)).toEqual([1, 2]);
  });
});

describe('an event whose function fails', () => {
  it('is tried twice more, after a minute and after two, the same', async () => {
    const { enqueue, tries, pass, activity } = fixture([failed, failed]);
    enqueue('e');
    await pass(MINUTE);
    await pass(2 * MINUTE);
    expect(tries).toEqual([
      { at: 0, event: 'e' },
      { at: MINUTE, event: 'e' },
      { at: 3 * MINUTE, event: 'e' },
    ]);
    expect(activity.note.mock.calls).toEqual([
      ['schedule Rule → Parley-Sweep: tried again in 60 s'],
      ['schedule Rule → Parley-Sweep: tried again in 120 s'],
    ]);
    expect(activity.warn).not.toHaveBeenCalled();
  });

  it('is given up after the third try, which is told', async () => {
    const { enqueue, pass, times, clock, activity } = fixture([failed, failed, failed]);
    enqueue('e');
    await pass(MINUTE);
    await pass(2 * MINUTE);
    expect(times()).toEqual([0, MINUTE, 3 * MINUTE]);
    expect(clock.next).toBeUndefined();
    expect(activity.warn.mock.calls).toEqual([['schedule Rule → Parley-Sweep: given up after 3 of 3 tries']]);
  });

  it('is tried as often as the template says', async () => {
    const { enqueue, pass, times, activity } = fixture([failed], [{ maximumRetries: 0 }]);
    enqueue('e');
    await pass(10 * MINUTE);
    expect(times()).toEqual([0]);
    expect(activity.warn.mock.calls).toEqual([['schedule Rule → Parley-Sweep: given up after 1 of 1 tries']]);
  });

  it('is given up when it would be older than the template says', async () => {
    const { enqueue, pass, times, activity } = fixture([failed, failed], [{ maximumAgeMs: 2 * MINUTE }]);
    enqueue('e');
    await pass(MINUTE);
    await pass(10 * MINUTE);
    expect(times()).toEqual([0, MINUTE]);
    expect(activity.warn.mock.calls).toEqual([['schedule Rule → Parley-Sweep: given up after 2 of 3 tries']]);
  });

  it('is treated by the settings of its own function', async () => {
    const { enqueue, pass, times } = fixture([failed], [{ functionArn: `${SWEEP}-Other`, maximumRetries: 0 }]);
    enqueue('e');
    await pass(MINUTE);
    expect(times()).toEqual([0, MINUTE]);
  });
});

describe('the end of the server', () => {
  it('drops what waits to be tried again, and tells how much', async () => {
    const { enqueue, invocations, pass, times, clock, activity } = fixture([failed, failed]);
    enqueue(1);
    enqueue(2);
    await pass(0);
    invocations.stop();
    expect(clock.next).toBeUndefined();
    await pass(MINUTE);
    expect(times()).toEqual([0, 0]);
    expect(activity.warn.mock.calls).toEqual([['asynchronous invocations that failed and are not tried again: 2']]);
  });

  it('takes nothing any more, and tells nothing of what it cut off', async () => {
    const { enqueue, invocations, pass, tries, clock, activity } = fixture([failed]);
    enqueue(1);
    invocations.stop();
    enqueue(2);
    await pass(0);
    expect(tries).toHaveLength(1);
    expect(clock.next).toBeUndefined();
    expect(activity.warn).not.toHaveBeenCalled();
  });
});
