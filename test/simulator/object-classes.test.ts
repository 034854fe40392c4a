import { describe, expect, test } from 'bun:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { decodeData } from '../../src/dlms/axdr.ts';
import { attributesOf, checkAgainst, interfaceClass } from '../../src/dlms/cosem/classes/index.ts';
import { createLogicalDevice, FULL_RIGHTS } from '../../src/dlms/cosem/object-model.ts';
import type { DlmsData } from '../../src/dlms/data.ts';
import { obisName } from '../../src/dlms/names/obis-names.ts';
import { formatObis } from '../../src/dlms/obis.ts';
import type { Caller, LogicalDevice } from '../../src/dlms/server-types.ts';
import { SimulatedMeter } from '../../src/simulator/meter.ts';
import { meterObjects } from '../../src/simulator/meter-model.ts';
import { planNeighbourhood } from '../../src/simulator/plan.ts';
import { START_MS } from './sample.ts';

/** A meter as its management client sees it. */
function deviceOf(): { device: LogicalDevice; caller: Caller } {
  const [plan] = planNeighbourhood({ seed: 3, meters: 1, tcpBase: 0, framing: 'wrapper', auth: 'none' });
  if (plan === undefined) throw new Error('no plan');
  const clock = new VirtualClock(START_MS);
  const meter = new SimulatedMeter(plan, { seed: 3, clock, startMs: START_MS, liveOutages: false });
  const device = createLogicalDevice({
    address: plan.server,
    systemTitle: plan.systemTitle,
    name: 'ODC1',
    objects: meterObjects(meter),
    associations: meter.associations().map((policy) => ({ ...policy, rights: FULL_RIGHTS })),
    nextInvocationCounter: () => 1,
    acceptInvocationCounter: () => true,
  });
  const caller: Caller = {
    clientAddress: plan.client,
    peer: { clientAddress: plan.client, serverAddress: plan.server },
    auth: 'none',
  };
  return { device, caller };
}

interface Listed {
  readonly classId: number;
  readonly version: number;
  readonly obis: string;
}

/** Undefined where the meter refuses. */
function readValue(
  { device, caller }: ReturnType<typeof deviceOf>,
  { classId, obis }: Omit<Listed, 'version'>,
  attribute: number,
): DlmsData | undefined {
  const { data } = device.handle({ type: 'get', attribute: { classId, obis, attribute } }, caller) ?? {};
  return data === undefined ? undefined : decodeData(data);
}

function listedObjects(view: ReturnType<typeof deviceOf>): Listed[] {
  const list = readValue(view, { classId: 15, obis: '0.0.40.0.0.255' }, 2);
  if (list?.type !== 'array') throw new Error('no object list');
  return list.elements.map((element) => {
    const [classId, version, name] = element.type === 'structure' ? element.elements : [];
    if (classId?.type !== 'long-unsigned' || version?.type !== 'unsigned' || name?.type !== 'octet-string') {
      throw new Error('no element of an object list');
    }
    return { classId: classId.value, version: version.value, obis: formatObis(name.value) };
  });
}

describe('objects of a simulated meter', () => {
  test('are described, hold what their classes allow, and have names', () => {
    const view = deviceOf();
    let checked = 0;
    for (const object of listedObjects(view)) {
      const definition = interfaceClass(object.classId);
      const at = `${object.classId} v${object.version} ${object.obis}`;
      if (definition?.versions.includes(object.version) !== true) throw new Error(`${at} is not described`);
      expect([at, obisName(object.obis, object.classId)]).toEqual([at, expect.any(String)]);
      for (const { index } of attributesOf(definition, object.version)) {
        const value = readValue(view, object, index);
        if (value === undefined) continue;
        expect([at, index, checkAgainst(definition, object.version, index, value)]).toEqual([at, index, []]);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(60);
  });
});
