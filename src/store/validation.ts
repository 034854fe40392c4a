import { DcuError } from '../base/errors.ts';

export function invalid(field: string, message: string): DcuError {
  return new DcuError('invalid-field', `${field} ${message}`, { field });
}

/** What is wrong with a field, as its error says it. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** One thing to hold a row against: throws `invalid-field` or `conflict`. */
export type Rule = () => void;

/** All that is wrong, where one who throws tells the first only. */
export function problemsOf(rules: Iterable<Rule>): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const rule of rules) {
    try {
      rule();
    } catch (error) {
      if (!(error instanceof DcuError) || error.field === undefined) throw error;
      problems.push({ field: error.field, message: error.message });
    }
  }
  return problems;
}

/** @throws DcuError `invalid-field` unless `value` is an integer in [min, max] */
export function checkInteger(field: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(field, `must be a whole number from ${min} to ${max}`);
}

/** Printable characters without blanks at the ends. */
export function checkText(field: string, value: string, min: number, max: number): void {
  const length = [...value].length;
  if (length < min || length > max) throw invalid(field, `must have ${min} to ${max} characters`);
  if (/\p{C}/u.test(value)) throw invalid(field, 'must not contain control characters');
  if (value !== value.trim()) throw invalid(field, 'must not begin or end with a blank');
}

/** Names of channels, tasks and items: what can stand in a list and in an address. */
export function checkName(field: string, value: string): void {
  checkText(field, value, 1, 64);
}

export function checkOneOf<Value extends string | number>(
  field: string,
  value: Value,
  allowed: readonly Value[],
): void {
  if (allowed.includes(value)) return;
  throw invalid(field, `must be one of ${allowed.join(', ')}`);
}

const HOST_LABEL = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/;

/** An IPv4 or IPv6 address or a host name (RFC 1123). */
export function checkHost(field: string, value: string): void {
  if (value.length > 253) throw invalid(field, 'is too long for a host name');
  if (value.includes(':')) {
    if (URL.canParse(`http://[${value}]/`)) return;
    throw invalid(field, 'is not an IPv6 address');
  }
  if (/^[\d.]+$/.test(value)) {
    const parts = value.split('.');
    if (parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
      return;
    throw invalid(field, 'is not an IPv4 address');
  }
  if (!value.split('.').every((label) => HOST_LABEL.test(label))) throw invalid(field, 'is not a host name');
}

/** Decimal text of an integer in [min, max]. */
export function checkIntegerText(field: string, value: string, min: number, max: number): void {
  if (!/^-?\d{1,15}$/.test(value)) throw invalid(field, `must be a whole number from ${min} to ${max}`);
  checkInteger(field, Number(value), min, max);
}

export function checkHex(field: string, value: string, bytes: number): void {
  if (new RegExp(`^[0-9A-Fa-f]{${bytes * 2}}$`).test(value)) return;
  throw invalid(field, `must be ${bytes} bytes of hexadecimal digits`);
}

const TIME_OF_DAY = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const WINDOW = new RegExp(`^${TIME_OF_DAY}-${TIME_OF_DAY}$`);

/** Part of a day, `HH:MM-HH:MM`; over midnight when it ends before it begins. */
export function checkWindow(field: string, value: string): void {
  const [from, to] = value.split('-');
  if (!WINDOW.test(value)) throw invalid(field, 'must be two times of day, such as 22:00-06:00');
  if (from === to) throw invalid(field, 'must not be empty');
}
