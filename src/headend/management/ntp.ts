import { DcuError } from '../../base/errors.ts';
import { constant } from '../../dlms/cosem/cosem-object.ts';
import { array, boolean, enumeration, octetString, octetText, u16 } from '../../dlms/values.ts';
import { changing, doing } from './changes.ts';
import type { ManagementGroup } from './group.ts';
import type { Change } from './ports.ts';
import { booleanOf, integerOf, textOf } from './written.ts';

const NTP_SETUP = '0.0.25.10.0.255';
const NO_SECURITY = 0;

/** Class 100: the server is there while its address is set, so that switching it off takes that away. */
export const ntpGroup: ManagementGroup = {
  objects: (at) => {
    const { ntp, settings } = at.sources.management;
    const change = async (key: string, value: string): Promise<Change> => {
      await settings.change({ [key]: value });
      return { action: 'setting.update', subject: key, detail: `value=${value}` };
    };
    return [
      {
        classId: 100,
        version: 0,
        obis: NTP_SETUP,
        attributes: {
          2: {
            get: at.later.get(async () => boolean((await ntp.settings()).host !== '')),
            set: changing(at, NTP_SETUP, async (value) => {
              const activated = booleanOf(value, 'activated');
              if (activated && (await ntp.settings()).host === '')
                throw new DcuError('conflict', 'server_address must be set first', { field: 'activated' });
              return activated ? [] : change('ntp.server', '');
            }),
          },
          3: {
            get: at.later.get(async () => octetText((await ntp.settings()).host)),
            set: changing(at, NTP_SETUP, (value) => change('ntp.server', textOf(value, 'server_address'))),
          },
          4: {
            get: at.later.get(async () => u16((await ntp.settings()).port)),
            set: changing(at, NTP_SETUP, (value) =>
              change('ntp.port', String(integerOf(value, 'server_port'))),
            ),
          },
          5: constant(enumeration(NO_SECURITY)),
          6: constant(array([])),
          7: constant(octetString(new Uint8Array(0))),
        },
        methods: {
          1: doing(at, NTP_SETUP, async () => {
            await ntp.synchronise();
            return [];
          }),
        },
      },
    ];
  },
};
