import { type CosemObject, constant } from '../../dlms/cosem/cosem-object.ts';
import { octetText } from '../../dlms/values.ts';
import type { ManagementGroup } from './group.ts';

/** Who the concentrator is. */
export interface IdentityPort {
  readonly manufacturer: string;
  readonly product: string;
  readonly systemTitle: Uint8Array;
  /** What the machine calls itself, and what it is. */
  readonly hostName: string;
  readonly machine: string;
  readonly operatingSystem: string;
  /** Of the first network interface, `00:11:22:33:44:55`; empty where there is none. */
  readonly hardwareAddress: string;
  /** The program's runtime. */
  readonly runtime: string;
  /** Firmware of each PLC module, by the name of its channel. */
  modules(): readonly { readonly channel: string; readonly firmware: string }[];
}

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
