import { command, list } from './changes.ts';
import { known, type ListColumn, listData, must, text, WrittenRow, whole } from './columns.ts';
import type { ManagementGroup } from './group.ts';
import type { BlacklistEntry } from './ports.ts';
import { integerOf, onlyRowOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const BLACKLIST = '0.128.96.9.0.255';
const TAKEN_OFF = '0.128.96.9.1.255';

const COLUMNS: readonly ListColumn<BlacklistEntry>[] = [
  whole('id', ({ id }) => id),
  text('address', ({ address }) => address),
  text('reason', ({ reason }) => reason),
  // Seconds from 1970, as UNIX time is told in DLMS.
  whole('since', ({ createdAt }) => Math.floor(createdAt / 1000)),
];

export const blacklistGroup: ManagementGroup = {
  objects: (at) => {
    const { blacklist } = at.sources.management;
    return [
      list(
        at,
        BLACKLIST,
        async () => listData(COLUMNS, await blacklist.list()),
        async (data) => {
          const row = new WrittenRow(COLUMNS, onlyRowOf(data));
          const address = must(row.text('address'), 'address');
          const reason = must(row.text('reason'), 'reason');
          await blacklist.add(address, reason);
          return { action: 'blacklist.add', subject: address, detail: reason };
        },
      ),
      command(at, TAKEN_OFF, async (data) => {
        const id = integerOf(data, 'id');
        const { address } = known(
          (await blacklist.list()).find((entry) => entry.id === id),
          'entry',
          id,
        );
        await blacklist.remove(id);
        return { action: 'blacklist.remove', subject: address, detail: '' };
      }),
    ];
  },
};
