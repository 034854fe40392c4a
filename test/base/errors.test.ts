import { expect, test } from 'bun:test';
import { Bus } from '../../src/base/bus.ts';
import { DcuError, ERROR_TABLE, toDcuError } from '../../src/base/errors.ts';
import { SeededRandom } from '../../src/base/random.ts';

test('what leaves the process carries code, message, field and offset, and nothing else', () => {
  const error = new DcuError('invalid-field', 'port must be 1 to 65535', {
    field: 'port',
    facts: { value: 70_000 },
    cause: new Error('inner'),
  });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'invalid-field',
    message: 'port must be 1 to 65535',
    field: 'port',
  });
  expect(error.httpStatus).toBe(422);
  expect(error.retryable).toBe(false);
});

test('anything thrown becomes a DcuError; a DcuError stays itself', () => {
  const original = new DcuError('link-timeout', 'no answer');
  expect(toDcuError(original)).toBe(original);
  expect(toDcuError('odd').code).toBe('internal');
  expect(toDcuError(new TypeError('x is undefined')).message).toBe('x is undefined');
});

test('every row has a sane HTTP status', () => {
  for (const [code, row] of Object.entries(ERROR_TABLE)) {
    expect({ code, ok: row.http >= 400 && row.http <= 599 }).toEqual({ code, ok: true });
  }
});

test('a listener that throws does not keep the others from hearing', () => {
  const errors: unknown[] = [];
  const bus = new Bus<{ tick: number }>((error) => errors.push(error));
  const heard: number[] = [];
  bus.on('tick', () => {
    throw new Error('deaf');
  });
  const off = bus.on('tick', (n) => heard.push(n));
  bus.emit('tick', 1);
  off();
  bus.emit('tick', 2);
  expect(heard).toEqual([1]);
  expect(errors).toHaveLength(2);
});

test('a seed gives the same sequence, forks do not disturb each other', () => {
  const a = new SeededRandom(7);
  const b = new SeededRandom(7);
  expect(a.bytes(16)).toEqual(b.bytes(16));
  const fork = new SeededRandom(7).fork('load').next();
  const parent = new SeededRandom(7);
  parent.fork('other');
  expect(parent.fork('load').next()).toBe(fork);
  expect(new SeededRandom(7).fork('x').next()).not.toBe(fork);
});
