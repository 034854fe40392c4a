import type { CosemObject } from '../dlms/cosem/cosem-object.ts';
import { securitySetup } from '../dlms/cosem/security-setup-object.ts';
import { octetString, octetText, u8, u16, u32 } from '../dlms/values.ts';
import { daylightSavingActive, monthOf, monthStart } from './calendar.ts';
import { clockPort } from './clock-control.ts';
import { EVENT_LOG_OBJECTS } from './event-codes.ts';
import { g3Objects } from './g3/objects.ts';
import type { SimulatedMeter } from './meter.ts';
import { AMR_STATUS_OBIS, CLOCK, MAX_DEMAND, MEASURING_PERIOD_S, RELAY } from './meter-names.ts';
import {
  activityCalendarObject,
  clockObject,
  dataObject,
  demandRegisterObject,
  extendedRegisterObject,
  monthEndScheduleObject,
  registerObject,
  relayObject,
  scriptTableObject,
} from './meter-objects.ts';
import { profileObjects } from './meter-profiles.ts';
import type { Instantaneous, MeteringPoint } from './metering-point.ts';
import { AMR_STATUS, DEMAND_PERIOD_MS, hourlyDemand, maximumDemand, registersAt } from './profile-rows.ts';
import { stampBytes } from './row-encoding.ts';

/** Numbers of the unit enumeration (Blue Book, class 3). */
const UNIT = {
  second: 7,
  watt: 27,
  var: 29,
  wattHour: 30,
  varHour: 32,
  ampere: 33,
  volt: 35,
  hertz: 44,
  none: 255,
};

const DEVICE_ID = '0.0.96.1.0.255';
const COUNTER = '0.0.43.1.0.255';
const MONTH_END_SCRIPTS = '0.0.10.0.1.255';

/** What the public client may read beside the association: clock, identification and invocation counter. */
export const OPEN_OBJECTS: ReadonlySet<string> = new Set([CLOCK, DEVICE_ID, COUNTER]);

/** All objects of a meter but association, SAP list and device name. Single-phase meters lack L2 and L3. */
export function meterObjects(meter: SimulatedMeter): CosemObject[] {
  const { point, plan } = meter;
  const stamp = (utcMs: number) => octetString(stampBytes(plan.zone, utcMs));
  return [
    clockObject(
      CLOCK,
      MEASURING_PERIOD_S,
      clockPort(point, () => meter.now()),
    ),
    dataObject(DEVICE_ID, () => octetText(plan.meterNo)),
    dataObject('1.0.0.2.0.255', () => octetText('ODC-SIM-1.0')),
    dataObject(COUNTER, () => u32(meter.lastAcceptedCounter(plan.client))),
    ...energyRegisters(meter),
    ...demandObjects(meter, stamp),
    ...instantaneousRegisters(meter),
    ...profileObjects(meter),
    ...eventObjects(meter),
    ...controlObjects(meter),
    ...(meter.g3 === undefined ? [] : g3Objects(meter, meter.g3)),
    ...(meter.pushSetup === undefined ? [] : [meter.pushSetup.object]),
    securitySetup({
      version: meter.securityVersion,
      systemTitle: plan.systemTitle,
      store: meter.security,
      randomBytes: (length) => meter.random.bytes(length),
      onChange: (change) => meter.observeChange(change),
    }),
  ];
}

function energyRegisters(meter: SimulatedMeter): CosemObject[] {
  const now = () => registersAt(meter.point, meter.now());
  const active = [0, 1, 2, 3, 4].map((tariff) =>
    registerObject(`1.0.1.8.${tariff}.255`, 0, UNIT.wattHour, () => u32(now().activeImport[tariff] ?? 0)),
  );
  return [
    ...active,
    registerObject('1.0.2.8.0.255', 0, UNIT.wattHour, () => u32(now().activeExport)),
    registerObject('1.0.3.8.0.255', 0, UNIT.varHour, () => u32(now().reactiveImport)),
    registerObject('1.0.4.8.0.255', 0, UNIT.varHour, () => u32(now().reactiveExport)),
  ];
}

/** Mean power since the current hour began and over the last whole one, and the month's greatest. */
function demandObjects(
  meter: SimulatedMeter,
  stamp: (utcMs: number) => ReturnType<typeof octetString>,
): CosemObject[] {
  const { point, plan } = meter;
  const demand = (which: 'import' | 'export') => () => {
    const nowMs = meter.now();
    const began = Math.floor(point.clock.at(nowMs) / DEMAND_PERIOD_MS) * DEMAND_PERIOD_MS;
    const beganMs = Math.min(nowMs, point.clock.trueOf(began));
    const at = registersAt(point, beganMs);
    const running = registersAt(point, nowMs);
    const energy =
      which === 'import'
        ? running.activeImport[0] - at.activeImport[0]
        : running.activeExport - at.activeExport;
    return {
      current: Math.round((energy * DEMAND_PERIOD_MS) / Math.max(1000, nowMs - beganMs)),
      last: hourlyDemand(point, beganMs)[which],
      captured: stamp(began),
      started: stamp(began),
    };
  };
  const greatest = () => {
    const nowMs = meter.now();
    const { year, month } = monthOf(plan.zone, point.clock.at(nowMs));
    const peak = maximumDemand(point, point.clock.trueOf(monthStart(plan.zone, year, month)), nowMs);
    return { value: u32(peak.watts), captured: stamp(peak.stampMs) };
  };
  const periodS = DEMAND_PERIOD_MS / 1000;
  return [
    demandRegisterObject('1.0.1.4.0.255', UNIT.watt, periodS, demand('import')),
    demandRegisterObject('1.0.2.4.0.255', UNIT.watt, periodS, demand('export')),
    extendedRegisterObject(MAX_DEMAND, 0, UNIT.watt, greatest),
  ];
}

