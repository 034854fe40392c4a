import { describe, expect, test } from 'bun:test';
import { encodeData } from '../../../src/dlms/axdr.ts';
import {
  type ImageAnswer,
  type ImageOutcome,
  type ImageStep,
  type ImageTransferPlan,
  transferImage,
} from '../../../src/dlms/cosem/image-transfer.ts';
import {
  IMAGE_STATUS,
  type ImageProgress,
  type ImageStore,
  imageTransferObject,
} from '../../../src/dlms/cosem/image-transfer-object.ts';
import { createLogicalDevice, FULL_RIGHTS } from '../../../src/dlms/cosem/object-model.ts';
import type { DlmsData } from '../../../src/dlms/data.ts';
import type { Caller, LogicalDevice } from '../../../src/dlms/server-types.ts';
import {
  boolean,
  enumeration,
  i8,
  octetString,
  octetText,
  structure,
  u8,
  u32,
} from '../../../src/dlms/values.ts';
import { codeOf } from '../mutation.ts';

const OBIS = '0.0.44.0.0.255';
const NAME = new TextEncoder().encode('fw-2.1');
const IMAGE = Uint8Array.from({ length: 250 }, (_, i) => i);
const CALLER: Caller = { clientAddress: 1, auth: 'none', peer: { clientAddress: 1, serverAddress: 1 } };

/** Keeps an image in memory; verification and activation end as the test says. */
class MemoryStore implements ImageStore {
  bytes = new Uint8Array(0);
  writes = 0;
  full = false;
  verifying: ImageProgress[] = ['done'];
  activating: ImageProgress[] = ['done'];
  #name = new Uint8Array(0);

  begin({ identifier, size }: { identifier: Uint8Array; size: number }): boolean {
    this.#name = identifier.slice();
    this.bytes = new Uint8Array(size);
    return true;
  }

  write(offset: number, bytes: Uint8Array): boolean {
    if (this.full) return false;
    this.writes++;
    this.bytes.set(bytes, offset);
    return true;
  }

  verify(): ImageProgress {
    return this.verifying.shift() ?? 'failed';
  }

  activate(): ImageProgress {
    return this.activating.shift() ?? 'failed';
  }

