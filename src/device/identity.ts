/** What the concentrator says of itself on the home page and to the head-end (Figure 6). */
export interface DeviceIdentity {
  readonly serialNumber: string;
  /** Product and version, `OpenDCU 0.1.0`. */
  readonly firmwareVersion: string;
  /** IANA name of the zone that days and months are counted in. */
  readonly timeZone: string;
}

const PRODUCT = 'OpenDCU';

/** Where the settings are: the store's configuration has this. */
export interface SettingReader {
  setting(key: string): Promise<string | undefined>;
}

/** @param version of the program, from its package */
export async function readIdentity(settings: SettingReader, version: string): Promise<DeviceIdentity> {
  return {
    serialNumber: (await settings.setting('device.serial')) ?? '',
    firmwareVersion: `${PRODUCT} ${version}`,
    timeZone: (await settings.setting('device.timezone')) ?? 'UTC',
  };
}

export interface SettingWriter extends SettingReader {
  saveSetting(key: string, value: string): Promise<void>;
}

/** Remembers the version that runs now. @returns the one of the start before; undefined at the first */
export async function exchangeFirmwareVersion(
  settings: SettingWriter,
  firmwareVersion: string,
): Promise<string | undefined> {
  const before = await settings.setting('device.firmware');
  if (before !== firmwareVersion) await settings.saveSetting('device.firmware', firmwareVersion);
  return before === undefined || before === '' ? undefined : before;
}
