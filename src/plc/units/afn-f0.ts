import { rest } from '../codec.ts';
import { defineUnit } from '../unit.ts';

/** Manufacturers' own; what it carries is theirs. */
export const DEBUG = defineUnit({ afn: 0xf0, fn: 1, name: 'debug', down: rest, up: rest });

export const AFN_F0 = [DEBUG];
