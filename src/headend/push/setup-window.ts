import { DcuError } from '../../base/errors.ts';
import { windowsOf } from '../../dlms/cosem/push-window.ts';
import type { DlmsData } from '../../dlms/data.ts';
import { type CosemDateTime, encodeDateTime } from '../../dlms/datetime.ts';
import { array, octetString, structure } from '../../dlms/values.ts';

/** communication_window for `HH:MM-HH:MM`: each day from the one to the other; without a window an empty array. */
export function windowData(window: string): DlmsData {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(window) ?? [];
  if (from === undefined || to === undefined) return array([]);
  return array([structure(timeOfDay(from), timeOfDay(to))]);
}

function timeOfDay(text: string): DlmsData {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return octetString(encodeDateTime({ hour, minute, second: 0, hundredths: 0 }));
}

/**
 * `HH:MM-HH:MM` of a communication_window; empty for none.
 * @throws DcuError `invalid-field` for several windows, and for one that is not the same part of each day
 */
export function dailyWindow(value: DlmsData): string {
  const [window, ...others] = windowsOf(value) ?? [];
  if (window === undefined) return '';
  if (others.length > 0) throw refused('there is one window at most');
  return `${clockText(window.start)}-${clockText(window.end)}`;
}

function clockText({ hour, minute, second = 0, ...rest }: CosemDateTime): string {
  const { year, month, day, weekday } = rest;
  const isDaily = [year, month, day, weekday].every((field) => field === undefined);
  if (!isDaily || hour === undefined || minute === undefined || second !== 0) {
    throw refused('a window is from a minute of each day to another');
  }
  return [hour, minute].map((part) => String(part).padStart(2, '0')).join(':');
}

const refused = (message: string): DcuError =>
  new DcuError('invalid-field', message, { field: 'communication_window' });
