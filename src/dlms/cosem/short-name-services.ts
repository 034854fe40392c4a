import { TAG } from '../apdu/tags.ts';
import type { LogicalDevice } from '../server-types.ts';
import type { Service, ServiceLimits } from './server-services.ts';
import { ShortNameReads } from './short-name-reads.ts';
import { ShortNameTable } from './short-name-table.ts';
import { ShortNameWrites, UnconfirmedShortNameWrites } from './short-name-writes.ts';

/** The services of an association that uses short names, by the tag of their requests. */
export function shortNameServices(
  limits: ServiceLimits,
  device: Pick<LogicalDevice, 'shortNames'>,
): ReadonlyMap<number, Service> {
  const names = new ShortNameTable(device.shortNames ?? []);
  return new Map<number, Service>([
    [TAG.readRequest, new ShortNameReads(limits, names)],
    [TAG.writeRequest, new ShortNameWrites(limits, names)],
    [TAG.unconfirmedWriteRequest, new UnconfirmedShortNameWrites(limits, names)],
  ]);
}
