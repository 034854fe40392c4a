import { DcuError, type ErrorCode, toDcuError } from '../base/errors.ts';

/** What crosses between the store and its thread; all of it survives a structured clone. */
export type Request =
  | { readonly id: number; readonly do: 'open'; readonly directory: string; readonly nowMs: number }
  | {
      readonly id: number;
      readonly do: 'read' | 'write';
      readonly name: string;
      readonly args: readonly unknown[];
    }
  | { readonly id: number; readonly do: 'close' };

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field: string | undefined;
  readonly offset: number | undefined;
  readonly facts: DcuError['facts'];
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

export function toWire(thrown: unknown): WireError {
  const { code, message, field, offset, facts } = toDcuError(thrown);
  return { code, message, field, offset, facts };
}

export function fromWire({ code, message, field, offset, facts }: WireError): DcuError {
  return new DcuError(code, message, {
    facts,
    ...(field === undefined ? {} : { field }),
    ...(offset === undefined ? {} : { offset }),
  });
}
