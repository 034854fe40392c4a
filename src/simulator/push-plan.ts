import type { CipheringForm } from '../dlms/ciphering/types.ts';
import type { CaptureObject } from '../dlms/client.ts';
import {
  createPushSetup,
  PUSH_SERVICE,
  type PushSetup,
  pushValues,
} from '../dlms/cosem/push-setup-object.ts';
import type { PushFraming } from '../dlms/link/push-receiver.ts';
import { CLOCK } from './meter-names.ts';

/** What a meter pushes: its registers, or the rows of its energy profile since the push before. */
export const PUSH_CONTENTS = ['registers', 'profile'] as const;
export type PushContent = (typeof PUSH_CONTENTS)[number];

/** To whom a simulated meter pushes, and how. */
export interface PushPlan {
  readonly host: string;
  readonly port: number;
  /** Seconds from one push to the next; 0 = only when its push method is called. */
  readonly intervalS: number;
  readonly framing: PushFraming;
  readonly transport: 'tcp' | 'udp';
  readonly content: PushContent;
  /** Authenticated and encrypted in this form. */
  readonly ciphered?: Extract<CipheringForm, 'general-glo' | 'identified-key'>;
  /** The receiver is asked to confirm, and asked again until it does. */
  readonly confirmed?: boolean;
  /** Longer APDUs go in general blocks. */
  readonly maxPdu?: number;
}

export const PUSH_SETUP = '0.0.25.9.0.255';
export const ENERGY_PROFILE = '1.0.99.1.0.255';
const RETRIES = 3;
const REPETITION_S = 1;

const object = (classId: number, obis: string, attribute: number): CaptureObject => ({
  classId,
  obis,
  attribute,
  dataIndex: 0,
});

const REGISTERS = ['1.0.1.8.0.255', '1.0.2.8.0.255', '1.0.1.7.0.255', '1.0.32.7.0.255'];
const OBJECTS: Readonly<Record<PushContent, readonly CaptureObject[]>> = {
  registers: [
    object(40, PUSH_SETUP, 2),
    object(8, CLOCK, 2),
    object(1, '0.0.96.1.0.255', 2),
    object(1, '0.0.42.0.0.255', 2),
    ...REGISTERS.flatMap((obis) => [object(3, obis, 2), object(3, obis, 3)]),
  ],
  profile: [object(7, ENERGY_PROFILE, 2)],
};

/** The push setup of a meter, version 2; `push` is its method. */
export function meterPushSetup(plan: PushPlan, push: () => void): PushSetup {
  return createPushSetup({
    obis: PUSH_SETUP,
    version: 2,
    values: pushValues(2, {
      objects: OBJECTS[plan.content],
      service: PUSH_SERVICE[plan.transport],
      destination: `${plan.host}:${plan.port}`,
      randomisationS: 0,
      retries: RETRIES,
      repetitionS: REPETITION_S,
      confirmed: plan.confirmed === true,
    }),
    push: () => {
      push();
      return 'success';
    },
  });
}
