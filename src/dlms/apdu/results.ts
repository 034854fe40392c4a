import { DcuError } from '../../base/errors.ts';

/** Data-Access-Result (Green Book 9.5); what GET and SET end with. */
const DATA_ACCESS_RESULTS: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'hardware-fault',
  2: 'temporary-failure',
  3: 'read-write-denied',
  4: 'object-undefined',
  9: 'object-class-inconsistent',
  11: 'object-unavailable',
  12: 'type-unmatched',
  13: 'scope-of-access-violated',
  14: 'data-block-unavailable',
  15: 'long-get-aborted',
  16: 'no-long-get-in-progress',
  17: 'long-set-aborted',
  18: 'no-long-set-in-progress',
  19: 'data-block-number-invalid',
  250: 'other-reason',
};

/** Action-Result: as above, but for 15 and 16, and nothing from 17 to 19. */
const ACTION_RESULTS: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'hardware-fault',
  2: 'temporary-failure',
  3: 'read-write-denied',
  4: 'object-undefined',
  9: 'object-class-inconsistent',
  11: 'object-unavailable',
  12: 'type-unmatched',
  13: 'scope-of-access-violated',
  14: 'data-block-unavailable',
  15: 'long-action-aborted',
  16: 'no-long-action-in-progress',
  250: 'other-reason',
};

const inverse = (names: Readonly<Record<number, string>>): ReadonlyMap<string, number> =>
  new Map(Object.entries(names).map(([code, name]) => [name, Number(code)]));

const DATA_ACCESS_CODES = inverse(DATA_ACCESS_RESULTS);
const ACTION_CODES = inverse(ACTION_RESULTS);

/** The standard's name; `result-77` for a code that it does not define. */
export function dataAccessResultName(code: number): string {
  return DATA_ACCESS_RESULTS[code] ?? `result-${code}`;
}

export function actionResultName(code: number): string {
  return ACTION_RESULTS[code] ?? `result-${code}`;
}

export function dataAccessResultCode(name: string): number {
  return DATA_ACCESS_CODES.get(name) ?? unknownCode(name);
}

export function actionResultCode(name: string): number {
  return ACTION_CODES.get(name) ?? unknownCode(name);
}

function unknownCode(name: string): number {
  const code = /^result-(\d{1,3})$/.exec(name)?.[1];
  if (code === undefined || Number(code) > 255) {
    throw new DcuError('invalid-argument', `'${name}' is no result of the standard`, { field: 'result' });
  }
  return Number(code);
}