  ready() {
    return [{ identifier: this.#name, size: this.bytes.length, signature: Uint8Array.of(9) }];
  }
}

function deviceOf(store: ImageStore, enabled = true): LogicalDevice {
  return createLogicalDevice({
    address: 1,
    systemTitle: new Uint8Array(8),
    name: 'meter',
    objects: [
      imageTransferObject({
        obis: OBIS,
        store,
        blockSize: 100,
        maxImageSize: 10_000,
        enabled: () => enabled,
      }),
    ],
    associations: [{ clientAddress: 1, auth: 'none', policy: 'none', rights: FULL_RIGHTS }],
    nextInvocationCounter: () => 1,
    acceptInvocationCounter: () => true,
  });
}

function get(device: LogicalDevice, attribute: number) {
  return device.handle({ type: 'get', attribute: { classId: 18, obis: OBIS, attribute } }, CALLER);
}

function value(device: LogicalDevice, attribute: number): Uint8Array | undefined {
  return get(device, attribute)?.data;
}

function act(device: LogicalDevice, method: number, parameter?: DlmsData): string | undefined {
  const request = { type: 'action', method: { classId: 18, obis: OBIS, attribute: method } } as const;
  return device.handle({ ...request, ...(parameter ? { parameter } : {}) }, CALLER)?.result;
}

const block = (number: number, bytes: Uint8Array): DlmsData => structure(u32(number), octetString(bytes));
const initiate = (size: number): DlmsData => structure(octetString(NAME), u32(size));
const status = (name: keyof typeof IMAGE_STATUS): Uint8Array => encodeData(enumeration(IMAGE_STATUS[name]));

describe('the object', () => {
  test('takes blocks in any order and says which have come', () => {
    const store = new MemoryStore();
    const device = deviceOf(store);
    expect(value(device, 6)).toEqual(status('not-initiated'));
    expect(value(device, 2)).toEqual(encodeData(u32(100)));
    expect(act(device, 1, initiate(IMAGE.length))).toBe('success');
    expect(value(device, 6)).toEqual(status('initiated'));
    expect(act(device, 2, block(2, IMAGE.subarray(200)))).toBe('success');
    expect(value(device, 3)).toEqual(Uint8Array.of(0x04, 3, 0b0010_0000));
    expect(value(device, 4)).toEqual(encodeData(u32(0)));
    expect(act(device, 2, block(0, IMAGE.subarray(0, 100)))).toBe('success');
    expect(value(device, 4)).toEqual(encodeData(u32(1)));
    expect(act(device, 3, i8(0))).toBe('other-reason');
    expect(act(device, 2, block(1, IMAGE.subarray(100, 200)))).toBe('success');
    expect(act(device, 2, block(1, IMAGE.subarray(100, 200)))).toBe('success');
    expect(value(device, 3)).toEqual(Uint8Array.of(0x04, 3, 0b1110_0000));
    expect(value(device, 4)).toEqual(encodeData(u32(3)));
    expect(store.bytes).toEqual(IMAGE);
  });

  test('verification and activation may take their time, and show in the status', () => {
    const store = new MemoryStore();
    store.verifying = ['running', 'running', 'done'];
    store.activating = ['running', 'failed', 'done'];
    const device = deviceOf(store);
    act(device, 1, initiate(50));
    act(device, 2, block(0, IMAGE.subarray(0, 50)));
    expect(value(device, 7)).toEqual(Uint8Array.of(1, 0));
    expect(act(device, 4, i8(0))).toBe('other-reason');
    expect(act(device, 3, i8(0))).toBe('temporary-failure');
    expect(value(device, 6)).toEqual(status('verification-initiated'));
    expect(act(device, 3, i8(0))).toBe('success');
    expect(value(device, 6)).toEqual(status('verification-successful'));
    expect(value(device, 7)).toEqual(
      encodeData({
        type: 'array',
        elements: [structure(u32(50), octetString(NAME), octetString(Uint8Array.of(9)))],
      }),
    );
    expect(act(device, 4, i8(0))).toBe('temporary-failure');
    expect(value(device, 6)).toEqual(status('activation-failed'));
    expect(act(device, 4, i8(0))).toBe('success');
    expect(value(device, 6)).toEqual(status('activation-successful'));
    expect(act(device, 2, block(0, IMAGE.subarray(0, 50)))).toBe('other-reason');
  });

  test('a verification that failed may be tried again, and names no image', () => {
    const store = new MemoryStore();
    store.verifying = ['failed', 'done'];
    const device = deviceOf(store);
    act(device, 1, initiate(1));
    act(device, 2, block(0, Uint8Array.of(1)));
    expect(act(device, 3, i8(0))).toBe('other-reason');
    expect(value(device, 6)).toEqual(status('verification-failed'));
    expect(value(device, 7)).toEqual(Uint8Array.of(1, 0));
    expect(act(device, 3, i8(0))).toBe('success');
  });

  test('refuses what does not fit, and keeps nothing of it', () => {
    const store = new MemoryStore();
    const device = deviceOf(store);
    expect(act(device, 2, block(0, new Uint8Array(100)))).toBe('other-reason');
    for (const size of [0, 10_001]) expect(act(device, 1, initiate(size))).toBe('other-reason');
    for (const wrong of [undefined, u8(1), structure(octetText('a')), structure(u32(1), u32(1))]) {
      expect(act(device, 1, wrong)).toBe('type-unmatched');
      expect(act(device, 2, wrong)).toBe('type-unmatched');
    }
    act(device, 1, initiate(150));
    expect(act(device, 2, block(2, new Uint8Array(0)))).toBe('other-reason');
    expect(act(device, 2, block(0, new Uint8Array(99)))).toBe('other-reason');
    expect(act(device, 2, block(1, new Uint8Array(100)))).toBe('other-reason');
    store.full = true;
    expect(act(device, 2, block(0, new Uint8Array(100)))).toBe('temporary-failure');
    expect(store.writes).toBe(0);
    expect(value(device, 4)).toEqual(encodeData(u32(0)));
  });

  test('switched off, it does nothing', () => {
    const device = deviceOf(new MemoryStore(), false);
    expect(value(device, 5)).toEqual(encodeData(boolean(false)));
    for (const method of [1, 2, 3, 4]) expect(act(device, method, i8(0))).toBe('read-write-denied');
  });
});

const PLAN: ImageTransferPlan = { obis: OBIS, identifier: NAME, image: IMAGE, pollMs: 50, polls: 3 };

interface Run {
  readonly steps: readonly ImageStep[];
  readonly outcome: ImageOutcome;
}

/** Runs a transfer against a device; `spoil` may answer in its place. */
function run(
  device: LogicalDevice,
  plan: ImageTransferPlan,
  spoil: (step: ImageStep, index: number) => ImageAnswer | undefined = () => undefined,
): Run {
  const transfer = transferImage(plan);
  const steps: ImageStep[] = [];
  let next = transfer.next();
  while (next.done !== true) {
    const step = next.value;
    const answer = spoil(step, steps.length) ?? answerOf(device, step);
    steps.push(step);
    if (steps.length > 1000) throw new Error('no end');
    next = transfer.next(answer);
  }
  return { steps, outcome: next.value };
}

function answerOf(device: LogicalDevice, step: ImageStep): ImageAnswer {
  if (step.type === 'wait') return { type: 'waited' };
  if (step.type === 'action') {
    return { type: 'action', result: act(device, step.method.attribute, step.parameter) ?? 'no answer' };
  }
  const { result, data } = get(device, step.attribute.attribute) ?? { result: 'no answer' };
  return { type: 'get', result: data === undefined ? { ok: false, result } : { ok: true, data } };
}

const isBlock = (step: ImageStep, number?: number): boolean => {
  if (step.type !== 'action' || step.method.attribute !== 2 || step.parameter.type !== 'structure')
    return false;
  const [first] = step.parameter.elements;
  return number === undefined || (first?.type === 'double-long-unsigned' && first.value === number);
};

describe('the transfer', () => {
  test('goes from initiation to activation', () => {
    const store = new MemoryStore();
    const { steps, outcome } = run(deviceOf(store), PLAN);
    expect(outcome).toEqual({ blockSize: 100, blocksSent: 3, activated: true });
    expect(store.bytes).toEqual(IMAGE);
    const named = steps.map((step) =>
      step.type === 'wait'
        ? 'wait'
        : step.type === 'get'
          ? `get ${step.attribute.attribute}`
          : `do ${step.method.attribute}`,
    );
    expect(named).toEqual([
      'get 5',
      'get 2',
      'do 1',
      'do 2',
      'do 2',
      'do 2',
      'get 4',
      'do 3',
      'get 7',
      'do 4',
    ]);
  });

  test('what the meter misses is sent again', () => {
    const store = new MemoryStore();
    let lost = false;
    const { outcome } = run(deviceOf(store), PLAN, (step) => {
      if (lost || !isBlock(step, 1)) return undefined;
      lost = true;
      return { type: 'action', result: 'temporary-failure' };
    });
    expect(outcome.blocksSent).toBe(5);
    expect(store.bytes).toEqual(IMAGE);
  });

  test('a meter that never takes a block ends it', () => {
    const never = (step: ImageStep): ImageAnswer | undefined =>
      isBlock(step, 2) ? { type: 'action', result: 'hardware-fault' } : undefined;
    const store = new MemoryStore();
    expect(codeOf(() => run(deviceOf(store), { ...PLAN, repairs: 2 }, never))).toBe('exception-response');
    expect(store.writes).toBe(2);
  });

  test('an interrupted transfer goes on where it stopped', () => {
    const store = new MemoryStore();
    store.verifying = ['done', 'done'];
    const device = deviceOf(store);
    const stopped = (step: ImageStep): undefined => {
      if (isBlock(step, 2)) throw new Error('the line is gone');
      return undefined;
    };
    expect(() => run(device, PLAN, stopped)).toThrow('the line is gone');
    const { steps, outcome } = run(device, { ...PLAN, resume: true, activate: false });
    expect(outcome).toEqual({ blockSize: 100, blocksSent: 1, activated: false });
    expect(steps.filter((step) => isBlock(step))).toHaveLength(1);
    expect(store.bytes).toEqual(IMAGE);
    expect(run(device, { ...PLAN, resume: true }).outcome.blocksSent).toBe(3);
  });

  test('waits for verification and activation', () => {
    const store = new MemoryStore();
    store.verifying = ['running', 'running', 'done'];
    store.activating = ['running', 'done'];
    const { steps } = run(deviceOf(store), PLAN);
    // The method itself asks once, each look at the status once more.
    expect(steps.filter((step) => step.type === 'wait')).toEqual([
      { type: 'wait', ms: 50 },
      { type: 'wait', ms: 50 },
      { type: 'wait', ms: 50 },
    ]);
    expect([store.verifying, store.activating]).toEqual([[], []]);
  });

  test('every way that it can fail has its code', () => {
    const endless = new MemoryStore();
    endless.verifying = Array.from({ length: 20 }, () => 'running' as const);
    expect(codeOf(() => run(deviceOf(endless), PLAN))).toBe('link-timeout');
    const bad = new MemoryStore();
    bad.verifying = ['running', 'failed'];
    expect(codeOf(() => run(deviceOf(bad), PLAN))).toBe('exception-response');
    const stuck = new MemoryStore();
    stuck.activating = ['failed'];
    expect(codeOf(() => run(deviceOf(stuck), PLAN))).toBe('exception-response');
    expect(codeOf(() => run(deviceOf(new MemoryStore(), false), PLAN))).toBe('unsupported');
    const tooLong = { ...PLAN, image: new Uint8Array(10_001) };
    expect(codeOf(() => run(deviceOf(new MemoryStore()), tooLong))).toBe('exception-response');
  });

  test('an answer of another type, or of another image, ends it', () => {
    const cases: readonly (readonly [number, DlmsData, string])[] = [
      [2, u8(100), 'type-mismatch'],
      [2, u32(0), 'type-mismatch'],
      [4, u8(0), 'type-mismatch'],
      [5, u8(1), 'type-mismatch'],
      [7, u8(1), 'type-mismatch'],
      [7, { type: 'array', elements: [structure(u32(250), octetText('other'), octetText(''))] }, 'conflict'],
      [7, { type: 'array', elements: [u8(1)] }, 'conflict'],
    ];
    for (const [attribute, answer, code] of cases) {
      const spoil = (step: ImageStep): ImageAnswer | undefined =>
        step.type === 'get' && step.attribute.attribute === attribute
          ? { type: 'get', result: { ok: true, data: encodeData(answer) } }
          : undefined;
      expect(codeOf(() => run(deviceOf(new MemoryStore()), PLAN, spoil))).toBe(code);
    }
    const refuse = (step: ImageStep): ImageAnswer | undefined =>
      step.type === 'get' ? { type: 'get', result: { ok: false, result: 'object-undefined' } } : undefined;
    expect(codeOf(() => run(deviceOf(new MemoryStore()), PLAN, refuse))).toBe('exception-response');
    const confuse = (): ImageAnswer => ({ type: 'waited' });
    expect(codeOf(() => run(deviceOf(new MemoryStore()), PLAN, confuse))).toBe('internal');
  });

  test('a meter that names no ready image is taken at its word', () => {
    const spoil = (step: ImageStep): ImageAnswer | undefined =>
      step.type === 'get' && step.attribute.attribute === 7
        ? { type: 'get', result: { ok: true, data: Uint8Array.of(1, 0) } }
        : undefined;
    expect(run(deviceOf(new MemoryStore()), PLAN, spoil).outcome.activated).toBe(true);
  });
});
