import type { MeterSecrets, NewMeter, TaskItem } from '../../src/base/model.ts';
import type { Core } from '../../src/concentrator/core.ts';
import type { MeterPlan } from '../../src/simulator/plan.ts';
import type { Scenery } from './options.ts';
import type { Where } from './street.ts';

export const SERIAL_PATH = '/dev/line';
export const MODULE_PATH = '/dev/module';

/** The row of the archive for a simulated meter. */
export function archiveRow(plan: MeterPlan, where: Where): NewMeter {
  return {
    meterNo: plan.meterNo,
    enabled: true,
    mac: -1,
    channel: channelOf(where),
    meterType: 1,
    phase: 1,
    credit: 1,
    task: 'single_phase',
    prepaid: 255,
    wiring: 0,
    profile: 'generic',
    address: {
      framing: plan.framing,
      ...(where.kind === 'tcp' ? { host: where.host, port: where.port } : {}),
      ...(where.kind === 'plc' ? { node: where.node } : {}),
      clientAddress: plan.client,
      serverAddress: plan.server,
      ...(plan.physicalAddress === undefined ? {} : { physicalAddress: plan.physicalAddress }),
      addressBytes: plan.addressBytes,
    },
    security: { auth: plan.auth, policy: plan.auth === 'hls-gmac' ? 'auth-enc' : 'none' },
  };
}

function channelOf(where: Where): string {
  if (where.kind === 'plc') return 'reading_module';
  return where.kind === 'tcp' ? 'tcp_meters' : `485_${where.line + 1}`;
}

export function secretsOf({ password, encryptionKey, authenticationKey }: MeterPlan): MeterSecrets {
  return {
    ...(password === undefined ? {} : { password: new TextEncoder().encode(password) }),
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    ...(authenticationKey === undefined ? {} : { authenticationKey }),
  };
}

/** Sets a new concentrator up: time zone, lines, how often what is read. */
export async function setUp({ store }: Core, scenery: Scenery): Promise<void> {
  const { configuration } = store;
  await configuration.saveSetting('device.timezone', 'Europe/Riga');
  for (let line = 1; line <= scenery.lines; line++) {
    const name = `485_${line}`;
    for (const attribute of await configuration.channelAttributes(name)) {
      const value =
        attribute.key === 'device'
          ? `${SERIAL_PATH}${line}`
          : attribute.key === 'baud'
            ? String(scenery.baudRate)
            : attribute.value;
      if (value !== attribute.value) await configuration.saveChannelAttribute({ ...attribute, value });
    }
    const channel = (await configuration.channels()).find((known) => known.name === name);
    if (channel === undefined) throw new Error(`there is no channel ${name}`);
    if (!channel.enabled) await configuration.saveChannel({ ...channel, enabled: true });
  }
  for (const attribute of await configuration.channelAttributes('reading_module')) {
    if (attribute.key !== 'device' || scenery.plcMeters === 0) continue;
    await configuration.saveChannelAttribute({ ...attribute, value: MODULE_PATH });
  }
  for (const attribute of await configuration.protocolAttributes()) {
    if (attribute.key !== 'max.bytes') continue;
    await configuration.saveProtocolAttribute({ ...attribute, value: String(scenery.maxBytes) });
  }
  for (const item of await configuration.taskItems('single_phase')) {
    await configuration.saveTaskItem(itemIn(item, scenery));
  }
}

function itemIn(item: TaskItem, { everyHours, recallDays }: Scenery): TaskItem {
  const recallS = recallDays * 86_400;
  switch (item.type) {
    case 'Energy profile':
    case 'Demand profile':
      return { ...item, cron: `0 */${everyHours} * * *`, maxRecallS: recallS };
    case 'Meter Clock':
      return { ...item, enabled: true, cron: '20 2,14 * * *' };
    case 'Monthly Billing':
      return item;
    default:
      return { ...item, cron: '0 */8 * * *' };
  }
}
