import { Cron as Croner } from 'croner';
import cronstrue from 'cronstrue';
import { DcuError } from '../base/errors.ts';

/** A parsed expression of the manual's dialect (appendix). Values are sorted; `any` marks a field that is `*`. */
export interface Cron {
  /** As given, blanks tidied. */
  readonly text: string;
  readonly minute: CronField;
  readonly hour: CronField;
  readonly dayOfMonth: CronField;
  readonly month: CronField;
  readonly dayOfWeek: CronField;
}

interface CronField {
  readonly any: boolean;
  readonly values: readonly number[];
  /** Form for the description: as given, wrapped ranges written out. */
  readonly shown: string;
}

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const FIELDS = {
  minute: { name: 'minute', min: 0, max: 59 },
  hour: { name: 'hour', min: 0, max: 23 },
  dayOfMonth: { name: 'day of month', min: 1, max: 31 },
  month: { name: 'month', min: 1, max: 12 },
  dayOfWeek: { name: 'day of week', min: 0, max: 6 },
} as const satisfies Record<string, FieldRule>;

const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MAX_LENGTH = 256;

/**
 * Parses five fields: minute, hour, day of month, month, day of week (0 = Sunday). Each is `*` or a list of values,
 * ranges (`23-7` wraps past the end), and steps (`10/5` = from 10 every 5; `23-7/2`). Blanks after commas are
 * accepted.
 * @throws DcuError `invalid-cron` whose message names the field and what is wrong with it.
 */
export function parseCron(text: string): Cron {
  if (text.length > MAX_LENGTH) throw invalid('expression', `longer than ${MAX_LENGTH} characters`);
  const tidy = text
    .trim()
    .replaceAll(/\s*,\s*/g, ',')
    .replaceAll(/\s+/g, ' ');
  const parts = tidy === '' ? [] : tidy.split(' ');
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parts;
  if (
    parts.length !== 5 ||
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined
  ) {
    throw invalid('expression', `five fields are needed, ${parts.length} given`);
  }
  const cron: Cron = {
    text: tidy,
    minute: parseField(minute, FIELDS.minute),
    hour: parseField(hour, FIELDS.hour),
    dayOfMonth: parseField(dayOfMonth, FIELDS.dayOfMonth),
    month: parseField(month, FIELDS.month),
    dayOfWeek: parseField(dayOfWeek, FIELDS.dayOfWeek),
  };
  refuseImpossibleDate(cron);
  return cron;
}

/** For the store's form validation: throws what `parseCron` throws. */
export function validateCron(text: string): void {
  parseCron(text);
}

/**
 * The first tick after `afterMs` (UTC ms, exclusive) with the fields read in time zone `zone` (IANA name).
 * Day of month and day of week, both given, mean *or*. A local time that daylight saving skips fires right after the
 * gap, one that it repeats fires once; fields with `*` go by elapsed time. Undefined: never again.
 */
export function nextTick(cron: Cron, afterMs: number, zone: string): number | undefined {
  return cronerOf(cron, zone).nextRun(new Date(afterMs))?.getTime();
}

/** In words, e.g. `At 11:00, on day 4 of the month or Monday through Wednesday`. Throws as `parseCron`. */
export function describeCron(text: string): string {
  const cron = parseCron(text);
  const words = (day: string, month: string, weekday: string): string =>
    cronstrue.toString(`${cron.minute.shown} ${cron.hour.shown} ${day} ${month} ${weekday}`, {
      use24HourTimeFormat: true,
    });
  if (cron.dayOfMonth.any || cron.dayOfWeek.any) {
    return words(cron.dayOfMonth.shown, cron.month.shown, cron.dayOfWeek.shown);
  }
  const time = words('*', '*', '*');
  const beyond = (sentence: string): string =>
    sentence.startsWith(time) ? sentence.slice(time.length).replace(/^, /, '') : sentence;
  const day = beyond(words(cron.dayOfMonth.shown, '*', '*'));
  const weekday = beyond(words('*', '*', cron.dayOfWeek.shown)).replace(/^only /, '');
  const month = cron.month.any ? '' : `, ${beyond(words('*', cron.month.shown, '*'))}`;
  return `${time}, ${day} or ${weekday}${month}`;
}

function parseField(text: string, rule: FieldRule): CronField {
  const values = new Set<number>();
  let any = false;
  let wrapped = false;
  for (const item of text.split(',')) {
    if (item === '') throw invalid(rule.name, 'an empty place in the list');
    const match = /^(?:(\*)|(\d{1,4})(?:-(\d{1,4}))?)(?:\/(\d{1,4}))?$/.exec(item);
    if (match === null) {
      throw invalid(rule.name, `"${item}" is neither *, a number, a range nor a step`);
    }
    const [, star, first, last, stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    const size = rule.max - rule.min + 1;
    if (step < 1 || step > size) throw invalid(rule.name, `step ${step} is not within 1-${size}`);
    if (star !== undefined && step === 1) any = true;
    const from = star === undefined ? within(Number(first), rule) : rule.min;
    const single = star === undefined && last === undefined && stepText === undefined;
    const to = single ? from : last === undefined ? rule.max : within(Number(last), rule);
    const wraps = to < from;
    const span = wraps ? to + size - from : to - from;
    for (let distance = 0; distance <= span; distance += step) {
      values.add(rule.min + ((from - rule.min + distance) % size));
    }
    wrapped ||= wraps;
  }
  const sorted = [...values].sort((a, b) => a - b);
  return { any, values: sorted, shown: any ? '*' : wrapped ? sorted.join(',') : text };
}

function within(value: number, rule: FieldRule): number {
  if (value < rule.min || value > rule.max) {
    throw invalid(rule.name, `${value} is not within ${rule.min}-${rule.max}`);
  }
  return value;
}

function refuseImpossibleDate(cron: Cron): void {
  if (!cron.dayOfWeek.any) return;
  const earliest = cron.dayOfMonth.values[0] ?? 1;
  const possible = cron.month.values.some((month) => earliest <= (LONGEST_MONTH[month - 1] ?? 0));
  if (!possible) {
    throw invalid(
      FIELDS.dayOfMonth.name,
      `day ${cron.dayOfMonth.shown} never comes in month ${cron.month.shown}`,
    );
  }
}

function invalid(part: string, what: string): DcuError {
  return new DcuError('invalid-cron', `cron ${part}: ${what}`, { field: 'cron', facts: { part } });
}

const listed = (field: CronField): string => (field.any ? '*' : field.values.join(','));

const cache = new Map<string, Croner>();
const CACHE_LIMIT = 512;

function cronerOf(cron: Cron, zone: string): Croner {
  const pattern = [cron.minute, cron.hour, cron.dayOfMonth, cron.month, cron.dayOfWeek].map(listed).join(' ');
  const key = `${zone} ${pattern}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= CACHE_LIMIT) cache.clear();
  try {
    const made = new Croner(pattern, {
      mode: '5-part',
      timezone: zone,
      paused: true,
      fixedTimeRule: 'no-wildcard',
    });
    made.nextRun(new Date(0));
    cache.set(key, made);
    return made;
  } catch (cause) {
    throw new DcuError('invalid-cron', `cron expression "${cron.text}" cannot run in time zone "${zone}"`, {
      field: 'cron',
      cause,
    });
  }
}
