import { DcuError } from '../base/errors.ts';
import type { TaskItem } from '../base/model.ts';
import { localTime } from '../base/zone.ts';

const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/** Part of a day, in minutes since midnight on the wall; over midnight when it ends before it begins. */
export interface TimeWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** `HH:MM-HH:MM`. @throws DcuError `invalid-field` for anything else, and for one that begins when it ends */
export function parseWindow(text: string): TimeWindow {
  const [, fromHour, from, toHour, to] = WINDOW.exec(text) ?? [];
  const fromMinute = Number(fromHour) * 60 + Number(from);
  const toMinute = Number(toHour) * 60 + Number(to);
  if (Number.isNaN(fromMinute) || fromMinute === toMinute) {
    throw new DcuError('invalid-field', `"${text}" is no part of a day, such as 22:00-06:00`, {
      field: 'window',
    });
  }
  return { fromMinute, toMinute };
}

/**
 * Whether the wall clock of the zone shows a time in the window, its end excluded. An hour that comes twice is in it
 * twice, and what the clocks jump over is not.
 */
export function isInWindow({ fromMinute, toMinute }: TimeWindow, nowMs: number, zone: string): boolean {
  const at = minuteOfDay(nowMs, zone);
  return fromMinute < toMinute ? at >= fromMinute && at < toMinute : at >= fromMinute || at < toMinute;
}

/** Whether the meters may be asked for a task item now. */
export function isOpen({ window }: Pick<TaskItem, 'window'>, nowMs: number, zone: string): boolean {
  return window === undefined || isInWindow(parseWindow(window), nowMs, zone);
}

function minuteOfDay(timeMs: number, zone: string): number {
  const { hour, minute } = localTime(timeMs, zone);
  return hour * 60 + minute;
}
