import { DcuError } from '../base/errors.ts';

/** A wrong `--option`; `field` of the error names it for programs. */
export function usage(option: string, message: string): DcuError {
  return new DcuError('usage', `--${option} ${message}`, { field: option });
}

/** For commander: the value of `--option` as a whole number, decimal digits only. @throws DcuError `usage` */
export const wholeNumber =
  (option: string, least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw usage(option, `must be a whole number from ${least} to ${most}, not '${text}'`);
  };

/** Beyond it nothing gets through any more. */
const LARGEST_SHARE = 0.9;

/** For commander: the value of `--option` as a share, 0 to 0.9. @throws DcuError `usage` */
export const share =
  (option: string) =>
  (text: string): number => {
    const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 0 && value <= LARGEST_SHARE) return value;
    throw usage(option, `must be a share from 0 to ${LARGEST_SHARE}, not '${text}'`);
  };

/** For commander: the value of `--option`, one of a few. @throws DcuError `usage` */
export const oneOf =
  <Choice extends string>(option: string, choices: readonly Choice[]) =>
  (text: string): Choice => {
    const choice = choices.find((known) => known === text);
    if (choice !== undefined) return choice;
    throw usage(option, `must be ${choices.join(', ')}, not '${text}'`);
  };

/** Resolves when the command is told to stop. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
