import type { ReactNode } from 'react';

export type FieldValue = string | number | boolean;

/** A field of an edit form as data: what it is called, how it is typed in. */
export interface Field<Form extends Record<string, FieldValue>> {
  readonly key: keyof Form & string;
  readonly label: string;
  readonly kind: 'text' | 'number' | 'switch' | 'select' | 'secret' | 'cron';
  readonly help?: string;
  readonly options?: readonly string[];
  readonly required?: boolean;
  readonly disabled?: boolean;
  /** Shown below the field for the value typed in, e.g. seconds as days. */
  readonly note?: (value: FieldValue) => ReactNode;
}
