import type { ApiServices } from '../../src/api/services.ts';
import { DcuError } from '../../src/base/errors.ts';
import type {
  Attribute,
  Channel,
  MeterSecrets,
  NewMeter,
  ProfileRows,
  TaskGroup,
  TaskItem,
} from '../../src/base/model.ts';
import type { NamedOutboxRule } from '../../src/base/outbox.ts';
import { Blacklist } from '../../src/device/blacklist.ts';
import type { MeterRow } from '../../src/store/types.ts';

/** The part of the store that the API uses, in memory. Secrets are kept so that tests can look for leaks. */
export interface FakeStore {
  readonly store: ApiServices['store'];
  readonly meters: Map<number, MeterRow>;
  readonly secrets: Map<number, MeterSecrets>;
  readonly profiles: Map<string, ProfileRows>;
  readonly outboxRules: NamedOutboxRule[];
  readonly blacklist: Blacklist;
  readonly audit: { actor: string; action: string; subject: string; detail: string }[];
}

/** What is more than a map can do is tested on a store of its own. */
const onRealStore = (): Promise<never> => Promise.reject(new Error('needs the real store'));

export function fakeStore(): FakeStore {
  const outboxRules: NamedOutboxRule[] = [];
  const meters = new Map<number, MeterRow>();
  const secrets = new Map<number, MeterSecrets>();
  const profiles = new Map<string, ProfileRows>();
  const audit: {
    actor: string;
    action: string;
    subject: string;
    detail: string;
    id: number;
    time: number;
  }[] = [];
  const groups: TaskGroup[] = ['empty_task', 'single_phase'].map((name, i) => ({
    id: i + 1,
    name,
    enabled: i > 0,
  }));
  const items: TaskItem[] = [];
  const channels: Channel[] = [
    {
      id: 1,
      name: 'tcp_meters',
      protocol: 'dlms_down',
      task: 'empty_task',
      enabled: true,
      readTimeoutS: 3,
      writeTimeoutS: 3,
      commType: 12,
      description: '',
    },
  ];
  const channelAttributes: Attribute[] = [
    { id: 1, owner: 'tcp_meters', key: 'connect.timeout', value: '5', description: '' },
  ];
  const protocolAttributes: Attribute[] = [
    { id: 1, owner: 'dlms_down', key: 'max.bytes', value: '80', description: 'max bytes per packet' },
  ];
  const settings = new Map([
    ['ppp.apn', 'internet'],
    ['ppp.password', 'hunter2-apn-secret'],
  ]);
  const byId = (id: number): MeterRow => {
    const row = meters.get(id);
    if (row === undefined) throw new DcuError('not-found', `There is no meter ${id}.`);
    return row;
  };
  const put = <Row extends { readonly id: number }>(
    rows: Row[],
    row: Omit<Row, 'id'> & { readonly id?: number },
  ): Row => {
    const saved = { ...row, id: row.id ?? rows.length + 1 } as Row;
    const at = rows.findIndex((other) => other.id === saved.id);
    if (at < 0) rows.push(saved);
    else rows[at] = saved;
    return saved;
  };
  const drop = (rows: { readonly id: number }[], id: number): void => {
    rows.splice(
      rows.findIndex((row) => row.id === id),
      1,
    );
  };
  const store: ApiServices['store'] = {
    archive: {
      list: async (query) => {
        const all = [...meters.values()].filter(
          (row) =>
            (query.search === undefined || row.meterNo.includes(query.search)) &&
            (query.channel === undefined || row.channel === query.channel) &&
            (query.enabled === undefined || row.enabled === query.enabled) &&
            (query.state === undefined || row.state === query.state),
        );
        const offset = query.offset ?? 0;
        return { rows: all.slice(offset, offset + (query.limit ?? 50)), total: all.length };
      },
      get: async (id) => meters.get(id),
      create: async (meter: NewMeter, given: MeterSecrets) => {
        if ([...meters.values()].some((row) => row.meterNo === meter.meterNo)) {
          throw new DcuError('conflict', `MeterNo ${meter.meterNo} is taken.`, { field: 'meterNo' });
        }
        const id = meters.size + 1;
        const row: MeterRow = {
          ...meter,
          id,
          state: 'unknown',
          hasPassword: given.password !== undefined,
          hasKeys: given.encryptionKey !== undefined,
          createdAt: 0,
        };
        meters.set(id, row);
        secrets.set(id, given);
        return row;
      },
      update: async (id, change, given = {}) => {
        const row = { ...byId(id), ...change };
        meters.set(id, row);
        secrets.set(id, { ...secrets.get(id), ...given });
        return row;
      },
      remove: async (id) => {
        byId(id);
        meters.delete(id);
      },
      replace: onRealStore,
      planImport: onRealStore,
      import: onRealStore,
    },
    configuration: {
      taskGroups: async () => groups,
      saveTaskGroup: async (group) => put(groups, group),
      removeTaskGroup: async (id) => {
        if (id === 1) throw new DcuError('protected', 'empty_task cannot be deleted.');
        drop(groups, id);
      },
      taskItems: async (task) => items.filter((item) => task === undefined || item.task === task),
      saveTaskItem: async (item) => put(items, item),
      removeTaskItem: async (id) => drop(items, id),
      channels: async () => channels,
      saveChannel: async (channel) => put(channels, channel),
      channelAttributes: async (owner) =>
        channelAttributes.filter((row) => owner === undefined || row.owner === owner),
      saveChannelAttribute: async (row) => put(channelAttributes, row),
      channelSecret: onRealStore,
      changeChannelAttributes: onRealStore,
      protocols: async () => [{ id: 1, name: 'dlms_down', direction: 'ToMeter', description: '' }],
      protocolAttributes: async (owner) =>
        protocolAttributes.filter((row) => owner === undefined || row.owner === owner),
      saveProtocolAttribute: async (row) => put(protocolAttributes, row),
      settings: async () =>
        [...settings].map(([key, value], i) => ({ id: i + 1, key, value, description: '' })),
      setting: async (key) => settings.get(key),
      saveSetting: async (key, value) => void settings.set(key, value),
      changeSettings: async (values) => {
        for (const [key, value] of Object.entries(values)) settings.set(key, value);
      },
    },
    readings: {
      profile: async (meterId, kind) => profiles.get(`${meterId} ${kind}`),
      events: async (meterId) => ({
        rows: [{ meterId: meterId ?? 1, log: 'fraud', time: 1000, code: 40, clockStatus: 0, extra: {} }],
        total: 1,
      }),
      registers: async (meterId) => [
        {
          meterId,
          classId: 3,
          obis: '1.0.1.8.0.255',
          attribute: 2,
          time: 1000,
          type: 'double-long-unsigned',
          value: '123456',
          scaler: 0,
          unit: 30,
        },
      ],
      coverage: async () => [{ fromMs: 0, toMs: 3_600_000 }],
      clock: async (meterId) => ({
        check: { meterId, time: 9_000, driftMs: 400, action: 'none' },
        corrections: [{ meterId, time: 5_000, driftMs: 4_200, action: 'shifted', leftMs: 200 }],
      }),
      attempts: async () => [],
      counts: async () => ({
        meters: meters.size,
        metersEnabled: meters.size,
        billing: 1,
        demand: 2,
        energy: 3,
        events: {
          fraud: 4,
          relay: 5,
          standard: 6,
          'power-failure': 7,
          'phase-interruption': 8,
          'power-quality': 9,
        },
      }),
      totals: async () => ({ profileRows: 5, billingRows: 1, eventRows: 39 }),
    },
    logbook: {
      record: async () => {},
      list: async () => ({ rows: [{ id: 1, time: 1, type: 'software-start', detail: '' }], total: 1 }),
      counts: async () => [{ type: 'software-start', count: 1 }],
    },
    audit: {
      record: async (entry) => void audit.push({ ...entry, id: audit.length + 1 }),
      list: async ({ offset, limit }) => ({ rows: audit.slice(offset, offset + limit), total: audit.length }),
    },
    balances: {
      transformers: async () => [],
      transformer: async () => undefined,
      intervals: async () => [],
      settlePlaces: async () => {},
      due: async () => [],
      places: async () => [],
      energyRows: async () => [],
      save: async () => {},
      done: async () => {},
    },
    outbox: {
      open: onRealStore,
      close: onRealStore,
      take: onRealStore,
      acknowledge: onRealStore,
      answer: onRealStore,
      clear: onRealStore,
      prune: onRealStore,
      state: async () => [
        { destination: 'mqtt', since: 1, waiting: 4, bytes: 400, oldest: 2, acknowledged: 9, dropped: 1 },
      ],
      rules: async () => outboxRules,
      saveRule: async (rule) => void outboxRules.push(rule),
      removeRule: onRealStore,
    },
    blacklist: { list: async () => [], add: onRealStore, remove: onRealStore },
    found: {
      list: async () => ({ rows: [], total: 0 }),
      get: async () => undefined,
      note: onRealStore,
      setState: onRealStore,
    },
    g3: { path: async () => undefined },
    networks: { nodes: async () => [], saveNodes: onRealStore },
    usage: async () => ({ bytes: 1_000_000, freeBytes: 500_000_000 }),
  };
  return { store, meters, secrets, profiles, blacklist: new Blacklist(), outboxRules, audit };
}
