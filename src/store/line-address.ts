import { hostAndPort, hostKey } from '../base/device-address.ts';
import { DcuError } from '../base/errors.ts';
import { IP_COMM_TYPES, MODULE_COMM_TYPE, type NewMeter, RS485_COMM_TYPES } from '../base/model.ts';
import type { Bindable, Database } from './database.ts';

/** What answers on a channel, and the field by which another one would be chosen. */
export interface LineAddress {
  readonly key: string;
  readonly field: string;
}

type Addressed = Pick<NewMeter, 'meterNo' | 'address'>;

/**
 * The address that only one meter of a channel can answer. Undefined where there is none: pushed data, mode E (whose sign-on goes by
 * MeterNo), a host that is not given. Behind one host and port there may be several meters, each with a server address of its own
 * (gateways).
 */
export function lineAddressOf({ meterNo, address }: Addressed, commType: number): LineAddress | undefined {
  const { framing, serverAddress, physicalAddress, host, port, transport = 'tcp', opening, node } = address;
  if (commType === MODULE_COMM_TYPE) {
    return { key: `node/${node ?? meterNo.padStart(12, '0')}`, field: 'address.node' };
  }
  const server = `${framing}/${serverAddress}/${physicalAddress ?? ''}`;
  if (RS485_COMM_TYPES.has(commType)) {
    if (opening === 'mode-e') return undefined;
    const field = physicalAddress === undefined ? 'address.serverAddress' : 'address.physicalAddress';
    return { key: server, field };
  }
  if (!IP_COMM_TYPES.has(commType) || host === undefined || port === undefined) return undefined;
  return { key: `${transport}/${hostAndPort(host, port)}/${server}`, field: 'address.host' };
}

interface Candidate {
  readonly id: number;
  readonly meter_no: string;
  readonly framing: 'hdlc' | 'wrapper';
  readonly server_address: number;
  readonly physical_address: number | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly transport: 'tcp' | 'udp' | null;
  readonly opening: 'direct' | 'mode-e' | null;
  readonly node: string | null;
}

/**
 * Those of a channel that hold their addresses and may have this one; which of them do is for `lineAddressOf` to say. A meter that
 * was replaced holds none while it is disabled.
 */
function candidates(db: Database, meter: NewMeter, commType: number): readonly Candidate[] {
  const { address, meterNo } = meter;
  let condition = 'server_address = ?';
  let values: readonly Bindable[] = [address.serverAddress];
  if (commType === MODULE_COMM_TYPE) {
    condition = `coalesce(node, substr('000000000000' || meter_no, -12)) = ?`;
    values = [address.node ?? meterNo.padStart(12, '0')];
  } else if (IP_COMM_TYPES.has(commType)) {
    // Hosts are kept in one spelling.
    condition = 'server_address = ? AND port IS ? AND host = ?';
    values = [address.serverAddress, address.port ?? null, hostKey(address.host ?? '')];
  }
  return db.all<Candidate>(
    `SELECT id, meter_no, framing, server_address, physical_address, host, port, transport, opening, node FROM meters
     WHERE channel = ? AND (enabled OR replaced_by IS NULL) AND ${condition}`,
    [meter.channel, ...values],
  );
}

const meterOf = (row: Candidate): Addressed => ({
  meterNo: row.meter_no,
  address: {
    framing: row.framing,
    clientAddress: 1,
    addressBytes: 1,
    serverAddress: row.server_address,
    ...(row.physical_address === null ? {} : { physicalAddress: row.physical_address }),
    ...(row.host === null ? {} : { host: row.host }),
    ...(row.port === null ? {} : { port: row.port }),
    ...(row.transport === null ? {} : { transport: row.transport }),
    ...(row.opening === null ? {} : { opening: row.opening }),
    ...(row.node === null ? {} : { node: row.node }),
  },
});

/** @throws DcuError `conflict` when another meter of the channel has the line address */
export function requireFreeAddress(
  db: Database,
  meter: NewMeter,
  commType: number,
  ownId: number | undefined,
): void {
  const own = lineAddressOf(meter, commType);
  if (own === undefined) return;
  for (const row of candidates(db, meter, commType)) {
    if (row.id !== ownId && lineAddressOf(meterOf(row), commType)?.key === own.key) {
      throw new DcuError('conflict', `${own.field} is that of meter ${row.meter_no} on the same channel`, {
        field: own.field,
      });
    }
  }
}
