import { u32 } from '../../dlms/values.ts';
import { command, list } from './changes.ts';
import { columnsOf, known, listData, must, rowData, TEXT, WHOLE } from './columns.ts';
import type { ManagementGroup } from './group.ts';
import type { BlacklistEntry } from './ports.ts';
import { integerOf, onlyRowOf } from './written.ts';

/** OpenDCU's own, in the range that is left to manufacturers (B = 128 to 199). */
const BLACKLIST = '0.128.96.9.0.255';
const TAKEN_OFF = '0.128.96.9.1.255';

const COLUMNS = columnsOf<BlacklistEntry>({
  id: WHOLE,
  address: TEXT,
  reason: TEXT,
  // Seconds from 1970, as UNIX time is told in DLMS.
  createdAt: { show: (ms) => u32(Math.floor(ms / 1000)), read: integerOf },
});

export const blacklistGroup: ManagementGroup = {
  objects: (at) => {
    const { blacklist } = at.sources.management;
    return [
      list(
        at,
        BLACKLIST,
        async () => listData(COLUMNS, await blacklist.list()),
        async (data) => {
          const row = rowData(COLUMNS, onlyRowOf(data));
          const address = must(row.address, 'address');
          const reason = must(row.reason, 'reason');
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
