import type { CaptureObject } from '../../dlms/client.ts';

/** What notifications of the concentrator name besides the objects of meters. OBIS codes with B = 128 are OpenDCU's own. */

const data = (obis: string): CaptureObject => ({ classId: 1, obis, attribute: 2, dataIndex: 0 });

/** Logical device name. */
export const DEVICE_NAME = data('0.0.42.0.0.255');
/** Number of the item, its part, and how many parts it has. */
export const ITEM = data('0.128.25.9.0.255');
/** Whether a meter answers: a visible-string. */
export const METER_STATE = data('0.128.96.5.0.255');
/** Answer to what a head-end has asked for elsewhere: JSON. */
export const ANSWER = data('0.128.96.9.0.255');

export const pushObjectList = (setup: string): CaptureObject => ({
  classId: 40,
  obis: setup,
  attribute: 2,
  dataIndex: 0,
});

export const captureObjects = (obis: string): CaptureObject => ({
  classId: 7,
  obis,
  attribute: 3,
  dataIndex: 0,
});

export const buffer = (obis: string): CaptureObject => ({ classId: 7, obis, attribute: 2, dataIndex: 0 });
