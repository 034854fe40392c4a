import { UnitRegistry } from '../unit.ts';
import { AFN_00 } from './afn-00.ts';
import { AFN_01 } from './afn-01.ts';
import { AFN_02 } from './afn-02.ts';
import { AFN_03 } from './afn-03.ts';
import { AFN_04 } from './afn-04.ts';
import { AFN_05 } from './afn-05.ts';
import { AFN_06 } from './afn-06.ts';
import { AFN_10 } from './afn-10.ts';
import { AFN_11 } from './afn-11.ts';
import { AFN_12 } from './afn-12.ts';
import { AFN_13 } from './afn-13.ts';
import { AFN_14 } from './afn-14.ts';
import { AFN_15 } from './afn-15.ts';
import { AFN_F0 } from './afn-f0.ts';
import { AFN_F1 } from './afn-f1.ts';

/** Every data unit that is known, one table file for each application function. */
export const UNITS = new UnitRegistry([
  ...AFN_00,
  ...AFN_01,
  ...AFN_02,
  ...AFN_03,
  ...AFN_04,
  ...AFN_05,
  ...AFN_06,
  ...AFN_10,
  ...AFN_11,
  ...AFN_12,
  ...AFN_13,
  ...AFN_14,
  ...AFN_15,
  ...AFN_F0,
  ...AFN_F1,
]);
