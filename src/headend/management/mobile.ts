import { DcuError } from '../../base/errors.ts';
import { type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import {
  array,
  enumeration,
  logicalName,
  NULL_DATA,
  octetString,
  octetText,
  structure,
  u8,
  u16,
  u32,
  visibleString,
} from '../../dlms/values.ts';
import { changing } from './changes.ts';
import type { ManagementGroup, ManagementRequest } from './group.ts';
import type { Change, ModemState } from './ports.ts';
import { fieldsOf, integerOf, textOf } from './written.ts';

const PPP_SETUP = '0.0.25.3.0.255';
const GPRS_SETUP = '0.0.25.4.0.255';
const GSM_DIAGNOSTIC = '0.0.25.6.0.255';
const NO_REFERENCE = '0.0.0.0.0.0';

const NOT_REGISTERED: ModemState = {
  operator: '',
  status: 0,
  circuitSwitched: 0,
  packetSwitched: 0,
  cell: { id: 0, location: 0, signalQuality: 99, bitErrorRate: 99, mcc: 0, mnc: 0, channel: 0 },
  capturedAt: undefined,
};
const BEST_EFFORT = structure(u8(0), u8(0), u8(0), u8(0), u8(0));
const MOST_PIN = 9999;
const PIN_DIGITS = 4;
const UNSPECIFIED = new Uint8Array(12).fill(0xff);

/** Classes 44, 45 and 47: the account and the access point are settings; what the network says is the modem's. */
export const mobileGroup: ManagementGroup = {
  objects: (at) => [pppSetup(at), gprsSetup(at), diagnostic(at)],
};

const settingOf = async ({ sources }: ManagementRequest, key: string): Promise<string> =>
  (await sources.management.settings.rows()).find((row) => row.key === key)?.value ?? '';

async function change(
  { sources: { management } }: ManagementRequest,
  values: Readonly<Record<string, string>>,
): Promise<Change[]> {
  const { settings, channels } = management;
  await settings.change(values);
  return Object.entries(values).map(([key, value]) => ({
    action: 'setting.update',
    subject: key,
    detail: channels.isSecret(key) ? 'replaced' : `value=${value}`,
  }));
}

/** PPP_authentication is that of PAP: account and password, of which the password only goes in. */
function pppSetup(at: ManagementRequest): CosemObject {
  return {
    classId: 44,
    version: 0,
    obis: PPP_SETUP,
    attributes: {
      2: constant(logicalName(NO_REFERENCE)),
      3: constant(array([])),
      4: constant(array([])),
      5: {
        get: at.later.get(async () => structure(octetText(await settingOf(at, 'ppp.username')), NULL_DATA)),
        set: changing(at, PPP_SETUP, async (value) => {
          const [name, password] = fieldsOf(value, 2, 'PPP_authentication');
          if (name === undefined || password === undefined)
            throw new DcuError('type-mismatch', 'PPP_authentication must be a name and a password', {
              field: 'PPP_authentication',
            });
          return change(at, {
            'ppp.username': textOf(name, 'user_name'),
            ...(password.type === 'null-data' ? {} : { 'ppp.password': textOf(password, 'password') }),
          });
        }),
      },
    },
  };
}

function gprsSetup(at: ManagementRequest): CosemObject {
  return {
    classId: 45,
    version: 0,
    obis: GPRS_SETUP,
    attributes: {
      2: {
        get: at.later.get(async () => octetText(await settingOf(at, 'ppp.apn'))),
        set: changing(at, GPRS_SETUP, (value) => change(at, { 'ppp.apn': textOf(value, 'APN') })),
      },
      // It only goes in. Four digits, as the type has no room to tell leading zeros.
      3: {
        set: changing(at, GPRS_SETUP, async (value) => {
          const pin = integerOf(value, 'PIN_code');
          if (pin < 0 || pin > MOST_PIN)
            throw new DcuError('invalid-field', 'PIN_code must have four digits', { field: 'PIN_code' });
          return change(at, { 'ppp.pin': String(pin).padStart(PIN_DIGITS, '0') });
        }),
      },
      4: constant(structure(BEST_EFFORT, BEST_EFFORT)),
    },
  };
}

function diagnostic({ sources, times }: ManagementRequest): CosemObject {
  const { operator, status, circuitSwitched, packetSwitched, cell, capturedAt } =
    sources.management.modem.state() ?? NOT_REGISTERED;
  return {
    classId: 47,
    version: 1,
    obis: GSM_DIAGNOSTIC,
    attributes: {
      2: constant(visibleString(operator)),
      3: constant(enumeration(status)),
      4: constant(enumeration(circuitSwitched)),
      5: constant(enumeration(packetSwitched)),
      6: constant(
        structure(
          u32(cell.id),
          u16(cell.location),
          u8(cell.signalQuality),
          u8(cell.bitErrorRate),
          u16(cell.mcc),
          u16(cell.mnc),
          u32(cell.channel),
        ),
      ),
      7: constant(array([])),
      8: constant(octetString(capturedAt === undefined ? UNSPECIFIED : times.bytes(capturedAt, 0xff))),
    },
  };
}
