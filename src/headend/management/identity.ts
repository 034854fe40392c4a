import { type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import { octetText } from '../../dlms/values.ts';
import type { ManagementGroup } from './group.ts';

const deviceId = (number: number): string => `0.0.96.1.${number}.255`;
const DEVICE_ID = deviceId(0);
/** Active firmware identifier (Blue Book, 1.b:0.2.0); b counts the PLC modules. */
const firmware = (b: number): string => `1.${b}.0.2.0.255`;
const FIRMWARE = firmware(0);
const LAST_CHANNEL = 64;

const data = (obis: string, text: string): CosemObject => ({
  classId: 1,
  version: 0,
  obis,
  attributes: { 2: constant(octetText(text)) },
});

/** Who the concentrator is, and what runs on it. */
export const identityGroup: ManagementGroup = {
  open: [DEVICE_ID, FIRMWARE],
  objects: ({ sources: { management, zone } }) => {
    const { identity } = management;
    const facts = [
      management.serialNumber,
      identity.manufacturer,
      identity.product,
      identity.systemTitle.toHex(),
      identity.hostName,
      identity.machine,
      identity.operatingSystem,
      identity.hardwareAddress,
      identity.runtime,
      zone(),
    ];
    return [
      ...facts.map((text, i) => data(deviceId(i), text)),
      data(FIRMWARE, management.firmwareVersion),
      ...identity
        .modules()
        .slice(0, LAST_CHANNEL)
        .map((module, i) => data(firmware(i + 1), `${module.channel} ${module.firmware}`)),
    ];
  },
};