const VOLTAGES = [32, 52, 72];
const CURRENTS = [31, 51, 71];
const POWERS = [21, 41, 61];

function instantaneousRegisters(meter: SimulatedMeter): CosemObject[] {
  const now = (): Instantaneous => meter.point.instantaneous(meter.now());
  const whole = (read: (i: Instantaneous) => number) => () => u32(Math.round(Math.max(0, read(now()))));
  const name = (quantity: number): string => `1.0.${quantity}.7.0.255`;
  const objects = [
    registerObject(
      name(1),
      0,
      UNIT.watt,
      whole((i) => i.activeImport),
    ),
    registerObject(
      name(2),
      0,
      UNIT.watt,
      whole((i) => i.activeExport),
    ),
    registerObject(
      name(3),
      0,
      UNIT.var,
      whole((i) => i.reactiveImport),
    ),
    registerObject(
      name(4),
      0,
      UNIT.var,
      whole((i) => i.reactiveExport),
    ),
    registerObject(name(13), -3, UNIT.none, () => u16(Math.round(now().powerFactor * 1000))),
    registerObject(name(14), -2, UNIT.hertz, () => u16(Math.round(now().frequency * 100))),
  ];
  for (let phase = 0; phase < meter.plan.phases; phase++) {
    objects.push(
      registerObject(name(VOLTAGES[phase] ?? 0), -1, UNIT.volt, () =>
        u16(Math.round((now().voltage[phase] ?? 0) * 10)),
      ),
      registerObject(name(CURRENTS[phase] ?? 0), -2, UNIT.ampere, () =>
        u32(Math.round((now().current[phase] ?? 0) * 100)),
      ),
      registerObject(
        name(POWERS[phase] ?? 0),
        0,
        UNIT.watt,
        whole((i) => i.phasePower[phase] ?? 0),
      ),
    );
  }
  return objects;
}

function eventObjects(meter: SimulatedMeter): CosemObject[] {
  const { point } = meter;
  const last = (log: (typeof EVENT_LOG_OBJECTS)[number]['log']): number =>
    point.events(log, meter.now(), 1)[0]?.value ?? 0;
  const objects = EVENT_LOG_OBJECTS.map(({ log, capturedObis, capturedClass }) =>
    capturedClass === 3
      ? registerObject(capturedObis, 0, UNIT.second, () => u32(last(log)))
      : dataObject(capturedObis, () => u8(last(log))),
  );
  return [
    ...objects,
    dataObject(AMR_STATUS_OBIS, () => {
      const summer = daylightSavingActive(meter.plan.zone, point.clock.at(meter.now()));
      return u8(summer ? AMR_STATUS.daylightSaving : 0);
    }),
    dataObject('0.0.96.7.21.255', () => u32(failures(point, meter.now()))),
  ];
}

const failures = (point: MeteringPoint, nowMs: number): number => point.outages(nowMs).length;

function controlObjects(meter: SimulatedMeter): CosemObject[] {
  const { point } = meter;
  const disconnect = (): void => {
    point.disconnect(meter.now());
  };
  const reconnect = (): void => {
    point.reconnect(meter.now());
  };
  const does = (act: () => void) => () => {
    act();
    return 'success';
  };
  // Tariffs and month ends come by themselves; their scripts are there to be named, not to be run by hand.
  const internal = (): string => 'read-write-denied';
  return [
    relayObject(RELAY, { connected: () => point.connected, disconnect, reconnect }),
    scriptTableObject('0.0.10.0.0.255', [
      { id: 1, calls: [{ classId: 70, obis: RELAY, method: 1 }], run: does(disconnect) },
      { id: 2, calls: [{ classId: 70, obis: RELAY, method: 2 }], run: does(reconnect) },
    ]),
    scriptTableObject(MONTH_END_SCRIPTS, [
      { id: 1, calls: [{ classId: 7, obis: '0.0.98.1.0.255', method: 2 }], run: internal },
    ]),
    scriptTableObject(
      '0.0.10.0.100.255',
      [1, 2, 3].map((id) => ({ id, calls: [], run: internal })),
    ),
    activityCalendarObject('0.0.13.0.0.255'),
    monthEndScheduleObject('0.0.15.0.0.255', MONTH_END_SCRIPTS),
  ];
}
