import { type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import { octetText } from '../../dlms/values.ts';
import type { ManagementGroup } from './group.ts';

const DEVICE_ID = '0.0.96.1.0.255';
/** Active firmware identifier (Blue Book, 1.0.0.2.0). */
const FIRMWARE = '1.0.0.2.0.255';

const data = (obis: string, text: string): CosemObject => ({
  classId: 1,
  version: 0,
  obis,
  attributes: { 2: constant(octetText(text)) },
});

/** Who the concentrator is, and what runs on it. */
export const identityGroup: ManagementGroup = {
  open: [DEVICE_ID, FIRMWARE],
  objects: ({ sources: { management } }) => [
    data(DEVICE_ID, management.serialNumber),
    data(FIRMWARE, management.firmwareVersion),
  ],
};
