import type { Contents } from '../fetched-device.ts';
import { Later } from '../later.ts';
import { MANAGEMENT_SAP, sapOf } from '../meter-saps.ts';
import { ZoneTimes } from '../zone-times.ts';
import { autoConnectGroup } from './auto-connect.ts';
import { blacklistGroup } from './blacklist.ts';
import { channelsGroup } from './channels.ts';
import { clockGroup } from './clock.ts';
import { firmwareGroup } from './firmware.ts';
import type { ManagementGroup, ManagementRequest } from './group.ts';
import { identityGroup } from './identity.ts';
import { logbookGroup } from './logbook.ts';
import { meterListGroup } from './meter-list.ts';
import { mobileGroup } from './mobile.ts';
import { networkGroup } from './network.ts';
import { ntpGroup } from './ntp.ts';
import { portProtectionGroup } from './port-protection.ts';
import { pushGroup } from './push.ts';
import { refusalsGroup } from './refusals.ts';
import { associationChanges, securityGroup } from './security.ts';
import { settingsGroup } from './settings.ts';
import { tasksGroup } from './tasks.ts';

/** All that the concentrator is as a logical device: a further group is one line here. */
const GROUPS: readonly ManagementGroup[] = [
  identityGroup,
  clockGroup,
  logbookGroup,
  meterListGroup,
  blacklistGroup,
  settingsGroup,
  channelsGroup,
  tasksGroup,
  refusalsGroup,
  ntpGroup,
  networkGroup,
  mobileGroup,
  autoConnectGroup,
  pushGroup,
  securityGroup,
  portProtectionGroup,
  firmwareGroup,
];

const OPEN: ReadonlySet<string> = new Set(GROUPS.flatMap(({ open = [] }) => open));

/** What the public client may read besides the objects that everybody may. */
export const isOpenObject = (obis: string): boolean => OPEN.has(obis);

/** The concentrator itself, as logical device 1. */
export async function managementContents(
  asked: Omit<ManagementRequest, 'times' | 'later'>,
): Promise<Contents> {
  const { sources } = asked;
  const at: ManagementRequest = { ...asked, times: new ZoneTimes(sources.zone()), later: new Later() };
  const objects = await Promise.all(GROUPS.map((group) => group.objects(at)));
  const name = managementName(sources.management.serialNumber);
  const saps = [...sources.meters().values()].flatMap(({ id, meterNo }) => {
    const address = sapOf(id);
    return address === undefined ? [] : [{ address, name: meterNo }];
  });
  return {
    name,
    saps: [{ address: MANAGEMENT_SAP, name }, ...saps],
    objects: objects.flat(),
    later: at.later,
    changes: associationChanges(at),
  };
}

/** Three letters of the manufacturer and what identifies the device, sixteen characters at most. */
export const managementName = (serialNumber: string): string => `ODC${serialNumber.slice(-13)}`;
