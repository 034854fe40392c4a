import { array, structure, u32, utf8String } from '../../dlms/values.ts';
import { EVENT_LOGBOOK, LOGBOOK_COLUMNS, logbookTable, OWN_CLOCK } from '../logbook-table.ts';
import { NO_ROWS, tableProfile } from '../table-profile.ts';
import { list } from './changes.ts';
import { actorOf, isAbout, type ManagementGroup, type ManagementRequest } from './group.ts';
import { textOf } from './written.ts';

/** Event counter (Blue Book, 0.b.96.15): of all types together. */
const EVENT_COUNTER = '0.0.96.15.0.255';
/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const EVENT_FILTER = '0.128.96.11.1.255';
const EVENT_TYPES = '0.128.96.11.2.255';
const EVENT_COUNTERS = '0.128.96.15.0.255';
const MOST_ENTRIES = 5000;

/** The concentrator's own logbook, as a profile of time, type and detail; its filter; how many events there were. */
export const logbookGroup: ManagementGroup = {
  objects: async (at) => {
    const { logbook } = at.sources.management;
    const asked = at.request.type === 'get' && isAbout(at, EVENT_LOGBOOK);
    const entries = asked ? await logbook.entries(MOST_ENTRIES, await logbook.filter()) : [];
    const profile = tableProfile({
      obis: EVENT_LOGBOOK,
      clockObis: OWN_CLOCK,
      table:
        entries.length === 0
          ? { ...NO_ROWS, columns: LOGBOOK_COLUMNS }
          : logbookTable([...entries].reverse()),
      times: at.times,
      onEvents: true,
    });
    const names = (types: readonly string[]) => array(types.map(utf8String));
    const counted = async () => (await logbook.counts()).reduce((sum, { count }) => sum + count, 0);
    return [
      { ...profile, methods: { ...profile.methods, 1: clearing(at) } },
      list(at, EVENT_COUNTER, async () => u32(await counted())),
      list(at, EVENT_COUNTERS, async () =>
        array((await logbook.counts()).map(({ type, count }) => structure(utf8String(type), u32(count)))),
      ),
      list(at, EVENT_TYPES, async () =>
        array(
          Object.entries(logbook.types()).map(([type, title]) =>
            structure(utf8String(type), utf8String(title)),
          ),
        ),
      ),
      list(
        at,
        EVENT_FILTER,
        async () => names(await logbook.filter()),
        async (data) => {
          const rows = data.type === 'array' || data.type === 'compact-array' ? data.elements : [data];
          const types = rows.map((row) => textOf(row, 'type'));
          await logbook.setFilter(types);
          return { action: 'setting.update', subject: 'hes.events', detail: `value=${types.join(',')}` };
        },
      ),
    ];
  },
};

/** What happened stays: nobody takes it out of the logbook, and who tries is in it. */
function clearing(at: ManagementRequest) {
  return at.later.method(async () => {
    await at.sources.management.logbook.clearRefused(actorOf(at));
    return 'read-write-denied';
  });
}
